"""Half a day of a hub in a minute: idle hours, cut connections, restarts of all that it needs.

The clocks of the hub's process are put ahead, so that whatever waits for minutes of silence (idle
time-outs, leases, backoff, pings, limits) happens between two messages. After each of these hours
one customer writes on every channel and gets an answer on each. At the end every message is there
once, every connector is well, and the process has not grown since the last outage.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.sandbox import Sandbox, demo_connectors
from tests.harness import RunningHub, eventually, free_port
from tests.servers import Postgres, RedisServer

pytestmark = [pytest.mark.servers, pytest.mark.slow]

QUIET_HOURS = 4
#: Descriptors that the process may gain in quiet hours: kept connections to providers come and go.
MORE_DESCRIPTORS = 25
#: Bytes that the process may gain in quiet hours: caches fill.
MORE_MEMORY = 30 << 20
#: How long connectors may take to be well again: a few of their longest pauses.
WELL_SECONDS = 120


class HubWithClock(RunningHub):
    """`hub serve` whose clocks the test can put ahead."""

    def _hub(self, *arguments: str) -> list[str]:
        if arguments[0] != "serve":
            return super()._hub(*arguments)
        self.environment["HUB_TEST_CLOCK"] = str(self._clock)
        return [sys.executable, "-m", "tests.hostile.hub_with_clock", *arguments]

    @property
    def _clock(self) -> Path:
        return self.folder / "clock"

    def idles(self, seconds: float) -> None:
        """Puts the clocks of the process ahead."""
        assert self.process is not None
        done = self._clock.with_suffix(".done")
        done.unlink(missing_ok=True)
        self._clock.write_text(str(seconds))
        self.process.send_signal(signal.SIGUSR1)
        eventually(done.exists, expected="the clock to be put ahead")

    @property
    def descriptors(self) -> int:
        assert self.process is not None
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    @property
    def memory(self) -> int:
        """The resident memory of the process in bytes."""
        assert self.process is not None
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("this system does not tell the memory of a process")


class Customers:
    """One customer on each channel, and how each hears an answer."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._telegram = sandbox.telegram.customer("Tess Teller")
        self._sms = sandbox.twilio.customer("+12025550199")
        self._messenger = sandbox.graph.customer("Mia Messer")
        self._mail = sandbox.mail.customer("mo@example.org", "Mo Mailer")

    def write(self, text: str) -> dict[str, Callable[[str], object]]:
        """Writes on each channel. Returns what waits for the answer, by the text it answers."""
        self._telegram.says(f"{text} telegram")
        self._sms.texts(f"{text} sms")
        self._messenger.says(f"{text} messenger")
        self._mail.sends(subject=text, text=f"{text} mail")
        return {
            f"{text} telegram": lambda answer: self._telegram.received.wait_for(text=answer),
            f"{text} sms": lambda answer: self._sms.received.wait_for(text=answer),
            f"{text} messenger": lambda answer: self._messenger.received.wait_for(text=answer),
            f"{text} mail": lambda answer: self._mail.received.wait_for(
                lambda mail: answer in mail.text
            ),
        }


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(hub_url=f"http://127.0.0.1:{free_port()}", speed=60) as sandbox:
        yield sandbox


@pytest.fixture
def generator() -> random.Random:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    return random.Random(seed)


def test_a_hub_answers_on_every_channel_through_idle_hours_and_restarts(
    sandbox: Sandbox, tmp_path: Path, generator: random.Random
) -> None:
    with _hub(sandbox, tmp_path) as hub:
        _live_through_hours(hub, sandbox, generator, _outages(hub, sandbox))


def test_a_hub_on_postgresql_and_redis_lives_through_restarts_of_them_too(
    sandbox: Sandbox, tmp_path: Path, generator: random.Random
) -> None:
    with Postgres() as postgres, RedisServer() as redis:
        environment = {"HUB_DATABASE_URL": postgres.url, "HUB_REDIS_URL": redis.url}
        with _hub(sandbox, tmp_path, **environment) as hub:

            def restarts(server: Postgres | RedisServer) -> Callable[[], None]:
                def restart() -> None:
                    server.stop()
                    hub.idles(60)
                    server.start()

                return restart

            outages = [*map(restarts, (postgres, redis)), *_outages(hub, sandbox)]
            _live_through_hours(hub, sandbox, generator, outages)


def _hub(sandbox: Sandbox, folder: Path, **environment: str) -> HubWithClock:
    port = int(sandbox.hub_url.rpartition(":")[2])
    return HubWithClock(folder, demo_connectors(sandbox.endpoints), port=port, **environment)


def _outages(hub: HubWithClock, sandbox: Sandbox) -> list[Callable[[], None]]:
    """What goes away and comes back between two hours, each once."""

    def provider_restarts(stand_in: Any) -> Callable[[], None]:
        def restart() -> None:
            stand_in.is_down()
            hub.idles(600)
            stand_in.is_up()

        return restart

    def hub_is_killed() -> None:
        hub.kill()
        hub.start()

    def hub_is_stopped() -> None:
        assert hub.stop() == 0
        hub.start()

    def mail_workers_are_killed() -> None:
        assert hub.process is not None
        subprocess.run(["pkill", "-KILL", "-P", str(hub.process.pid)], check=False)

    providers = (sandbox.telegram, sandbox.twilio, sandbox.graph, sandbox.mail)
    return [
        *map(provider_restarts, providers),
        sandbox.mail.cuts_imap,
        mail_workers_are_killed,
        hub_is_killed,
        hub_is_stopped,
    ]


def _live_through_hours(
    hub: HubWithClock,
    sandbox: Sandbox,
    generator: random.Random,
    outages: list[Callable[[], None]],
) -> None:
    customers = Customers(sandbox)
    texts: list[str] = []
    pending = generator.sample(outages, len(outages))
    for hour in range(len(outages) + QUIET_HOURS):
        if hour:
            outage = pending.pop() if pending else None
            print(f"before hour {hour}: {outage.__qualname__ if outage else 'nothing'}")
            if outage:
                outage()
            hub.idles(generator.choice((301, 900, 3600)))
        texts += _talk_on_every_channel(hub, customers, f"hour {hour}")
        if hour == len(outages):
            descriptors, memory = hub.descriptors, hub.memory
    assert not pending
    assert hub.descriptors <= descriptors + MORE_DESCRIPTORS
    assert hub.memory <= memory + MORE_MEMORY
    stored = [
        message["text"]
        for conversation in hub.conversations(limit=100)
        for message in hub.messages(conversation["id"])
    ]
    assert sorted(text for text in stored if text in texts) == sorted(texts)

    # A visitor hears an answer before its delivery has ended; a poll that overran may meet the one
    # begun anew, and comes again after a pause. Each makes its connector well by itself.
    def troubles() -> dict[str, str]:
        listed = hub.get("/connectors")["items"]
        return {each["name"]: each["last_error"] for each in listed if each["state"] != "ok"}

    deadline = time.monotonic() + WELL_SECONDS
    while troubles() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert troubles() == {}


def _talk_on_every_channel(hub: HubWithClock, customers: Customers, hour: str) -> list[str]:
    """Everybody writes and gets an answer. Returns all texts."""
    texts = []
    with hub.agent() as agent, hub.visitor() as visitor:
        heard = customers.write(hour)
        said = visitor.says(f"{hour} web", f"web-{hour.split()[1]}")
        assert said["ok"], said
        heard[f"{hour} web"] = lambda answer: visitor.wait_for(
            "message.created", lambda event: event["message"]["text"] == answer
        )
        for text, wait_for_answer in heard.items():
            print(f"waiting for {text!r}", flush=True)
            event = agent.wait_for(
                "message.created",
                lambda event, text=text: event["message"]["text"].strip() == text,
                timeout=30,
            )
            answer = f"answer to {text}"
            hub.reply(event["conversation"]["id"], answer)
            wait_for_answer(answer)
            texts += [text, answer]
    return texts
