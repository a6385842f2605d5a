"""Views: who sees them, who may change them, and what is wrong with one."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert

from hub.accounts.principal import Principal
from hub.conversations import saved_views
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.schema import resources
from hub.store.models import team_members, teams
from tests.core.desk import Desk


def person(desk: Desk, name: str, role: Any = "agent") -> Principal:
    hired = desk.hires(name)
    agent = resources.Agent(
        id=hired.id or 0, name=name, email="", role=role, presence="online", avatar_url=""
    )
    return Principal(name, role, agent)


def team(desk: Desk, *members: Principal) -> int:
    def add(tx: Any) -> int:
        team_id = tx.execute(
            insert(teams).values(name="Shop", created_at=tx.now).returning(teams.c.id)
        ).scalar_one()
        for member in members:
            tx.execute(insert(team_members).values(team_id=team_id, agent_id=member.agent_id))
        return int(team_id)

    return desk.store.write(add)


def saves(desk: Desk, by: Principal, name: str, scope: str = "own", **more: Any) -> int:
    values = {"name": name, "scope": scope, "filter": {"status": "open"}, "sort": "sla", **more}
    return desk.store.write(lambda tx: saved_views.add_view(tx, values, by))


def seen(desk: Desk, by: Principal) -> list[str]:
    with desk.store.read() as connection:
        return [row.name for row in saved_views.list_views(connection, by)]


def test_a_view_is_seen_by_its_owner_its_team_or_all(desk: Desk) -> None:
    ann, bob, eve = person(desk, "Ann"), person(desk, "Bob"), person(desk, "Eve")
    admin, program = person(desk, "Root", "admin"), Principal("CRM", "admin")
    shop = team(desk, bob)
    saves(desk, ann, "mine")
    saves(desk, ann, "the shop's", "team", team_id=shop)
    saves(desk, ann, "everybody's", "all")
    assert seen(desk, ann) == ["everybody's", "mine", "the shop's"]
    assert seen(desk, bob) == ["everybody's", "the shop's"]
    assert seen(desk, eve) == ["everybody's"]
    assert seen(desk, admin) == ["everybody's", "the shop's"]
    assert seen(desk, program) == ["everybody's", "the shop's"]


def test_a_view_is_changed_by_its_owner_and_a_shared_one_by_admins(desk: Desk) -> None:
    ann, bob, admin = person(desk, "Ann"), person(desk, "Bob"), person(desk, "Root", "admin")
    own, shared = saves(desk, ann, "mine"), saves(desk, ann, "everybody's", "all")

    def renames(view_id: int, by: Principal) -> None:
        change = {"name": f"of {by.name}"}
        desk.store.write(lambda tx: saved_views.change_view(tx, view_id, change, by))

    renames(own, ann)
    renames(shared, admin)
    with pytest.raises(NotFound):
        renames(own, bob)
    with pytest.raises(NotFound):
        renames(own, admin)
    with pytest.raises(Forbidden):
        renames(shared, bob)
    with pytest.raises(Forbidden):
        desk.store.write(lambda tx: saved_views.delete_view(tx, shared, bob))
    assert seen(desk, ann) == ["of Ann", "of Root"]
    desk.store.write(lambda tx: saved_views.delete_view(tx, shared, admin))
    assert seen(desk, ann) == ["of Ann"]


def test_what_is_wrong_with_a_view_is_named(desk: Desk) -> None:
    ann, program = person(desk, "Ann"), Principal("CRM", "admin")
    for by, values, field in (
        (ann, {"name": "  "}, "name"),
        (ann, {"name": "x" * 81}, "name"),
        (ann, {"name": "x", "scope": "team"}, "team"),
        (ann, {"name": "x", "scope": "team", "team_id": 4711}, "team"),
        (program, {"name": "x"}, "scope"),
    ):
        with pytest.raises(Invalid) as refused:
            saves(desk, by, **values)
        assert refused.value.field == field, values


def test_an_agent_has_a_bounded_number_of_views(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved_views, "MOST_VIEWS", 2)
    ann = person(desk, "Ann")
    for name in ("one", "two"):
        saves(desk, ann, name)
    with pytest.raises(Conflict):
        saves(desk, ann, "three")
