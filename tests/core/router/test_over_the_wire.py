"""Routing as the outside sees it: a running hub, its API, its sockets."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.harness import RunningHub, Screen, eventually

pytestmark = pytest.mark.servers

CONFIG = """
connectors:
  website: {kind: webchat}
teams:
  support: {members: [mari@example.com, jaan@example.com]}
  sales: {members: [liis@example.com], overflow: support}
routing:
  - {name: prices, when: {connector: website, words: [price]}, team: sales, priority: high}
  - {name: arabic, when: {language: ar}, skills: [arabic], team: support, labels: [arabic]}
  - {name: offers, when: {page: "*/offers"}, team: support}
  - {name: rest, team: support}
assignment: {offline_grace: 1s, accept_within: 60s, order: [waiting]}
agents:
  mari@example.com: {skills: [arabic], languages: [en, ar], capacity: 2}
"""


class Office:
    """A hub with three agents who are not here yet."""

    def __init__(self, hub: RunningHub) -> None:
        self.hub = hub
        self.tokens: dict[str, str] = {}
        self._numbers = itertools.count(1)
        for name in ("Mari", "Jaan", "Liis"):
            email = f"{name.lower()}@example.com"
            role = "admin" if name == "Liis" else "agent"
            hub.hires(email, name, role)
            self.tokens[name] = hub.makes_token(name, email)
        hub.post("/config/reload", status=200)

    def comes(self, name: str) -> Screen:
        return self.hub.agent(self.tokens[name])

    def id_of(self, name: str) -> str:
        return str(next(one["id"] for one in self.agents() if one["name"] == name))

    def agents(self) -> list[dict[str, Any]]:
        return list(self.hub.get("/agents")["items"])

    def writes(self, visitor: Screen, text: str = "Hello") -> str:
        said = visitor.says(text, f"c-{next(self._numbers)}")
        return str(said["message"]["conversation_id"])

    def routing(self, conversation: str) -> dict[str, Any]:
        found: dict[str, Any] = self.hub.get(f"/conversations/{conversation}/routing")
        return found

    def assignee(self, conversation: str) -> str | None:
        found = self.hub.get(f"/conversations/{conversation}")["assignee"]
        return None if found is None else str(found["name"])

    def changes(self, name: str, conversation: str, **changes: Any) -> None:
        """A change that this agent makes."""
        headers = {"Authorization": f"Bearer {self.tokens[name]}"}
        path = f"/conversations/{conversation}"
        answer = self.hub.request("PATCH", path, json=changes, headers=headers)
        assert answer.status_code == 200, answer.text

    def resolves_everything(self) -> None:
        for one in self.hub.conversations(limit=100):
            if one["status"] != "resolved":
                self.hub.patch(f"/conversations/{one['id']}", {"status": "resolved"})


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with RunningHub(tmp_path_factory.mktemp("office"), CONFIG) as hub:
        yield Office(hub)


@pytest.fixture
def office(running: Office) -> Iterator[Office]:
    yield running
    running.resolves_everything()
    # Who has left counts for a moment more, and the next test finds nobody here.
    eventually(lambda: all(one["presence"] == "offline" for one in running.agents()))


def test_why_has_exactly_the_fields_that_were_promised(office: Office) -> None:
    with office.hub.visitor() as visitor:
        thread = office.writes(visitor, "What is the price?")
        found = eventually(lambda: office.routing(thread)["rule"] and office.routing(thread))
        assert set(found) == {
            "rule",
            "team",
            "skills",
            "priority",
            "candidates",
            "decided_at",
            "queue",
            "attempts",
        }
        assert (found["rule"], found["team"], found["priority"]) == ("prices", "sales", "high")
        assert (found["queue"]["position"], found["attempts"]) == (1, 0)
        reasons = {
            one["agent"]["name"]: [reason["code"] for reason in one["reasons"]]
            for one in found["candidates"]
        }
        assert reasons == {"Liis": ["offline"], "Mari": ["not_member"], "Jaan": ["not_member"]}
        with office.comes("Liis"):
            eventually(lambda: office.assignee(thread) == "Liis")
            found = office.routing(thread)
            assert found["queue"] is None
            assert [one["agent"]["name"] for one in found["candidates"] if one["chosen"]] == [
                "Liis"
            ]


def test_a_page_is_told_its_place_and_who_answers(office: Office) -> None:
    with office.hub.visitor() as first, office.hub.visitor() as second:
        office.writes(first)
        first.wait_for("queue", lambda e: e["position"] == 1)
        office.writes(second)
        told = second.wait_for("queue", lambda e: e["position"] == 2)
        assert set(told) == {"position", "wait_seconds"}
        again = office.hub.visitor(session=second.session["session"])
        assert again.session["queue"]["position"] == 2
        again.close()
        with office.comes("Jaan"):
            for page in (first, second):
                page.wait_for(
                    "conversation.updated",
                    lambda e: (e["conversation"]["assignee"] or {}).get("name") == "Jaan",
                )


def test_a_page_is_shown_its_place_in_the_order_of_the_file(office: Office) -> None:
    """Here whoever came first is first, however urgent the next one is."""
    with office.hub.visitor() as first, office.hub.visitor() as second:
        office.writes(first)
        first.wait_for("queue", lambda e: e["position"] == 1)
        urgent = office.writes(second)
        second.wait_for("queue", lambda e: e["position"] == 2)
        office.hub.patch(f"/conversations/{urgent}", {"priority": "urgent"})
        with office.hub.visitor(session=first.session["session"]) as again:
            assert again.session["queue"]["position"] == 1


def test_a_page_may_say_where_it_is_by_its_address_alone(office: Office) -> None:
    page = "https://shop.example/offers"
    with office.hub.visitor(page=page) as visitor:
        thread = office.writes(visitor)
        eventually(lambda: office.routing(thread)["rule"] == "offers")


def test_an_agent_who_takes_back_a_released_conversation_has_taken_it(office: Office) -> None:
    with office.hub.visitor() as visitor, office.comes("Jaan") as jaan:
        thread = office.writes(visitor)
        eventually(lambda: office.assignee(thread) == "Jaan")

        def why() -> list[tuple[str, str]]:
            return [
                (one["agent"]["name"], one["reasons"][0]["code"])
                for one in office.routing(thread)["candidates"]
                if one["chosen"]
            ]

        assert why() == [("Jaan", "least_loaded")]
        office.changes("Jaan", thread, assignee_id=None)
        office.changes("Jaan", thread, assignee_id=office.id_of("Jaan"))
        assert why() == [("Jaan", "taken")]
        office.changes("Jaan", thread, assignee_id=None)
        said = jaan.ask(
            "message.send", conversation_id=thread, text="I am here.", client_id=uuid.uuid4().hex
        )
        assert said["ok"]
        assert why() == [("Jaan", "answered")]
        office.changes("Liis", thread, assignee_id=None)
        office.changes("Liis", thread, assignee_id=office.id_of("Jaan"))
        assert why() == [("Jaan", "by_hand")]


def test_a_conversation_reopened_by_its_agent_is_theirs(office: Office) -> None:
    with office.hub.visitor() as visitor, office.comes("Jaan") as jaan:
        thread = office.writes(visitor)
        eventually(lambda: office.assignee(thread) == "Jaan")
        jaan.ask("conversation.view", conversation_id=thread)
        office.changes("Jaan", thread, status="resolved")
        wrote = {"conversation_id": thread, "text": "One more thing.", "client_id": "one-more"}
        assert jaan.ask("message.send", **wrote)["ok"]
        # The first decision is what is known of it until the router has looked again.

        def why() -> list[str]:
            candidates = office.routing(thread)["candidates"]
            return [one["reasons"][0]["code"] for one in candidates if one["chosen"]]

        eventually(lambda: why() == ["same_agent"])


def test_looking_accepts_and_so_does_answering(office: Office) -> None:
    with office.hub.visitor() as visitor, office.comes("Jaan") as jaan:
        thread = office.writes(visitor)
        eventually(lambda: office.assignee(thread) == "Jaan")
        assert jaan.ask("conversation.view", conversation_id=thread)["ok"]
        headers = {"Authorization": f"Bearer {office.tokens['Jaan']}"}
        path = f"/conversations/{thread}/accept"
        assert office.hub.request("POST", path, headers=headers).status_code == 200
        headers = {"Authorization": f"Bearer {office.tokens['Liis']}"}
        assert office.hub.request("POST", path, headers=headers).status_code == 409


def test_an_agent_who_types_has_accepted(office: Office) -> None:
    with office.hub.visitor() as visitor, office.comes("Jaan") as jaan:
        thread = office.writes(visitor)
        eventually(lambda: office.assignee(thread) == "Jaan")
        assigned_at = office.hub.get(f"/conversations/{thread}")["updated_at"]
        assert jaan.ask("typing", conversation_id=thread, on=True)["ok"]
        jaan.wait_for(
            "conversation.updated",
            lambda e: (
                e["conversation"]["id"] == thread and e["conversation"]["updated_at"] > assigned_at
            ),
        )


def test_an_agent_on_a_phone_is_online_and_a_lost_connection_counts_for_a_moment(
    office: Office,
) -> None:
    with office.hub.visitor() as visitor:
        phone = office.comes("Jaan")
        phone.close()
        thread = office.writes(visitor)
        eventually(lambda: office.assignee(thread) == "Jaan")
        # And when it stays lost, what nobody answered goes back.
        eventually(lambda: office.assignee(thread) is None)
        with office.comes("Mari"):
            eventually(lambda: office.assignee(thread) == "Mari")


def test_a_released_conversation_is_not_assigned_to_the_same_agent(office: Office) -> None:
    with office.hub.visitor() as visitor, office.comes("Jaan") as jaan:
        thread = office.writes(visitor)
        eventually(lambda: office.assignee(thread) == "Jaan")
        headers = {"Authorization": f"Bearer {office.tokens['Jaan']}"}
        released = office.hub.request(
            "PATCH", f"/conversations/{thread}", json={"assignee_id": None}, headers=headers
        )
        assert released.json()["assignee"] is None
        jaan.ask("presence.set", presence="online")
        found = office.routing(thread)
        assert found["queue"]["position"] == 1
        by_name = {one["agent"]["name"]: one["reasons"][0]["code"] for one in found["candidates"]}
        assert by_name["Jaan"] == "let_go"
        assert office.assignee(thread) is None


def test_the_language_decides_about_the_skill(office: Office) -> None:
    with office.hub.visitor() as visitor, office.comes("Jaan"), office.comes("Mari"):
        thread = office.writes(visitor, "أين طلبي؟ كان يجب أن يصل أمس.")
        eventually(lambda: office.assignee(thread) == "Mari")
        assert office.hub.get(f"/conversations/{thread}")["labels"] == ["arabic"]


def test_what_the_file_decides_an_admin_does_not_change(office: Office) -> None:
    mari, jaan = office.id_of("Mari"), office.id_of("Jaan")
    refused = office.hub.request("PUT", f"/agents/{mari}", json={"skills": ["polish"]})
    assert refused.status_code == 409
    assert "configuration file" in refused.json()["detail"]
    assert office.hub.request("PUT", f"/agents/{jaan}", json={"teams": []}).status_code == 409
    word = uuid.uuid4().hex[:8]
    changed = office.hub.request(
        "PUT", f"/agents/{jaan}", json={"skills": [word], "languages": ["ET"], "capacity": 3}
    )
    assert changed.status_code == 200, changed.text
    found = next(one for one in office.agents() if one["name"] == "Jaan")
    assert (found["skills"], found["languages"], found["capacity"]) == ([word], ["et"], 3)
    assert found["teams"] == ["support"]
    assert found["decided_by_file"] == ["teams"]
    kept = office.hub.request("PUT", f"/agents/{mari}", json={"capacity": 2, "name": "Mari M."})
    assert (kept.json()["name"], kept.json()["skills"]) == ("Mari M.", ["arabic"])
    office.hub.request("PUT", f"/agents/{mari}", json={"name": "Mari"})
    back = {"skills": [], "languages": [], "capacity": None}
    assert office.hub.request("PUT", f"/agents/{jaan}", json=back).json()["capacity"] == 8


def test_only_admins_change_agents_and_one_of_them_stays(office: Office) -> None:
    liis = office.id_of("Liis")
    headers = {"Authorization": f"Bearer {office.tokens['Jaan']}"}
    change = {"role": "admin"}
    assert (
        office.hub.request("PUT", f"/agents/{liis}", json=change, headers=headers).status_code
        == 403
    )
    assert office.hub.request("PUT", f"/agents/{liis}", json={"role": "agent"}).status_code == 409
    assert office.hub.request("PUT", "/agents/4711", json={}).status_code == 404
    assert office.hub.request("PUT", f"/agents/{liis}", json={"name": None}).status_code == 422
