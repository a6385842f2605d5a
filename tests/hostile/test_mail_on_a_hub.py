"""Hostile mail on a real hub, on green threads: it answers others, and it goes on."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from hub.sandbox import Sandbox
from hub.sandbox.mail.provider import WEBHOOK_SECRET
from tests.harness import RunningHub, eventually
from tests.hostile.hub_that_ends import DEADLY
from tests.hostile.mail_families import FAMILIES

pytestmark = [pytest.mark.servers, pytest.mark.slow]

#: The size of each hostile mail, in bytes.
SIZE = 400_000
HOSTILE = (
    "brackets in From", "dots in Cc", "addresses in To", "boundary of a hyphen",
    "990 unclosed formats", "ampersands", "flowed lines", "unclosed elements", "introductions",
    "distinct attributes", "spaces in Message-ID", "files",
)  # fmt: skip


#: The stand-in of the mail server reads header blocks itself, and some freeze it.
BY_IMAP = {"990 unclosed formats", "ampersands", "unclosed elements", "introductions"}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def config(sandbox: Sandbox) -> str:
    login = f'username: "{sandbox.mail.user}", password: "{sandbox.mail.password}", tls: none'
    return f"""
connectors:
  mail:
    kind: email
    address: {sandbox.mail.address}
    imap: {{host: 127.0.0.1, port: {sandbox.imap_port}, {login}}}
    smtp: {{host: 127.0.0.1, port: {sandbox.smtp_port}, {login}}}
    webhook_secret: "{WEBHOOK_SECRET}"
    poll_seconds: 1
"""


def ordinary(text: str) -> bytes:
    head = f"From: ann@example.com\r\nTo: support@shop.example\r\nMessage-ID: <{text}@example.com>"
    return f"{head}\r\nSubject: {text}\r\n\r\n{text}\r\n".encode()


def post(hub: RunningHub, mail: bytes) -> requests.Response:
    return requests.post(
        f"{hub.url}/webhooks/mail",
        data=mail,
        headers={"Content-Type": "message/rfc822", "Authorization": f"Bearer {WEBHOOK_SECRET}"},
        timeout=120,
    )


class Health:
    """Asks `/healthz` again and again in a thread, and keeps what each answer cost the hub.

    Processor time of the hub's process between question and answer: a hub that stands still over a
    mail uses it up, and a busy machine does not change it.
    """

    def __init__(self, hub: RunningHub) -> None:
        assert hub.process is not None
        self.seconds: list[float] = []
        self._url = hub.url
        self._stat = Path(f"/proc/{hub.process.pid}/stat")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def _ask(self) -> None:
        session = requests.Session()
        while not self._stop.wait(0.02):
            before = self._processor_seconds()
            assert session.get(f"{self._url}/healthz", timeout=30).status_code == 200
            self.seconds.append(self._processor_seconds() - before)

    def _processor_seconds(self) -> float:
        """The processor time of the hub's own process, without those that read mail."""
        fields = self._stat.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self) -> Health:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def journaled(hub: RunningHub) -> list[dict[str, Any]]:
    items = hub.get("/journal", status="failed")["items"]
    assert isinstance(items, list)
    return items


def reading_processes(hub: RunningHub) -> list[int]:
    """The processes that read mail for this hub."""
    assert hub.process is not None
    children = Path(f"/proc/{hub.process.pid}/task/{hub.process.pid}/children").read_text()
    return [
        int(pid)
        for pid in children.split()
        if b"hub.processes.child" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def test_others_are_answered_while_hostile_mail_comes(sandbox: Sandbox, tmp_path: Path) -> None:
    with RunningHub(tmp_path, config(sandbox)) as hub:
        assert post(hub, ordinary("first")).status_code == 200
        eventually(lambda: hub.message_with("first"))
        with Health(hub) as health:
            for number, name in enumerate(HOSTILE):
                mail = FAMILIES[name](SIZE)
                if name in BY_IMAP:
                    sandbox.mail.arrives(mail.replace(b"<h@", b"<imap-%d@" % number))
                assert post(hub, mail.replace(b"<h@", b"<hook-%d@" % number)).status_code == 200
            sandbox.mail.arrives(ordinary("last"))
            eventually(lambda: hub.message_with("last"), timeout=120)
        waits = sorted(health.seconds)
        assert len(waits) > 50
        assert waits[len(waits) * 95 // 100] < 0.1, waits[-20:]
        assert waits[-1] < 1, waits[-20:]


def test_mail_is_read_after_its_process_has_ended_while_idle(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    with RunningHub(tmp_path, config(sandbox)) as hub:
        assert post(hub, ordinary("before")).status_code == 200
        for pid in reading_processes(hub):
            os.kill(pid, signal.SIGTERM)
        assert post(hub, ordinary("after")).status_code == 200
        hub.message_with("after")
        for pid in reading_processes(hub):
            os.kill(pid, signal.SIGTERM)
        sandbox.mail.arrives(ordinary("by-imap"))
        hub.message_with("by-imap")


def test_a_mail_whose_process_stands_still_is_journaled_and_the_next_is_read(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    mail = ordinary("much")
    with RunningHub(tmp_path, config(sandbox)) as hub:
        post(hub, ordinary("first"))
        stopped = reading_processes(hub)
        # It stands still, as a process does that swaps or waits for a disk, and then is ended.
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        answers: list[int] = []
        thread = threading.Thread(target=lambda: answers.append(post(hub, mail).status_code))
        thread.start()
        thread.join(60)
        assert answers == [200]
        (entry,) = journaled(hub)
        assert "took more than 30 s" in entry["error"]
        assert post(hub, ordinary("next")).status_code == 200
        hub.message_with("next")


class HubThatEnds(RunningHub):
    """`hub serve` whose process ends at one mail."""

    def _hub(self, *arguments: str) -> list[str]:
        if arguments[0] != "serve":
            return super()._hub(*arguments)
        return [sys.executable, "-m", "tests.hostile.hub_that_ends", *arguments]


def until_it_ends(hub: RunningHub) -> None:
    assert hub.process is not None
    assert hub.process.wait(60) == 9


def ends_by_imap(sandbox: Sandbox, _hub: RunningHub, mail: bytes) -> None:
    if not any(mail == there for there in sandbox.mail.inbox):
        sandbox.mail.arrives(mail)


def ends_by_webhook(_sandbox: Sandbox, hub: RunningHub, mail: bytes) -> None:
    with pytest.raises(requests.ConnectionError):
        post(hub, mail)


@pytest.mark.parametrize("bring", [ends_by_imap, ends_by_webhook])
def test_a_mail_over_which_the_hub_ended_twice_is_set_aside(
    sandbox: Sandbox, tmp_path: Path, bring: Callable[[Sandbox, RunningHub, bytes], None]
) -> None:
    deadly = ordinary("deadly") + DEADLY
    hub = HubThatEnds(tmp_path, config(sandbox))
    hub.start()
    post(hub, ordinary("first"))  # the mailbox has its position by now
    eventually(lambda: hub.message_with("first"))
    for _ in range(2):
        bring(sandbox, hub, deadly)
        until_it_ends(hub)
        hub.start()
    if bring is ends_by_webhook:
        assert post(hub, deadly).status_code == 200
    sandbox.mail.arrives(ordinary("afterwards"))
    hub.message_with("afterwards")
    (entry,) = journaled(hub)
    assert "ended 2 times" in entry["error"]
    hub.stop()
