"""Two processes are one hub: `hub serve --no-worker` and `hub worker`, on PostgreSQL and Redis."""

from __future__ import annotations

import re
import signal
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests
from sqlalchemy import select

from hub.accounts.presence import BEAT_SECONDS
from hub.sandbox import Sandbox, demo_connectors
from hub.store.engine import Store
from hub.store.models import agents
from tests.harness import eventually, free_port
from tests.servers import RedisServer, WebProcess, Worker, running_postgres

pytestmark = pytest.mark.servers
#: How long a lost connection counts, in seconds, and how much longer that of a killed process may.
GRACE, UNNOTICED = 2.0, 3 * BEAT_SECONDS + 2.0


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with RedisServer() as server:
        yield server.url


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with running_postgres() as url:
        yield url


@dataclass(frozen=True)
class Pair:
    hub: WebProcess
    worker: Worker
    sandbox: Sandbox


@pytest.fixture(scope="module")
def pair(
    tmp_path_factory: pytest.TempPathFactory, redis_url: str, postgres_url: str
) -> Iterator[Pair]:
    port = free_port()
    folder = tmp_path_factory.mktemp("pair")
    environment = {"HUB_REDIS_URL": redis_url, "HUB_DATABASE_URL": postgres_url}
    with Sandbox(hub_url=f"http://127.0.0.1:{port}") as sandbox:
        config = demo_connectors(sandbox.endpoints) + f"assignment: {{offline_grace: {GRACE:g}s}}\n"
        with WebProcess(folder, config, port=port, **environment) as hub, Worker(hub) as worker:
            yield Pair(hub, worker, sandbox)


def unique_word() -> str:
    return uuid.uuid4().hex[:10]


def test_a_message_polled_by_the_worker_reaches_screens_of_the_web_process(pair: Pair) -> None:
    text = f"from telegram {unique_word()}"
    with pair.hub.agent() as screen:
        pair.sandbox.telegram.customer("Ann").says(text)
        screen.wait_for("message.created", lambda e: e["message"]["text"] == text)
        payloads = [data for name, data in screen.heard if name == "message.created"]
        assert sum(payload["message"]["text"] == text for payload in payloads) == 1


def test_a_reply_taken_by_the_web_process_is_sent_by_the_worker_once(pair: Pair) -> None:
    text = f"from sms {unique_word()}"
    bea = pair.sandbox.twilio.customer("+12025550301")
    bea.texts(text)
    message = pair.hub.message_with(text)
    with pair.hub.agent() as screen:
        sent = pair.hub.reply(message["conversation_id"], f"answer {unique_word()}")
        bea.received.wait_for(text=sent["text"])
        pair.hub.delivery_of(sent, "delivered")
        screen.wait_for(
            "message.updated",
            lambda e: (
                e["message"]["id"] == sent["id"]
                and e["message"]["delivery"]["status"] == "delivered"
            ),
        )
    assert [bubble.text for bubble in bea.received] == [sent["text"]]


def test_a_web_chat_is_answered_and_acknowledged_across_processes(pair: Pair) -> None:
    with pair.hub.visitor() as visitor, pair.hub.agent() as agent:
        conversation_id = visitor.says(f"hi {unique_word()}", "c-1")["message"]["conversation_id"]
        sent = pair.hub.reply(conversation_id, f"hello {unique_word()}")
        visitor.wait_for("message.created", lambda e: e["message"]["id"] == sent["id"])
        pair.hub.delivery_of(sent, "delivered")
        payloads = [data for name, data in visitor.heard if name == "message.created"]
        assert sum(payload["message"]["id"] == sent["id"] for payload in payloads) == 1
        assert visitor.ask("typing", on=True)["ok"]
        agent.wait_for("typing", lambda e: e["conversation_id"] == conversation_id)


def test_a_page_gets_the_events_of_a_link_by_the_worker_and_of_its_undoing(pair: Pair) -> None:
    with pair.hub.visitor() as visitor:
        first_message = visitor.says(f"on the page {unique_word()}", "c-1")["message"]
        handover = visitor.ask("handover.request", connector="telegram")
        text, later_text = f"on the phone {unique_word()}", f"after the undoing {unique_word()}"
        ann = pair.sandbox.telegram.customer(f"Ann {unique_word()}")
        ann.starts(handover["url"].partition("?start=")[2])
        visitor.wait_for("session", lambda s: s["changed"])
        ann.says(text)
        visitor.wait_for("message.created", lambda e: e["message"]["text"] == text)
        visitor.heard.clear()
        [link] = pair.hub.get(f"/contacts/{first_message['contact_id']}/links")["items"]
        assert pair.hub.request("DELETE", f"/links/{link['id']}").status_code == 200
        session = visitor.wait_for("session", lambda s: s["changed"])
        assert [message["text"] for message in session["messages"]] == [first_message["text"]]
        ann.says(later_text)
        pair.hub.message_with(later_text)
        last_message = visitor.says(f"still here {unique_word()}", "c-2")["message"]
        visitor.wait_for("message.created", lambda e: e["message"]["id"] == last_message["id"])
        assert later_text not in str(visitor.heard)


def test_an_agent_online_at_the_web_process_is_assigned_by_the_worker(pair: Pair) -> None:
    """At once: the sweep of the process that routes comes every 15 seconds."""
    with pair.hub.visitor() as visitor:
        answer = visitor.says(f"is anybody there {unique_word()}", f"c-{unique_word()}")
        conversation_id = answer["message"]["conversation_id"]
        eventually(lambda: pair.hub.get(f"/conversations/{conversation_id}/routing")["decided_at"])
        email = f"{unique_word()}@example.com"
        pair.hub.hires(email, "Quick")
        with pair.hub.agent(pair.hub.makes_token("Q", email)) as screen:
            began = time.monotonic()
            screen.wait_for(
                "conversation.updated",
                lambda e: (
                    e["conversation"]["id"] == conversation_id
                    and e["conversation"]["assignee"] is not None
                    and e["conversation"]["assignee"]["name"] == "Quick"
                ),
            )
            assert time.monotonic() - began < 3


def test_a_configuration_applied_by_one_process_is_followed_by_the_other(pair: Pair) -> None:
    config = pair.hub.config.read_text()
    text = f"while it was off {unique_word()}"
    config_without_telegram = re.sub(r"(?m)^  telegram:\n(?:    .*\n)+", "", config)
    assert config_without_telegram != config
    pair.hub.config.write_text(config_without_telegram)
    try:
        pair.hub.post("/config/reload", status=200)
        eventually(lambda: pair.hub.log.read_text().count("config.followed") == 1)
        pair.sandbox.telegram.customer("Ann").says(text)
    finally:
        pair.hub.config.write_text(config)
        pair.hub.post("/config/reload", status=200)
    pair.hub.message_with(text)


def test_the_worker_serves_health_and_metrics_and_nothing_else(pair: Pair) -> None:
    address = f"http://127.0.0.1:{pair.worker.port}"
    assert requests.get(f"{address}/readyz", timeout=10).json()["database"] == "ok"
    assert requests.get(f"{address}/api/v1/openapi.json", timeout=10).status_code == 404

    def decisions() -> float:
        metrics = requests.get(f"{address}/metrics", timeout=10).text.splitlines()
        lines = [line for line in metrics if line.startswith("hub_routing_decisions_total{")]
        return sum(float(line.split()[-1]) for line in lines)

    before = decisions()
    with pair.hub.visitor() as visitor:
        visitor.says("Is anybody there?", unique_word())
        eventually(lambda: decisions() > before)


def test_a_second_worker_sends_nothing_twice(pair: Pair) -> None:
    cleo = pair.sandbox.graph.customer("Cleo")
    text = f"from messenger {unique_word()}"
    cleo.says(text)
    conversation_id = pair.hub.message_with(text)["conversation_id"]
    with Worker(pair.hub) as second_worker:
        sent = [pair.hub.reply(conversation_id, f"line {number:02d}") for number in range(20)]
        for message in sent:
            pair.hub.delivery_of(message, "sent", "delivered", "read")
        assert second_worker.stop() == 0
    assert [bubble.text for bubble in cleo.received] == [
        f"line {number:02d}" for number in range(20)
    ]


def test_a_worker_that_was_killed_loses_nothing(pair: Pair) -> None:
    bea = pair.sandbox.twilio.customer("+12025550302")
    text = f"from sms {unique_word()}"
    bea.texts(text)
    conversation_id = pair.hub.message_with(text)["conversation_id"]
    assert pair.worker.process is not None
    pair.worker.process.send_signal(signal.SIGKILL)
    pair.worker.process.wait(10)
    sent = pair.hub.reply(conversation_id, f"after the crash {unique_word()}")
    pair.worker.start()
    bea.received.wait_for(text=sent["text"], timeout=20)
    eventually(lambda: pair.hub.delivery_of(sent, "delivered"))
    assert [bubble.text for bubble in bea.received] == [sent["text"]]


def test_the_agents_of_a_killed_web_process_are_offline_after_the_grace(
    pair: Pair, postgres_url: str
) -> None:
    """The worker notices, too: until then it would give them conversations."""
    email = f"{unique_word()}@example.com"
    pair.hub.hires(email, "Quick")
    store = Store(postgres_url)

    def is_connected() -> bool:
        with store.read() as connection:
            found = connection.execute(select(agents.c.connected_at).where(agents.c.email == email))
            return found.scalar() is not None

    try:
        screen = pair.hub.agent(pair.hub.makes_token("Q", email))
        eventually(is_connected)
        pair.hub.kill()
        began = time.monotonic()
        eventually(lambda: not is_connected(), GRACE + UNNOTICED + 10)
        assert GRACE <= time.monotonic() - began < GRACE + UNNOTICED
        screen.close()
    finally:
        store.close()
        pair.hub.start()
