"""Sends prepared requests over kept connections, and counts. `python -m bench.load` is one client.

A process of its own, so that the server's interpreter has a core to itself. Reads its orders as a
pickle on standard input: (host, port, requests, connections). Prints seconds and failures.
"""

from __future__ import annotations

import pickle
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from itertools import islice


def run(port: int, requests: Sequence[bytes], connections: int) -> float:
    """Requests per second. Raises when one was not answered with 2xx."""
    orders = pickle.dumps((port, list(requests), connections))
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"], input=orders, capture_output=True, check=True
    )
    seconds, failed = pickle.loads(done.stdout)
    if failed:
        raise RuntimeError(f"{failed} of {len(requests)} requests were refused")
    return len(requests) / float(seconds)


def request(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def main() -> None:
    port, requests, connections = pickle.loads(sys.stdin.buffer.read())
    failed = [0] * connections
    source = iter(requests)
    lock = threading.Lock()

    def client(number: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                with lock:
                    few = list(islice(source, 4))
                if not few:
                    return
                for one in few:
                    connection.sendall(one)
                    if not _answer(connection).startswith(b"HTTP/1.1 2"):
                        failed[number] += 1

    threads = [threading.Thread(target=client, args=(n,)) for n in range(connections)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.stdout.buffer.write(pickle.dumps((time.perf_counter() - begin, sum(failed))))


def _answer(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        body += connection.recv(65536)
    return head


if __name__ == "__main__":
    main()
