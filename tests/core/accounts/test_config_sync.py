"""Teams and agents of the file, as they come into the tables: what it says wins."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, select

from hub.accounts import config_sync
from hub.config import Config
from hub.router.engine import Assigner
from hub.store.models import agents, team_members, teams
from tests.core.desk import Desk
from tests.core.router.office import Office


@pytest.fixture
def office(desk: Desk) -> Office:
    return Office(desk)


def members(office: Office) -> dict[str, set[str]]:
    with office.store.read() as connection:
        found: dict[str, set[str]] = {
            name: set() for name in connection.execute(select(teams.c.name)).scalars()
        }
        for row in connection.execute(
            select(teams.c.name, agents.c.name.label("agent"))
            .join(team_members, team_members.c.team_id == teams.c.id)
            .join(agents, agents.c.id == team_members.c.agent_id)
        ):
            found[row.name].add(row.agent)
    return found


def agent(office: Office, agent_id: int) -> Any:
    with office.store.read() as connection:
        return connection.execute(select(agents).where(agents.c.id == agent_id)).one()


def test_the_file_makes_teams_and_says_who_is_in_them(office: Office) -> None:
    for name in ("Mari", "Jaan"):
        office.hires(name)
    office.configures(
        teams={"support": {"members": ["mari@example.org"]}, "sales": {}},
        agents={"jaan@example.org": {"teams": ["sales"]}},
    )
    assert members(office) == {"support": {"Mari"}, "sales": {"Jaan"}}
    office.configures(teams={"support": {"members": ["jaan@example.org"]}})
    assert members(office) == {"support": {"Jaan"}, "sales": set()}


def test_what_the_file_says_of_an_agent_wins_and_the_rest_stays(office: Office) -> None:
    mari = office.hires("Mari", skills=["polish"], capacity=3.0)
    office.configures(agents={"mari@example.org": {"skills": ["arabic"], "role": "admin"}})
    found = agent(office, mari)
    assert (found.skills, found.role, found.capacity) == (["arabic"], "admin", 3.0)
    config = office.config
    assert config_sync.fields_decided_by_file(config, "mari@example.org") == {"skills", "role"}
    assert config_sync.fields_decided_by_file(config, "jaan@example.org") == frozenset()


def test_teams_that_were_given_by_hand_stay_where_the_file_names_none(office: Office) -> None:
    mari = office.hires("Mari")
    office.configures(teams={"support": {}})
    with office.store.read() as connection:
        support = connection.execute(select(teams.c.id)).scalar_one()
    office.store.write(
        lambda tx: tx.execute(team_members.insert().values(team_id=support, agent_id=mari)).rowcount
    )
    office.configures(teams={"support": {}})
    assert members(office) == {"support": {"Mari"}}


def test_applying_it_again_changes_and_tells_nothing(office: Office) -> None:
    office.hires("Mari")
    sections = {
        "teams": {"support": {"members": ["mari@example.org"]}},
        "agents": {"mari@example.org": {"languages": ["en"], "capacity": 2}},
    }
    office.configures(**sections)
    before = len(office.desk.events)
    office.configures(**sections)
    assert len(office.desk.events) == before
    assert members(office) == {"support": {"Mari"}}


def test_an_account_that_is_made_later_is_as_the_file_has_it(office: Office) -> None:
    config = Config.model_validate({"agents": {"mari@example.org": {"skills": ["arabic"]}}})
    assigner = Assigner(office.store, lambda: config)
    assigner.assign_waiting()
    found = office.desk.hires("Mari").id
    assert found is not None
    assigner.assign_waiting()
    assert agent(office, found).skills == ["arabic"]


def test_the_first_account_of_all_is_as_the_file_has_it(office: Office) -> None:
    office.store.write(lambda tx: tx.execute(delete(agents)))
    config = Config.model_validate({"teams": {"support": {"members": ["mari@example.org"]}}})
    assigner = Assigner(office.store, lambda: config)
    assigner.assign_waiting()
    office.desk.hires("Mari")
    assigner.assign_waiting()
    assert members(office) == {"support": {"Mari"}}
