"""A thousand wait and fifty agents come online: until when has everybody somebody?

A real hub with a real database and sockets. Beside it a page of a visitor says something small all
the time: how long it waits for its answers is how long the sockets stood still.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import websocket
from sqlalchemy import func, insert, select

from bench import servers
from bench.sockets import Crowd
from hub.accounts import api_tokens
from hub.inbound.channel import InboundChannel
from hub.inbound.receive import receive_event
from hub.store.engine import Store, Transaction
from hub.store.migrate import migrate
from hub.store.models import agents, conversations
from hub.types import Address, InboundMessage, Profile, WebhookRequest
from tests.harness import RunningHub

AGENTS = 50
WAITING = 1000
GOAL_SECONDS = 2.0
GOAL_STALL_MS = 100.0
PING_EVERY = 0.005
PATIENCE = 60.0

CONFIG = servers.CONFIG + "assignment: {capacity: {default: 25}}\n"


def run(folder: Path) -> dict[str, Any]:
    """Seconds until all have an agent, and the longest a socket waited meanwhile."""
    data = folder / "drain" / "data"
    data.mkdir(parents=True)
    store = Store(f"sqlite:///{data / 'hub.db'}")
    migrate(store)
    tokens = hire(store, AGENTS, presence="away")
    write(store, WAITING)
    with servers.hub(folder / "drain", CONFIG) as hub:
        until(lambda: decided(store) == WAITING)
        crowd = Crowd(hub.url, "/agent")
        for token in tokens:
            crowd.join({"token": token})
        crowd.only_count_on(0)
        with pinging(hub.url) as pings:
            began, spent = time.monotonic(), cpu_seconds(hub)
            for socket in crowd.sockets:
                socket.send('42/agent,["presence.set",{"presence":"online"}]')
            ended = until(lambda: crowd.read(0.01) is not None and held(store) == WAITING)
            spent = cpu_seconds(hub) - spent
        crowd.close()
    store.close()
    waits = [wait * 1000 for at, wait in pings if at < ended and at + wait > began]
    return {
        "agents": AGENTS,
        "waiting": WAITING,
        "seconds": round(ended - began, 2),
        "cpu_seconds": round(spent, 2),
        "goal_seconds": GOAL_SECONDS,
        "stall_ms": round(max(waits), 1),
        "usual_ms": round(median(waits), 1),
        "goal_stall_ms": GOAL_STALL_MS,
    }


def held(store: Store) -> int:
    with store.read() as connection:
        query = select(func.count()).where(conversations.c.assignee_id.is_not(None))
        return int(connection.execute(query).scalar_one())


def decided(store: Store) -> int:
    with store.read() as connection:
        query = select(func.count()).where(conversations.c.rule.is_not(None))
        return int(connection.execute(query).scalar_one())


def until(look: Any) -> float:
    """The moment at which it became true."""
    deadline = time.monotonic() + PATIENCE
    while not look():
        if time.monotonic() > deadline:
            raise RuntimeError("this never came")
        time.sleep(0.005)
    return time.monotonic()


def cpu_seconds(hub: RunningHub) -> float:
    """What the hub's process has had of a core so far: what a busy machine adds is not in it."""
    assert hub.process is not None
    fields = Path(f"/proc/{hub.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def hire(store: Store, count: int, presence: str = "online") -> list[str]:
    """Agents with a token each."""

    def hire_all(tx: Transaction) -> list[str]:
        found = []
        for number in range(count):
            email = f"agent{number}@example.org"
            tx.execute(
                insert(agents).values(
                    email=email,
                    name=f"Agent {number}",
                    role="agent",
                    password_hash="",
                    avatar_url="",
                    presence=presence,
                    skills=[],
                    languages=[],
                    created_at=tx.now,
                )
            )
            found.append(api_tokens.add_token(tx, f"Agent {number}", email))
        return found

    return store.write(hire_all)


def write(store: Store, count: int, begin: int = 0) -> None:
    """Customers who write for the first time."""
    inlet = InboundChannel("telegram", "telegram")
    request = WebhookRequest("POST", "", b"")

    def write_some(tx: Transaction, numbers: range) -> None:
        for number in numbers:
            event = InboundMessage(
                key=f"bench-{number}",
                external_id=f"bench-{number}",
                raw=b"",
                address=Address("telegram", str(5_000_000 + number)),
                text=f"Where is my order {number}?",
                profile=Profile(name=f"Person {number}"),
            )
            receive_event(tx, inlet, event, request)

    for first in range(begin, begin + count, 100):
        numbers = range(first, min(first + 100, begin + count))
        store.write(lambda tx, numbers=numbers: write_some(tx, numbers))  # type: ignore[misc]


# -- how long a socket waits -----------------------------------------------------------------------


@contextmanager
def pinging(url: str) -> Iterator[list[tuple[float, float]]]:
    """In a process of its own. Afterwards: when each was sent, and how long its answer took."""
    found: list[tuple[float, float]] = []
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.router_drain", url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdout.readline()  # it has begun
        time.sleep(0.2)
        yield found
        process.stdin.close()  # which ends it
        found += pickle.loads(process.stdout.read())
    finally:
        process.kill()
        process.wait(10)


def ping(url: str) -> None:
    address = url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
    socket = websocket.create_connection(address, timeout=PATIENCE)
    socket.recv()
    socket.send(f"40/visitor,{json.dumps({'connector': 'website'})}")
    while not str(socket.recv()).startswith("40/visitor"):
        pass
    ended = threading.Event()

    def wait_for_the_end() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    print("begun", flush=True)
    waits = []
    while not ended.is_set():
        sent = time.monotonic()
        socket.send('42/visitor,1["typing",{"on":false}]')
        while not (answer := str(socket.recv())).startswith("43/visitor"):
            if answer == "2":
                socket.send("3")
        waits.append((sent, time.monotonic() - sent))
        time.sleep(PING_EVERY)
    socket.close()
    sys.stdout.buffer.write(pickle.dumps(waits))


if __name__ == "__main__":
    ping(sys.argv[1])
