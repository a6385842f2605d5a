"""A provider that takes requests and never answers: each kind of work is given up and begun anew.

On a real hub with green threads, where a call that hangs is a green thread that is never woken.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.harness import RunningHub, eventually
from tests.hostile.bot_api import BotApi, Handler, message

pytestmark = [pytest.mark.servers, pytest.mark.slow]


class HubWithLimits(RunningHub):
    """`hub serve` whose watchdog gives work up after two seconds."""

    def _hub(self, *arguments: str) -> list[str]:
        if arguments[0] != "serve":
            return super()._hub(*arguments)
        return [sys.executable, "-m", "tests.hostile.hub_with_limits", *arguments]

    def overruns(self, work: str) -> float:
        """How often work of this kind was given up."""
        metrics = requests.get(f"{self.url}/metrics", timeout=20).text
        match = re.search(rf'hub_overruns_total{{work="{work}"}} (\S+)', metrics)
        return float(match[1]) if match else 0.0

    def logged(self, work: str, subject: str) -> bool:
        lines = self.log.read_text().splitlines()
        entries = [json.loads(line) for line in lines if line.startswith("{")]
        return any(
            (entry["event"], entry.get("work"), entry.get("subject"))
            == ("work.overran", work, subject)
            for entry in entries
        )

    def connector(self, name: str) -> dict[str, Any]:
        items = self.get("/connectors")["items"]
        return next(item for item in items if item["name"] == name)

    def needs_attention(self, name: str, work: str) -> bool:
        found = self.connector(name)
        return found["state"] == "attention" and f"A {work} took longer" in found["last_error"]


class Silence:
    """Takes requests and answers none of the first ones until the test is over."""

    def __init__(self) -> None:
        self.ends = threading.Event()
        self.is_over = threading.Event()
        self.taken = 0

    def act(self, usual: Callable[[Handler], None]) -> Callable[[Handler], None]:
        def answer(request: Handler) -> None:
            self.taken += 1
            if self.is_over.is_set():
                usual(request)
            else:
                self.ends.wait(120)
                request.close_connection = True

        return answer


@pytest.fixture
def silence() -> Iterator[Silence]:
    silence = Silence()
    yield silence
    silence.ends.set()


@pytest.fixture
def api(silence: Silence) -> Iterator[BotApi]:
    with BotApi() as api:
        yield api


@pytest.fixture
def hub(api: BotApi, tmp_path: Path) -> Iterator[HubWithLimits]:
    with HubWithLimits(tmp_path, f"connectors:\n{api.config()}") as hub:
        yield hub  # type: ignore[misc]


def begins_anew(hub: HubWithLimits, silence: Silence, work: str) -> None:
    """Waits until the hub gave work up, said so, and asked the provider again."""
    eventually(lambda: hub.needs_attention("telegram", work), timeout=30)
    assert hub.overruns(work) >= 1
    assert hub.logged(work, "telegram")
    eventually(lambda: silence.taken > 1, timeout=60, expected="another attempt")
    silence.is_over.set()


def is_well(hub: HubWithLimits) -> None:
    eventually(lambda: hub.connector("telegram")["state"] == "ok", timeout=60, expected="ok")


def test_a_poll_that_is_never_answered_is_begun_anew(
    hub: HubWithLimits, api: BotApi, silence: Silence
) -> None:
    api.answers("getUpdates", silence.act(lambda request: request.does("getUpdates")))
    begins_anew(hub, silence, "poll")
    api.brings(message("after the silence"))
    eventually(lambda: hub.message_with("after the silence"), timeout=60)
    is_well(hub)


def test_a_delivery_that_is_never_answered_is_begun_anew(
    hub: HubWithLimits, api: BotApi, silence: Silence
) -> None:
    api.answers("sendMessage", silence.act(lambda request: request.does("sendMessage")))
    api.brings(message("a question"))
    hub.reply(hub.message_with("a question")["conversation_id"], "an answer")
    begins_anew(hub, silence, "delivery")
    eventually(lambda: "an answer" in [sent["text"] for sent in api.sent], timeout=60)
    is_well(hub)


def test_a_file_that_is_never_answered_is_fetched_anew(
    hub: HubWithLimits, api: BotApi, silence: Silence
) -> None:
    api.answers("plan", silence.act(lambda request: request.gives(b"%PDF-1.4 a plan")))
    document = {"file_id": "plan", "file_unique_id": "plan", "file_size": 15}
    api.brings(message("a file", more=f',"document":{json.dumps(document)}'))
    hub.message_with("a file")
    begins_anew(hub, silence, "fetch")
    eventually(
        lambda: hub.message_with("a file")["attachments"][0]["state"] == "stored", timeout=60
    )
    is_well(hub)


def test_a_job_that_never_ends_is_begun_anew_and_logged(hub: HubWithLimits) -> None:
    eventually(lambda: hub.overruns("job") >= 2, timeout=60, expected="two runs given up")
    assert hub.logged("job", "EndlessJob.run")
    assert requests.get(f"{hub.url}/healthz", timeout=20).ok
