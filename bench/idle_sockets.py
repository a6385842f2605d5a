"""Thousands of open chats in which nobody writes: what each costs, and what it costs the others."""

from __future__ import annotations

import json
import pickle
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path
from statistics import quantiles
from typing import Any

import requests

from bench import servers
from bench.footprint import resident_mb
from bench.sockets import Crowd
from tests.harness import RunningHub

SOCKETS = 5000
MESSAGES = 200
HEALTH_CHECKS = 500
#: As long as one round of Engine.IO's pings.
IDLE_SECONDS = 25.0
GOAL_HEALTH_MS = 100
#: What every browser offers; a server that accepts it keeps a compressor for each socket.
OFFER = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"


def run(folder: Path) -> dict[str, Any]:
    """Measures KB for each socket, the share of a core while idle, and milliseconds meanwhile."""
    with servers.hub(folder / "sockets") as hub:
        before = resident_mb(hub)
        client = subprocess.Popen(
            [sys.executable, "-m", "bench.idle_sockets"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert client.stdin is not None
        assert client.stdout is not None
        try:
            pickle.dump((hub.url, hub.token, SOCKETS), client.stdin)
            client.stdin.flush()
            joined_seconds = pickle.load(client.stdout)
            after = resident_mb(hub)
            cpu = processor_seconds(hub)
            time.sleep(IDLE_SECONDS)
            cpu = processor_seconds(hub) - cpu
            client.stdin.write(b"\n")
            client.stdin.close()
            message_ms, health_ms, open_sockets = pickle.load(client.stdout)
        finally:
            client.kill()
            client.wait()
    if open_sockets != SOCKETS:
        raise RuntimeError(f"{SOCKETS - open_sockets} of {SOCKETS} sockets were closed")
    message_cuts = quantiles(message_ms, n=100)
    return {
        "sockets": SOCKETS,
        "joined_per_second": round(SOCKETS / joined_seconds),
        "kb_per_socket": round((after - before) * 1000 / SOCKETS, 1),
        "idle_core_percent": round(100 * cpu / IDLE_SECONDS, 1),
        "message_p50_ms": round(message_cuts[49], 1),
        "message_p99_ms": round(message_cuts[98], 1),
        "health_p99_ms": round(quantiles(health_ms, n=100)[98], 1),
        "goal_health_ms": GOAL_HEALTH_MS,
    }


def processor_seconds(hub: RunningHub) -> float:
    """The processor time that a hub has taken since its start."""
    assert hub.process is not None
    fields = Path(f"/proc/{hub.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def main() -> None:
    url, _token, count = pickle.load(sys.stdin.buffer)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    crowd = Crowd(url, "/visitor")
    reading = threading.Event()
    begin = time.perf_counter()
    for _ in range(count):
        crowd.join({"connector": "website"}, header=[OFFER])
        if len(crowd.sockets) % 50 == 0:
            crowd.read(0)  # answers the pings
    pickle.dump(time.perf_counter() - begin, sys.stdout.buffer)
    sys.stdout.buffer.flush()
    thread = threading.Thread(target=_read, args=(crowd, reading), daemon=True)
    thread.start()
    sys.stdin.buffer.readline()
    messages = [_message_ms(url, number) for number in range(MESSAGES)]
    health = [_health_ms(url) for _ in range(HEALTH_CHECKS)]
    reading.set()
    thread.join()
    pickle.dump((messages, health, crowd.count_open()), sys.stdout.buffer)
    sys.stdout.buffer.flush()


def _read(crowd: Crowd, stop: threading.Event) -> None:
    while not stop.is_set():
        crowd.read(0.2)


def _message_ms(url: str, number: int) -> float:
    """Says something in a chat of its own. Returns the time until it is acknowledged."""
    crowd = Crowd(url, "/visitor")
    crowd.join({"connector": "website"}, header=[OFFER])
    (socket,) = crowd.sockets
    message = {"text": f"Where is order {number}?", "client_id": f"c{number}"}
    begin = time.perf_counter()
    socket.send(f"42/visitor,7{json.dumps(['message.send', message])}")
    while not socket.recv().startswith("43/visitor,7"):
        pass
    milliseconds = (time.perf_counter() - begin) * 1000
    crowd.close()
    return milliseconds


def _health_ms(url: str) -> float:
    begin = time.perf_counter()
    requests.get(f"{url}/healthz", timeout=20).raise_for_status()
    return (time.perf_counter() - begin) * 1000


if __name__ == "__main__":
    main()
