"""What an admin looks at while the hub works."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import RunningHub, eventually

pytestmark = pytest.mark.servers

FILE = """\
connectors: {website: {kind: webchat}}
hours: {never: {holidays: []}}
teams:
  support: {members: [ann@example.com]}
  night: {members: [ann@example.com, bob@example.com], hours: never}
agents:
  ann@example.com: {skills: [returns], languages: [en], capacity: 3}
routing: [{team: support}]
assignment: {strategy: manual}
"""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[RunningHub]:
    hub = RunningHub(tmp_path, FILE)
    for name in ("ann", "bob"):
        hub.hires(f"{name}@example.com", name.title())
    with hub:
        yield hub


def token_of(hub: RunningHub, name: str) -> str:
    return hub.makes_token(name, f"{name}@example.com")


def test_it_shows_teams_agents_and_who_waits(hub: RunningHub) -> None:
    with hub.agent(token_of(hub, "ann")), hub.visitor() as visitor:
        assert visitor.says("Is anybody there?", "1")["ok"]
        found = eventually(
            lambda: (
                (now := hub.get("/overview"))
                and now["teams"][1]["waiting"] == 1
                and now["agents"][0]["agent"]["presence"] == "online"
                and now
            )
        )
    teams = {one["name"]: one for one in found["teams"]}
    assert list(teams) == ["night", "support", ""]
    assert (teams["support"]["members"], teams["support"]["online"]) == (1, 1)
    assert teams["support"]["waiting_since"] is not None
    assert (teams["night"]["is_open"], teams["night"]["opens_at"]) == (False, None)
    assert (teams["night"]["members"], teams["night"]["waiting"]) == (2, 0)
    ann, bob = found["agents"]
    assert (ann["teams"], ann["skills"]) == (["night", "support"], ["returns"])
    assert (ann["capacity"], ann["load"], ann["people"]) == (3, 0, 0)
    assert (bob["capacity"], bob["agent"]["presence"]) == (8, "offline")


def test_what_an_agent_takes_shows_as_their_load(hub: RunningHub) -> None:
    with hub.visitor() as visitor:
        said = visitor.says("Is anybody there?", "1")["message"]
        ann = next(one for one in hub.get("/agents")["items"] if one["name"] == "Ann")
        hub.patch(f"/conversations/{said['conversation_id']}", {"assignee_id": ann["id"]})
        found = hub.get("/overview")
    assert (found["agents"][0]["load"], found["agents"][0]["people"]) == (1, 1)
    assert [one["waiting"] for one in found["teams"]] == [0, 0, 0]


def test_it_is_for_admins(hub: RunningHub) -> None:
    headers = {"Authorization": f"Bearer {token_of(hub, 'bob')}"}
    assert hub.request("GET", "/overview", headers=headers).status_code == 403
