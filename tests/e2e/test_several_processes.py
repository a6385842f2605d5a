"""Several web processes on one Redis: nothing foreign comes in, and no gap stays unnoticed."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import socketio
from redis import Redis
from sqlalchemy import func, select

from hub.schema.tokens import digest
from hub.store.engine import Store
from hub.store.models import open_pages, visitor_sessions
from tests.harness import RunningHub, Screen, eventually
from tests.servers import RedisServer, WebProcess, running_postgres

pytestmark = pytest.mark.servers

CONFIG = """\
connectors:
  website: {kind: webchat}
limits: {sessions_per_minute: 100000, visitor_messages_per_minute: 100000,
         visitor_messages_burst: 10000}
"""


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with running_postgres() as url:
        yield url


@pytest.fixture(scope="module")
def two(
    tmp_path_factory: pytest.TempPathFactory, redis: RedisServer, postgres_url: str
) -> Iterator[tuple[RunningHub, RunningHub]]:
    """One hub by two processes."""
    folder = tmp_path_factory.mktemp("two")
    environment = {"HUB_REDIS_URL": redis.url, "HUB_DATABASE_URL": postgres_url}
    with (
        RunningHub(folder, CONFIG, **environment) as first,
        WebProcess(folder, CONFIG, **environment) as second,
    ):
        yield first, second


def word() -> str:
    return uuid.uuid4().hex[:10]


def metric(hub: RunningHub, name: str) -> float:
    lines = requests.get(f"{hub.url}/metrics", timeout=10).text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def heard(screen: Screen, name: str) -> int:
    return sum(event_name == name for event_name, _ in screen.heard)


def texts_of(screen: Screen) -> list[str]:
    return [e["message"]["text"] for name, e in screen.heard if name == "message.created"]


def starts_chat(hub: RunningHub, text: str) -> dict[str, Any]:
    with hub.visitor() as visitor:
        message = visitor.says(text, word())["message"]
    assert isinstance(message, dict)
    return message


# -- two hubs --------------------------------------------------------------------------------------


def test_two_hubs_on_one_redis_hear_nothing_of_each_other(
    tmp_path: Path, redis: RedisServer, two: tuple[RunningHub, RunningHub]
) -> None:
    hub, own_second = two
    text, own_text = word(), word()
    (tmp_path / "another").mkdir()
    with (
        RunningHub(tmp_path / "another", CONFIG, HUB_REDIS_URL=redis.url) as another,
        another.agent() as foreign,
        own_second.agent() as own,
    ):
        starts_chat(hub, text)
        own.wait_for("message.created", lambda e: e["message"]["text"] == text)
        starts_chat(another, own_text)
        foreign.wait_for("message.created", lambda e: e["message"]["text"] == own_text)
        assert texts_of(foreign) == [own_text]
        assert own_text not in texts_of(own)


def test_what_is_forged_on_redis_is_refused_and_counted(
    redis: RedisServer, two: tuple[RunningHub, RunningHub]
) -> None:
    hub, _ = two
    client = Redis.from_url(redis.url)
    forged = (
        '{"method": "emit", "event": "message.created", "data": [{"forged": true}],'
        ' "binary": false, "namespace": "/agent", "room": "agents", "skip_sid": null,'
        ' "callback": null, "host_id": "x"}'
    )
    channels = [name.decode() for name in client.pubsub_channels()]
    assert channels and all(name.startswith("hub:") for name in channels)
    before = metric(hub, "hub_peer_messages_refused_total")
    with hub.agent() as screen:
        # The name of the channel that python-socketio takes by itself, too.
        for channel in (*channels, "flask-socketio", "socketio"):
            for body in (forged, f"{'0' * 64} {forged}", b"\x80\x04N.", b""):
                client.publish(channel, body)
        eventually(lambda: metric(hub, "hub_peer_messages_refused_total") - before >= 4)
        text = word()
        starts_chat(hub, text)
        screen.wait_for("message.created", lambda e: e["message"]["text"] == text)
        assert "forged" not in str(screen.heard)


# -- gaps ------------------------------------------------------------------------------------------


def test_redis_away_for_six_seconds_leaves_no_screen_stale(
    redis: RedisServer, two: tuple[RunningHub, RunningHub]
) -> None:
    first, second = two
    with first.visitor() as visitor, first.agent() as screen, second.agent() as other_screen:
        sent = visitor.says("before", word())["message"]
        other_screen.wait_for("message.created", lambda e: e["message"]["id"] == sent["id"])
        with second.visitor(session=visitor.session["session"]) as same_visitor:
            assert heard(other_screen, "resync") == heard(same_visitor, "resync") == 0
            redis.stop()
            began = time.monotonic()
            for process, agent in ((first, screen), (second, other_screen)):
                agent.wait_for("notices", lambda e: e["codes"] == ["redis_away"])
                ready = requests.get(f"{process.url}/readyz", timeout=10)
                assert (ready.status_code, ready.json()["redis"]) == (200, "away")
            own = visitor.says("meanwhile at the first", word())["message"]
            screen.wait_for("message.created", lambda e: e["message"]["id"] == own["id"])
            reply = second.reply(sent["conversation_id"], "meanwhile at the second")
            time.sleep(max(0.0, began + 6 - time.monotonic()))
            assert "meanwhile at the first" not in texts_of(other_screen)
            for listener in (screen, other_screen):
                listener.heard.clear()
            redis.start()
            for listener in (screen, other_screen, visitor, same_visitor):
                assert listener.wait_for("resync", timeout=15) == {}
            for agent in (screen, other_screen):
                agent.wait_for("notices", lambda e: e["codes"] == [])
            for agent in (screen, other_screen):
                # The newest message that the screen has may be one of its own process.
                answer = agent.ask(
                    "sync", conversation_id=sent["conversation_id"], after=reply["id"]
                )
                known = {sent["id"], *(message["id"] for message in answer["messages"])}
                assert {own["id"], reply["id"]} <= known
            page = same_visitor.ask("sync", after=reply["id"])
            assert {own["id"], reply["id"]} <= {message["id"] for message in page["messages"]}
    text = word()
    with second.agent() as again:
        starts_chat(first, text)
        again.wait_for("message.created", lambda e: e["message"]["text"] == text)
    for process in two:
        assert requests.get(f"{process.url}/readyz", timeout=10).json()["redis"] == "ok"


def test_a_process_that_was_killed_makes_the_others_ask_again(
    two: tuple[RunningHub, RunningHub],
) -> None:
    first, _ = two
    with (
        WebProcess(first.folder, CONFIG, **_environment(first)) as third,
        first.agent() as screen,
    ):
        third.kill()
        screen.wait_for("resync", timeout=15)


# -- presence --------------------------------------------------------------------------------------


def test_closing_one_of_two_pages_on_two_processes_leaves_the_visitor_there(
    two: tuple[RunningHub, RunningHub], postgres_url: str
) -> None:
    first, second = two
    here = first.visitor()
    contact_id = here.says("hello", word())["message"]["contact_id"]
    session_token = here.session["session"]
    store = Store(postgres_url)

    def pages() -> int:
        with store.read() as connection:
            sessions = visitor_sessions
            return int(
                connection.execute(
                    select(func.count())
                    .select_from(open_pages)
                    .join(sessions, sessions.c.id == open_pages.c.session_id)
                    .where(sessions.c.token_digest == digest(session_token))
                ).scalar_one()
            )

    def is_present() -> bool:
        return bool(first.get(f"/contacts/{contact_id}/addresses")["items"][0]["present"])

    try:
        there = second.visitor(session=session_token)
        eventually(lambda: pages() == 2)
        here.close()
        eventually(lambda: pages() == 1)
        assert is_present()
        there.close()
        eventually(lambda: not is_present())
    finally:
        store.close()


# -- a rolling restart -----------------------------------------------------------------------------


class Follower:
    """A screen that connects again, elsewhere, whenever its process ends, and then asks `sync`."""

    def __init__(self, urls: list[str], token: str, after: str) -> None:
        self.urls, self.token = urls, token
        self.seen: set[str] = set()
        self.connections = 0
        self._newest = int(after)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(30)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.connections += 1
            url = self.urls[self.connections % len(self.urls)]
            try:
                screen = Screen(url, "/agent", {"token": self.token})
            except socketio.exceptions.ConnectionError:
                self._stop.wait(0.05)
                continue
            # What came by event is no measure for the next question before this one was answered.
            is_caught_up, resyncs = self._sync(screen), 0
            while screen.client.connected and not self._stop.wait(0.02):
                if heard(screen, "resync") > resyncs:
                    resyncs = heard(screen, "resync")
                    is_caught_up = self._sync(screen)
                if is_caught_up:
                    self._take_heard(screen)
            screen.close()
            if is_caught_up:
                self._take_heard(screen)

    def _sync(self, screen: Screen) -> bool:
        after, more = str(self._newest), True
        while more:
            try:
                answer = screen.ask("sync", after=after)
            except socketio.exceptions.SocketIOError:
                return False
            for message in answer["messages"]:
                self._take(message)
            more = answer["more"]
            after = answer["messages"][-1]["id"] if answer["messages"] else after
        return True

    def _take_heard(self, screen: Screen) -> None:
        for name, payload in list(screen.heard):
            if name == "message.created":
                self._take(payload["message"])

    def _take(self, message: dict[str, Any]) -> None:
        self.seen.add(message["id"])
        self._newest = max(self._newest, int(message["id"]))


def test_a_rolling_restart_costs_a_screen_no_message(
    two: tuple[RunningHub, RunningHub],
) -> None:
    first, second = two
    conversations = [starts_chat(first, "begin") for _ in range(4)]
    after = max((message["id"] for message in conversations), key=int)
    written: list[str] = []
    done = threading.Event()
    follower = Follower([second.url, first.url], first.token, after)

    def write(conversation_id: str) -> None:
        at = 0
        while not done.is_set():
            client_id = word()
            while not done.is_set():  # again at the other process, until one has taken it
                at += 1
                process = two[at % 2]
                try:
                    answer = process.request(
                        "POST",
                        f"/conversations/{conversation_id}/messages",
                        json={"text": client_id, "type": "note", "client_id": client_id},
                    )
                    if answer.status_code in (200, 201):
                        written.append(answer.json()["id"])
                        break
                except requests.RequestException:
                    done.wait(0.05)

    writers = [
        threading.Thread(target=write, args=(message["conversation_id"],))
        for message in conversations
    ]
    for writer in writers:
        writer.start()
    try:
        for process in (second, first):
            eventually(_more_than(written, len(written) + 20))
            assert process.stop() == 0
            process.start()
        eventually(_more_than(written, len(written) + 20))
    finally:
        done.set()
        for writer in writers:
            writer.join(30)
    try:
        missing = set(written) - follower.seen
        eventually(lambda: not set(written) - follower.seen, 10, f"{missing} on the screen")
    finally:
        follower.stop()
    assert metric(second, 'hub_resyncs_total{reason="silent"') == 0, "each one said goodbye"


def _more_than(written: list[str], number: int) -> Callable[[], bool]:
    return lambda: len(written) > number


def _environment(hub: RunningHub) -> dict[str, str]:
    return {name: hub.environment[name] for name in ("HUB_REDIS_URL", "HUB_DATABASE_URL")}
