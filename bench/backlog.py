"""50,000 queued answers to a provider that answers at once, and the hub's other work meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import func, insert, select

from bench.servers import ACCOUNT, TWILIO_TOKEN, hub
from hub.store.engine import Store, Transaction
from hub.store.migrate import migrate
from hub.store.models import addresses, contacts, conversations, deliveries, messages
from tests.harness import RunningHub

QUEUED = 50_000
#: Of one address; Telegram's and Twilio's customers get a few each, and one gets very many.
PER_ADDRESS = 5
OF_ONE_ADDRESS = 10_000
#: How long is measured.
SECONDS = 20.0
GOAL_PER_SECOND = 200
GOAL_HEALTH_MS = 100.0
BATCH = 5_000


def run(folder: Path, queued: int = QUEUED, seconds: float = SECONDS) -> dict[str, Any]:
    """Measures how many leave in a second, and the 99th percentile of `/healthz` meanwhile."""
    with _provider() as url:
        folder.mkdir(parents=True, exist_ok=True)
        _fill(folder / "data" / "hub.db", queued)
        with hub(folder, _config(url)) as running:
            pings = _Pings(running)
            before, begin, cpu = _sent(url), time.monotonic(), _cpu_seconds(running)
            time.sleep(seconds)
            took, sent = time.monotonic() - begin, _sent(url) - before
            cpu = _cpu_seconds(running) - cpu
            return {
                "queued": queued,
                "sent": sent,
                "seconds": round(took, 1),
                "per_second": round(sent / took),
                "cpu_ms_each": round(cpu / max(sent, 1) * 1000, 2),
                "goal_per_second": GOAL_PER_SECOND,
                "health_p50_ms": round(pings.percentile(0.5), 1),
                "health_p99_ms": round(pings.percentile(0.99), 1),
                "goal_health_ms": GOAL_HEALTH_MS,
            }


def _cpu_seconds(running: RunningHub) -> float:
    """The processor time of the hub's process: what remains true on a busy machine."""
    assert running.process is not None
    fields = Path(f"/proc/{running.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _config(url: str) -> str:
    return f"""connectors:
  website: {{kind: webchat}}
  sms: {{kind: sms, provider: twilio, account_sid: {ACCOUNT}, auth_token: {TWILIO_TOKEN},
         number: "+15005550006", api_base: "{url}"}}
"""


class _Pings:
    """Asks `/healthz` twenty times a second, on connections of its own."""

    def __init__(self, running: RunningHub) -> None:
        self._url = f"{running.url}/healthz"
        self._times: list[float] = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            begin = time.perf_counter()
            try:
                requests.get(self._url, timeout=10)
            except requests.RequestException:
                return  # the hub has stopped
            self._times.append((time.perf_counter() - begin) * 1000)
            time.sleep(0.05)

    def percentile(self, part: float) -> float:
        times = sorted(self._times)
        return times[int((len(times) - 1) * part)]


@contextmanager
def _provider() -> Iterator[str]:
    """Runs a Twilio that takes every message at once, in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "bench.instant_twilio"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(10)


def _sent(url: str) -> int:
    return int(requests.get(f"{url}/count", timeout=10).text)


def _fill(path: Path, queued: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    store = Store(f"sqlite:///{path}")
    migrate(store)
    try:
        for begin in range(0, queued, BATCH):
            store.write(lambda tx, begin=begin: _add(tx, begin, min(BATCH, queued - begin)))  # type: ignore[misc]
        with store.read() as connection:
            count = connection.execute(select(func.count()).select_from(deliveries)).scalar()
            assert count == queued
    finally:
        store.close()


def _add(tx: Transaction, begin: int, count: int) -> None:
    """Adds messages `begin` to `begin + count`, each queued and due."""
    now = datetime.now(UTC) - timedelta(minutes=10)
    numbers = range(begin + 1, begin + count + 1)
    people = sorted({_person(number) for number in numbers})
    known = set(tx.execute(select(contacts.c.id).where(contacts.c.id.in_(people))).scalars())
    new = [person for person in people if person not in known]
    if new:
        tx.execute(insert(contacts), [_contact(person, now) for person in new])
        tx.execute(insert(addresses), [_address(person, now) for person in new])
        tx.execute(insert(conversations), [_conversation(person, now) for person in new])
    tx.execute(insert(messages), [_message(number, now) for number in numbers])
    tx.execute(insert(deliveries), [_delivery(number, now) for number in numbers])


def _person(number: int) -> int:
    return 1 if number <= OF_ONE_ADDRESS else 2 + number // PER_ADDRESS


def _contact(person: int, now: datetime) -> dict[str, Any]:
    return {
        "id": person,
        "root_id": person,
        "name": f"Person {person}",
        "avatar_url": "",
        "attributes": {},
        "created_at": now,
        "updated_at": now,
    }


def _address(person: int, now: datetime) -> dict[str, Any]:
    return {
        "id": person,
        "contact_id": person,
        "scheme": "tel",
        "path": f"+1202{person:07d}",
        "scope": "",
        "created_at": now,
    }


def _conversation(person: int, now: datetime) -> dict[str, Any]:
    return {
        "id": person,
        "contact_id": person,
        "status": "pending",
        "priority": "normal",
        "labels": [],
        "connectors": ["sms"],
        "unread_count": 0,
        "last_activity_at": now,
        "created_at": now,
        "updated_at": now,
    }


def _message(number: int, now: datetime) -> dict[str, Any]:
    person = _person(number)
    return {
        "id": number,
        "conversation_id": person,
        "contact_id": person,
        "address_id": person,
        "connector": "sms",
        "kind": "sms",
        "direction": "out",
        "type": "message",
        "author_type": "agent",
        "author_name": "Kadri",
        "text": f"Answer {number}",
        "folded": "",
        "created_at": now,
        "received_at": now,
    }


def _delivery(number: int, now: datetime) -> dict[str, Any]:
    return {
        "message_id": number,
        "connector": "sms",
        "address_id": _person(number),
        "status": "queued",
        "next_attempt_at": now + timedelta(milliseconds=number),
        "created_at": now,
        "updated_at": now,
    }
