"""The draining of a full queue: a thousand conversations wait and fifty agents come online.

A real hub with a real database and sockets. Meanwhile the page of a visitor sends a small event
again and again: the time until its answers is the time for which the sockets stood still.
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
    """Measures the seconds until all have an agent, and the longest wait of a socket meanwhile."""
    data = folder / "drain" / "data"
    data.mkdir(parents=True)
    store = Store(f"sqlite:///{data / 'hub.db'}")
    migrate(store)
    tokens = add_agents(store, AGENTS, presence="away")
    add_conversations(store, WAITING)
    with servers.hub(folder / "drain", CONFIG) as hub:
        wait_until(lambda: count_routed(store) == WAITING)
        crowd = Crowd(hub.url, "/agent")
        for token in tokens:
            crowd.join({"token": token})
        crowd.only_read(0)
        with pinging(hub.url) as pings:
            began, cpu_before = time.monotonic(), cpu_seconds(hub)
            for socket in crowd.sockets:
                socket.send('42/agent,["presence.set",{"presence":"online"}]')
            ended = wait_until(
                lambda: crowd.read(0.01) is not None and count_assigned(store) == WAITING
            )
            spent = cpu_seconds(hub) - cpu_before
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


def count_assigned(store: Store) -> int:
    with store.read() as connection:
        query = select(func.count()).where(conversations.c.assignee_id.is_not(None))
        return int(connection.execute(query).scalar_one())


def count_routed(store: Store) -> int:
    with store.read() as connection:
        query = select(func.count()).where(conversations.c.rule.is_not(None))
        return int(connection.execute(query).scalar_one())


def wait_until(condition: Any) -> float:
    """Waits for a condition. Returns the monotonic time at which it became true."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError("this never came")
        time.sleep(0.005)
    return time.monotonic()


def cpu_seconds(hub: RunningHub) -> float:
    """Returns the CPU time of the hub's process: waits of a busy machine do not count."""
    assert hub.process is not None
    fields = Path(f"/proc/{hub.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def add_agents(store: Store, count: int, presence: str = "online") -> list[str]:
    """Adds agents and returns a token of each."""

    def write_agents(tx: Transaction) -> list[str]:
        tokens = []
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
            tokens.append(api_tokens.add_token(tx, f"Agent {number}", email))
        return tokens

    return store.write(write_agents)


def add_conversations(store: Store, count: int, begin: int = 0) -> None:
    """Lets customers write for the first time."""
    channel = InboundChannel("telegram", "telegram")
    request = WebhookRequest("POST", "", b"")

    def write_batch(tx: Transaction, numbers: range) -> None:
        for number in numbers:
            event = InboundMessage(
                key=f"bench-{number}",
                external_id=f"bench-{number}",
                raw=b"",
                address=Address("telegram", str(5_000_000 + number)),
                text=f"Where is my order {number}?",
                profile=Profile(name=f"Person {number}"),
            )
            receive_event(tx, channel, event, request)

    for first in range(begin, begin + count, 100):
        numbers = range(first, min(first + 100, begin + count))
        store.write(lambda tx, numbers=numbers: write_batch(tx, numbers))  # type: ignore[misc]


# -- the wait of a socket --------------------------------------------------------------------------


@contextmanager
def pinging(url: str) -> Iterator[list[tuple[float, float]]]:
    """Sends events in a process of its own.

    At the end the list has the time of each event and the seconds until its answer.
    """
    pings: list[tuple[float, float]] = []
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.router_drain", url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdout.readline()  # the process has begun
        time.sleep(0.2)
        yield pings
        process.stdin.close()  # ends the process
        pings += pickle.loads(process.stdout.read())
    finally:
        process.kill()
        process.wait(10)


def ping(url: str) -> None:
    """Sends events until standard input is closed, and writes their times as a pickle."""
    address = url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
    socket = websocket.create_connection(address, timeout=PATIENCE)
    socket.recv()
    socket.send(f"40/visitor,{json.dumps({'connector': 'website'})}")
    while not str(socket.recv()).startswith("40/visitor"):
        pass
    ended = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
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
