"""From a customer's signed webhook to every agent's socket, at a steady pace."""

from __future__ import annotations

import pickle
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from statistics import quantiles
from typing import Any

from bench import servers
from bench.sockets import Crowd

AGENTS = 50
#: The number of sockets at which the time is measured.
TIMED_SOCKETS = 5
PER_SECOND = 50
SECONDS = 12
CUSTOMERS = 200


def run(folder: Path) -> dict[str, Any]:
    """Measures the milliseconds, p50 and p99, at some of the agents' sockets."""
    with servers.hub(folder / "latency") as hub:
        count = PER_SECOND * SECONDS
        requests = [servers.messenger(n, CUSTOMERS) for n in range(count)]
        client_input = pickle.dumps((hub.port, hub.url, hub.token, requests))
        client = subprocess.run(
            [sys.executable, "-m", "bench.latency"],
            input=client_input,
            capture_output=True,
            check=True,
        )
        waits = pickle.loads(client.stdout)
    if len(waits) != count * TIMED_SOCKETS:
        raise RuntimeError(f"{len(waits)} of {count * TIMED_SOCKETS} events arrived")
    cuts = quantiles(waits, n=100)
    return {
        "agents": AGENTS,
        "messages_per_second": PER_SECOND,
        "p50_ms": round(cuts[49] * 1000, 1),
        "p99_ms": round(cuts[98] * 1000, 1),
    }


def main() -> None:
    port, url, token, requests = pickle.loads(sys.stdin.buffer.read())
    crowd = Crowd(url, "/agent")
    for _ in range(AGENTS):
        crowd.join({"token": token})
    crowd.only_read(TIMED_SOCKETS)
    sent: dict[int, float] = {}
    threading.Thread(target=_send, args=(port, requests, sent), daemon=True).start()
    waits: list[float] = []
    wanted = len(requests) * TIMED_SOCKETS
    deadline = time.monotonic() + SECONDS + 20
    while len(waits) < wanted and time.monotonic() < deadline:
        for packet in crowd.read(1.0):
            now = time.perf_counter()
            if '"message.created"' in packet:
                match = re.search(r"order (\d+)\?", packet)
                assert match is not None
                waits.append(now - sent[int(match.group(1))])
    crowd.close()
    sys.stdout.buffer.write(pickle.dumps(waits))


def _send(port: int, requests: list[bytes], sent: dict[int, float]) -> None:
    begin = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number, request in enumerate(requests):
            time.sleep(max(0.0, begin + number / PER_SECOND - time.perf_counter()))
            sent[number] = time.perf_counter()
            connection.sendall(request)
            connection.recv(65536)


if __name__ == "__main__":
    main()
