"""What an agent is told over HTTP and sockets: own screens only, seen once, seen everywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.api.conftest import Browser, add_user
from tests.api.test_resources import word
from tests.harness import RunningHub, Screen, eventually
from tests.push_service import PushService, ReceivedPush, Subscription

pytestmark = pytest.mark.servers


class Agent:
    """A new agent with a token of their own, and the verbs of the tests."""

    def __init__(self, hub: RunningHub) -> None:
        self.hub = hub
        email = f"{word()}@example.com"
        add_user(hub, email, email.split("@")[0].title())
        self.token = hub.makes_token("x", email)
        self.id = self.get("/session")["agent"]["id"]

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.hub.request(method, path, headers=headers, **options)

    def get(self, path: str, **query: Any) -> Any:
        answer = self.request("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def screen(self) -> Screen:
        return self.hub.agent(self.token)

    def unseen(self, conversation_id: str) -> list[tuple[str, str]]:
        """Of one conversation: the router may give an agent with a screen others, too."""
        return [
            (each["kind"], each["text"])
            for each in self.get("/notifications")["items"]
            if each["conversation_id"] == conversation_id
        ]


@pytest.fixture
def agent(hub: RunningHub) -> Agent:
    return Agent(hub)


def visitor_says(hub: RunningHub, text: str) -> tuple[Screen, str]:
    """A visitor with an open page, and the conversation of what they said."""
    visitor = hub.visitor("website")
    answer = visitor.says(text, word())
    return visitor, answer["message"]["conversation_id"]


def told_of(conversation_id: str, kind: str = "") -> Callable[[Any], bool]:
    """Whether the payload of an event tells of this conversation, and of this kind, if any."""

    def is_told(payload: Any) -> bool:
        notification = payload["notification"]
        return notification["conversation_id"] == conversation_id and (
            not kind or notification["kind"] == kind
        )

    return is_told


def test_read_on_one_device_is_gone_from_all_and_no_other_agent_hears_of_it(
    hub: RunningHub, agent: Agent
) -> None:
    other = Agent(hub)
    visitor, conversation_id = visitor_says(hub, "Hallo")
    with visitor, agent.screen() as laptop, agent.screen() as phone, other.screen() as stranger:
        hub.patch(f"/conversations/{conversation_id}", {"assignee_id": agent.id})
        assigned = laptop.wait_for("notification.created", told_of(conversation_id))
        assert assigned["notification"]["kind"] == "assigned"
        said = visitor.says("Ist jemand da?", word())["message"]
        for screen in (laptop, phone):
            told = screen.wait_for("notification.created", told_of(conversation_id, "message"))
            assert told["notification"]["text"] == "Ist jemand da?"
            assert told["sound"] == "chime"
        agent.request(
            "POST", f"/conversations/{conversation_id}/read", json={"message_id": said["id"]}
        )
        for screen in (laptop, phone):
            screen.wait_for(
                "notification.cleared", lambda data: data["conversation_ids"] == [conversation_id]
            )
        assert agent.unseen(conversation_id) == []
        stranger.ask("sync", after="0")  # what was sent to it before has come
        is_told = told_of(conversation_id)
        heard = [data for name, data in stranger.heard if name == "notification.created"]
        assert not [data for data in heard if is_told(data)]


def test_seeing_a_conversation_without_unread_words_clears_what_was_told_of_it(
    hub: RunningHub, agent: Agent
) -> None:
    visitor, conversation_id = visitor_says(hub, "Hei")
    visitor.close()
    hub.patch(f"/conversations/{conversation_id}", {"assignee_id": agent.id})
    assert agent.unseen(conversation_id) == [("assigned", "Hei")]
    answer = agent.request("DELETE", f"/conversations/{conversation_id}/notifications")
    assert answer.status_code == 204
    assert agent.unseen(conversation_id) == []


def test_a_note_with_a_mention_is_told_and_listed(hub: RunningHub, agent: Agent) -> None:
    visitor, conversation_id = visitor_says(hub, "Bonjour")
    visitor.close()
    note = hub.reply(conversation_id, "@x regarde", type="note", mentions=[agent.id])
    assert note["mentions"] == [agent.id]
    assert agent.unseen(conversation_id) == [("mention", "@x regarde")]
    first = agent.get("/mentions", limit=1)
    assert [each["message"]["id"] for each in first["items"]] == [note["id"]]
    assert first["items"][0]["conversation"]["id"] == conversation_id
    assert first["next"] is None
    second = hub.reply(conversation_id, "@x encore", type="note", mentions=[agent.id])
    page = agent.get("/mentions", limit=1)
    assert page["items"][0]["message"]["id"] == second["id"]
    page = agent.get("/mentions", limit=1, cursor=page["next"])
    assert page["items"][0]["message"]["id"] == note["id"]


def test_a_reply_with_mentions_is_refused(hub: RunningHub, agent: Agent) -> None:
    visitor, conversation_id = visitor_says(hub, "Hola")
    visitor.close()
    hub.post(
        f"/conversations/{conversation_id}/messages", {"text": "x", "mentions": [agent.id]}, 422
    )


def test_settings_are_kept_for_each_agent_and_come_back_as_they_were_put(agent: Agent) -> None:
    path = "/agents/me/notifications"
    before = agent.get(path)
    assert before["quiet_hours"] is None
    assert before["kinds"]["sla"] == {"sound": True, "browser": True, "push": True}
    hours = {"from": "21:30", "to": "06:00", "zone": "Asia/Tehran", "days": [1, 5]}
    put = agent.request("PUT", path, json={"quiet_hours": hours, "hide_text": True})
    assert put.status_code == 200, put.text
    assert agent.get(path) == {**before, "quiet_hours": hours, "hide_text": True}
    assert agent.request("PUT", path, json=agent.get(path)).json() == agent.get(path)
    assert agent.request("PUT", path, json={"quiet_hours": None}).json()["quiet_hours"] is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"quiet_hours": {"zone": "Nowhere/Land"}},
        {"quiet_hours": {"from": "25:00"}},
        {"sound": "../../x.wav"},
        {"kinds": {"birthday": {}}},
        {"muted_until": "tomorrow"},
        {"who": 1},
    ],
)
def test_wrong_settings_are_refused_and_change_nothing(agent: Agent, wrong: dict[str, Any]) -> None:
    before = agent.get("/agents/me/notifications")
    assert agent.request("PUT", "/agents/me/notifications", json=wrong).status_code == 422
    assert agent.get("/agents/me/notifications") == before


def test_quiet_hours_hold_on_every_screen(hub: RunningHub, agent: Agent) -> None:
    agent.request("PUT", "/agents/me/notifications", json={"muted_until": "2999-01-01T00:00:00Z"})
    visitor, conversation_id = visitor_says(hub, "Ciao")
    visitor.close()
    with agent.screen() as laptop, agent.screen() as phone:
        hub.patch(f"/conversations/{conversation_id}", {"assignee_id": agent.id})
        for screen in (laptop, phone):
            told = screen.wait_for("notification.created", told_of(conversation_id))
            assert (told["sound"], told["browser"]) == (None, False)
    assert agent.unseen(conversation_id) == [("assigned", "Ciao")]


def test_a_service_account_is_told_nothing(hub: RunningHub) -> None:
    assert hub.request("GET", "/notifications").status_code == 403
    assert hub.request("GET", "/mentions").status_code == 403


def test_a_test_reaches_my_screens_alone(hub: RunningHub, agent: Agent) -> None:
    other = Agent(hub)
    with agent.screen() as mine, other.screen() as stranger:
        assert agent.request("POST", "/agents/me/notifications/test").status_code == 204
        assert mine.wait_for("notification.test") == {"sound": "chime"}
        stranger.ask("sync", after="0")
        assert "notification.test" not in [name for name, _ in stranger.heard]


# -- pushes --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def push_service() -> Iterator[PushService]:
    with PushService() as service:
        yield service


def subscribes(service: PushService, browser: Browser) -> Subscription:
    """A browser that has signed in subscribes."""
    path = "/agents/me/push-subscriptions"
    subscription = service.subscribes(browser.sends("GET", path).json()["public_key"])
    body = {**subscription.json, "language": "en"}
    answer = browser.sends("POST", path, json=body, headers=browser.csrf)
    assert answer.status_code == 201, answer.text
    return subscription


def pushes_about(
    service: PushService, subscription: Subscription, conversation_id: str, count: int = 1
) -> list[ReceivedPush]:
    """The pushes about one conversation: the router may give the agent others."""

    def look() -> list[ReceivedPush] | None:
        assert service.complaints == []
        found = [
            push
            for push in subscription.received
            if push.content.get("conversation_id") == conversation_id
        ]
        return found if len(found) >= count else None

    return eventually(look, expected="a push") or []


def test_a_hub_in_service_pushes_what_is_for_me_and_takes_it_back_when_i_read_it(
    hub: RunningHub, push_service: PushService
) -> None:
    email = f"{word()}@example.com"
    add_user(hub, email, "Push")
    laptop, phone = Browser(hub), Browser(hub)
    for browser in (laptop, phone):
        browser.signs_in(email)
    devices = [subscribes(push_service, browser) for browser in (laptop, phone)]
    agent_id = laptop.sends("GET", "/session").json()["agent"]["id"]
    visitor, conversation_id = visitor_says(hub, "Salut")
    with visitor:
        hub.patch(f"/conversations/{conversation_id}", {"assignee_id": agent_id})
        for device in devices:
            (push,) = pushes_about(push_service, device, conversation_id)
            assert push.content["kind"] == "assigned"
        said = visitor.says("Il y a quelqu’un ?", word())["message"]
        for device in devices:
            push = pushes_about(push_service, device, conversation_id, 2)[1]
            assert push.content["text"] == "Il y a quelqu’un ?"
        laptop.sends(
            "POST",
            f"/conversations/{conversation_id}/read",
            json={"message_id": said["id"]},
            headers=laptop.csrf,
        )
        for device in devices:
            push = pushes_about(push_service, device, conversation_id, 3)[2]
            assert push.content["type"] == "clear"
        laptop.sends("DELETE", "/session", headers=laptop.csrf)
        visitor.says("Toujours là ?", word())
        assert len(pushes_about(push_service, devices[1], conversation_id, 4)) == 4
        assert len(pushes_about(push_service, devices[0], conversation_id)) == 3
        listed = phone.sends("GET", "/agents/me/push-subscriptions").json()["items"]
        assert len(listed) == 1


def test_a_test_reaches_each_device_and_a_removed_one_no_more(
    hub: RunningHub, push_service: PushService
) -> None:
    email = f"{word()}@example.com"
    add_user(hub, email, "Test")
    browser = Browser(hub)
    browser.signs_in(email)
    device = subscribes(push_service, browser)
    path = "/agents/me/notifications/test"
    assert browser.sends("POST", path, headers=browser.csrf).status_code == 204
    assert push_service.waits_for(device)[0].content == {"type": "test", "language": "en"}
    answer = browser.sends(
        "DELETE",
        "/agents/me/push-subscriptions",
        json={"endpoint": device.endpoint},
        headers=browser.csrf,
    )
    assert answer.status_code == 204
    assert browser.sends("GET", "/agents/me/push-subscriptions").json()["items"] == []


def test_an_agent_ends_no_push_of_another(hub: RunningHub, push_service: PushService) -> None:
    browsers = []
    for name in ("One", "Two"):
        email = f"{word()}@example.com"
        add_user(hub, email, name)
        browser = Browser(hub)
        browser.signs_in(email)
        browsers.append(browser)
    device = subscribes(push_service, browsers[0])
    browsers[1].sends(
        "DELETE", "/agents/me/push-subscriptions", json=device.json, headers=browsers[1].csrf
    )
    assert len(browsers[0].sends("GET", "/agents/me/push-subscriptions").json()["items"]) == 1


# -- the files of the installed app --------------------------------------------------------------


def test_the_service_worker_and_the_manifest_are_asked_for_anew_each_time(hub: RunningHub) -> None:
    worker = requests.get(f"{hub.url}/service-worker.js", timeout=10)
    assert worker.status_code == 200
    assert worker.headers["Content-Type"].startswith("text/javascript")
    assert worker.headers["Cache-Control"] == "no-cache"
    assert "script-src" not in worker.headers["Content-Security-Policy"]
    manifest = requests.get(f"{hub.url}/manifest.webmanifest", timeout=10)
    assert manifest.headers["Content-Type"].startswith("application/manifest+json")
    assert manifest.headers["Cache-Control"] == "no-cache"
    for icon in manifest.json()["icons"]:
        picture = requests.get(hub.url + icon["src"], timeout=10)
        assert picture.content.startswith(b"\x89PNG")


def test_the_service_worker_keeps_only_files_that_are_there(hub: RunningHub) -> None:
    worker = requests.get(f"{hub.url}/service-worker.js", timeout=10).text
    files = json.loads(worker.split("const BUILD = ", 1)[1].split(";\n", 1)[0])["files"]
    page = requests.get(hub.url, timeout=10).text
    assert set(re.findall(r'(?:src|href)="(/assets/[^"]+\.(?:js|css))"', page)) <= set(files)
    for file in files:
        assert requests.get(hub.url + file, timeout=10).status_code == 200, file


@pytest.mark.parametrize(
    "path", ["/assets/inbox-Gone1234.js", "/assets/gone.css", "/icons/gone.png", "/sw.js"]
)
def test_a_file_that_is_missing_is_a_404_and_never_a_page(hub: RunningHub, path: str) -> None:
    answer = requests.get(hub.url + path, timeout=10, headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert "<html" not in answer.text.lower()
