"""The agents' namespace: who gets in, what they hear, what they are answered."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
import socketio

from hub.accounts import agents, presence
from hub.accounts.presence import AgentPresence
from hub.store.engine import Store
from hub.store.migrate import migrate
from tests.api.conftest import Browser
from tests.harness import RunningHub, Screen, eventually

pytestmark = pytest.mark.servers


def words(what: str) -> str:
    """A text that no other test writes."""
    return f"{what} {uuid.uuid4().hex[:8]}"


def started(hub: RunningHub, text: str) -> str:
    with hub.visitor() as visitor:
        return str(visitor.says(text, "c-1")["message"]["conversation_id"])


@pytest.mark.parametrize("auth", [{}, {"token": "nonsense"}, {"token": 5}, {"token": ""}])
def test_a_socket_of_nobody_is_refused(hub: RunningHub, auth: dict[str, object]) -> None:
    with pytest.raises(socketio.exceptions.ConnectionError):
        Screen(hub.url, "/agent", auth)


def test_a_signed_in_browser_needs_no_token(hub: RunningHub, ann: Browser) -> None:
    ann.signs_in()
    cookie = {"Cookie": f"hub_session={ann.jar.cookies['hub_session']}"}
    with Screen(hub.url, "/agent", {}, headers={**cookie, "Origin": hub.url}) as screen:
        assert screen.ask("typing", conversation_id=started(hub, words("hi")), on=True)["ok"]


def test_another_sites_page_cannot_use_the_cookie(hub: RunningHub, ann: Browser) -> None:
    """Not even a site whose visitors may chat, and open sockets of their own for that."""
    ann.signs_in()
    cookie = {"Cookie": f"hub_session={ann.jar.cookies['hub_session']}"}
    for origin in ("https://other.example", "https://evil.example", "null"):
        with pytest.raises(socketio.exceptions.ConnectionError):
            Screen(hub.url, "/agent", {}, headers={**cookie, "Origin": origin})


def test_an_agent_hears_what_customers_say_and_what_colleagues_do(hub: RunningHub) -> None:
    text = words("hello")
    with hub.agent() as screen, hub.agent() as colleague:
        conversation_id = started(hub, text)
        created = screen.wait_for("message.created", lambda e: e["message"]["text"] == text)
        assert set(created) == {"message", "conversation"}
        assert created["conversation"]["id"] == conversation_id
        new = screen.wait_for(
            "conversation.created", lambda e: e["conversation"]["id"] == conversation_id
        )
        assert set(new) == {"conversation"}
        hub.patch(f"/conversations/{conversation_id}", {"labels": ["urgent-one"]})
        for each in (screen, colleague):
            each.wait_for(
                "conversation.updated",
                lambda e: (
                    e["conversation"]["id"] == conversation_id
                    and e["conversation"]["labels"] == ["urgent-one"]
                ),
            )
        contact_id = created["message"]["contact_id"]
        hub.patch(f"/contacts/{contact_id}", {"name": "Zoe"})
        screen.wait_for(
            "contact.updated",
            lambda e: e["contact"]["id"] == contact_id and e["contact"]["name"] == "Zoe",
        )


def test_a_merge_and_its_undoing_are_told(hub: RunningHub) -> None:
    with hub.agent() as screen:
        one = hub.get(f"/conversations/{started(hub, words('one'))}")["contact"]["id"]
        two = hub.get(f"/conversations/{started(hub, words('two'))}")["contact"]["id"]
        link = hub.post(f"/contacts/{one}/links", {"contact_id": two})
        told = screen.wait_for("contact.linked", lambda e: e["link"]["id"] == link["id"])
        assert set(told["contact_ids"]) == {one, two}
        assert hub.request("DELETE", f"/links/{link['id']}").status_code == 200
        screen.wait_for("contact.unlinked", lambda e: e["link"]["id"] == link["id"])


def test_what_an_agent_sends_is_acknowledged_and_comes_back_as_an_event(hub: RunningHub) -> None:
    conversation_id = started(hub, words("hi"))
    text, key = words("reply"), uuid.uuid4().hex
    with hub.agent() as screen:
        said = {"text": text, "client_id": key, "conversation_id": conversation_id}
        first = screen.ask("message.send", **said)
        again = screen.ask("message.send", **said)
        assert first["ok"] and again["ok"]
        assert first["message"]["id"] == again["message"]["id"]
        screen.wait_for("message.created", lambda e: e["message"]["id"] == first["message"]["id"])
        heard = [d for n, d in screen.heard if n == "message.created"]
        assert sum(one["message"]["text"] == text for one in heard) == 1


@pytest.mark.parametrize(
    ("event", "data", "code"),
    [
        ("message.send", {"text": "x", "client_id": "k"}, "invalid"),
        ("message.send", {"text": "x", "client_id": "k", "conversation_id": "999999"}, "not_found"),
        ("message.send", {"text": "", "client_id": "k", "conversation_id": "1"}, "invalid"),
        ("message.send", {"text": "x", "client_id": "k", "conversation_id": "1; --"}, "invalid"),
        ("message.send", {"text": "x", "client_id": "k", "conversation_id": 1}, "invalid"),
        ("typing", {"conversation_id": "999999", "on": True}, "not_found"),
        ("typing", {"conversation_id": "999999", "on": True, "of": 1}, "invalid"),
        ("read", {"conversation_id": "999999", "message_id": "1"}, "not_found"),
        ("read", {"conversation_id": "1", "message_id": "9" * 40}, "invalid"),
        ("sync", {"after": "first"}, "invalid"),
        ("presence.set", {"presence": "asleep"}, "invalid"),
        ("presence.set", {"presence": "away"}, "conflict"),
        ("conversation.view", {"conversation_id": {}}, "invalid"),
    ],
)
def test_what_cannot_be_done_is_acknowledged_with_a_code_and_a_sentence(
    hub: RunningHub, event: str, data: dict[str, object], code: str
) -> None:
    with hub.agent() as screen:
        answer = screen.ask(event, **data)
        assert answer["ok"] is False
        assert answer["code"] == code
        assert answer["message"]


@pytest.mark.parametrize("data", [None, "text", 5, [], [1], True, {"attachments": ["x"]}])
def test_no_payload_breaks_the_socket(hub: RunningHub, data: object) -> None:
    with hub.agent() as screen:
        for event in ("message.send", "typing", "read", "sync", "presence.set"):
            answer = screen.client.call(event, data, namespace="/agent", timeout=10)
            assert answer["ok"] is (event == "sync" and data is None), (event, answer)
            assert answer["ok"] or answer["code"] == "invalid"


def test_after_a_reconnect_sync_leaves_no_gap_and_no_double(hub: RunningHub) -> None:
    conversation_id = started(hub, words("before"))
    seen = hub.messages(conversation_id)[-1]["id"]
    missed = [hub.reply(conversation_id, words(f"missed {n}"))["id"] for n in range(5)]
    with hub.agent() as screen:
        answer = screen.ask("sync", after=seen, conversation_id=conversation_id)
        assert answer["ok"] and answer["more"] is False
        got = [one["id"] for one in answer["messages"] if one["type"] == "message"]
        assert got == missed
        everywhere = screen.ask("sync", after=seen)
        assert [
            one["id"]
            for one in everywhere["messages"]
            if one["conversation_id"] == conversation_id and one["type"] == "message"
        ] == missed
        assert screen.ask("sync", after=everywhere["messages"][-1]["id"])["messages"] == []


def test_sync_comes_in_pages_oldest_first(hub: RunningHub) -> None:
    with hub.visitor() as visitor:
        conversation_id = visitor.says("0", "k-0")["message"]["conversation_id"]
        for number in range(1, 205):
            assert visitor.says(str(number), f"k-{number}")["ok"]
    with hub.agent() as screen:
        after, texts = "0", []
        while True:
            page = screen.ask("sync", after=after, conversation_id=conversation_id)
            texts += [one["text"] for one in page["messages"] if one["type"] == "message"]
            after = page["messages"][-1]["id"]
            if not page["more"]:
                break
    assert texts == [str(number) for number in range(205)]


def test_typing_goes_both_ways(hub: RunningHub) -> None:
    with hub.visitor() as visitor, hub.agent() as agent:
        conversation_id = visitor.says(words("hi"), "c-1")["message"]["conversation_id"]
        assert visitor.ask("typing", on=True)["ok"]
        seen = agent.wait_for("typing", lambda e: e["conversation_id"] == conversation_id)
        assert set(seen) == {"conversation_id", "author", "on"}
        assert (seen["author"]["type"], seen["on"]) == ("contact", True)
        assert agent.ask("typing", conversation_id=conversation_id, on=True)["ok"]
        shown = visitor.wait_for("typing", lambda e: e["author"]["type"] == "agent")
        assert (shown["author"]["name"], shown["on"]) == ("Tests", True)


def test_colleagues_see_who_has_a_conversation_open(hub: RunningHub, ann_token: str) -> None:
    conversation_id = started(hub, words("hi"))
    with hub.agent(ann_token) as own, hub.agent() as colleague:
        assert own.ask("conversation.view", conversation_id=conversation_id)["ok"]
        seen = colleague.wait_for(
            "conversation.viewed", lambda e: e["conversation_id"] == conversation_id
        )
        assert seen["agent"]["name"] == "Ann"


def test_an_agent_is_online_while_a_screen_is_open(hub: RunningHub, ann_token: str) -> None:
    with hub.agent() as colleague, hub.agent(ann_token) as own:
        here = colleague.wait_for("presence", lambda e: e["agent"]["name"] == "Ann")
        assert here["presence"] == "online"
        assert own.ask("presence.set", presence="away")["ok"]
        colleague.wait_for("presence", lambda e: e["presence"] == "away")
        as_ann = {"Authorization": f"Bearer {ann_token}"}
        back = hub.request("PATCH", "/agents/me", json={"presence": "online"}, headers=as_ann)
        assert back.json()["presence"] == "online"
        listed = {one["name"]: one["presence"] for one in hub.get("/agents")["items"]}
        assert listed["Ann"] == "online"


def test_an_agent_who_comes_back_in_time_never_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "GRACE_SECONDS", 0.3)
    store = Store(f"sqlite:///{tmp_path}/hub.db")
    migrate(store)
    told: list[str] = []
    store.subscribe(lambda events: told.extend(event.payload.presence for event in events))
    agent_id = store.write(
        lambda tx: agents.add_agent(tx, "a@example.com", "A", "agent", "a long password")
    )
    book = AgentPresence(store, "this process")
    book.connected(agent_id, "first")
    book.disconnected(agent_id, "first")
    book.connected(agent_id, "second")
    book.disconnected(agent_id, "second")
    eventually(lambda: told[-1] == "offline", 5)
    book.stop()
    store.close()
    assert "offline" not in told[:-1]


def test_half_an_emoji_is_no_reason_to_lose_what_was_said_with_it(hub: RunningHub) -> None:
    with hub.visitor() as visitor:
        answer = visitor.says("Thank you \ud83d", "half")
    assert answer["ok"] is True
    assert answer["message"]["text"] == "Thank you ?"
