"""Sends prepared requests over open connections and measures how long they take.

`python -m bench.load` is a process of its own, so that the server's interpreter has a core to
itself. It reads a pickle from standard input: (port, requests, connections), and writes one of
the seconds and the number of failures.
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
    """Returns the requests per second.

    Raises:
        RuntimeError: a request was not answered with 2xx.
    """
    client_input = pickle.dumps((port, list(requests), connections))
    client = subprocess.run(
        [sys.executable, "-m", "bench.load"], input=client_input, capture_output=True, check=True
    )
    seconds, failed = pickle.loads(client.stdout)
    if failed:
        raise RuntimeError(f"{failed} of {len(requests)} requests were refused")
    return len(requests) / float(seconds)


def http_request(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """Writes a POST request as bytes."""
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

    def send_requests(number: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                with lock:
                    batch = list(islice(source, 4))
                if not batch:
                    return
                for request in batch:
                    connection.sendall(request)
                    if not _read_response(connection).startswith(b"HTTP/1.1 2"):
                        failed[number] += 1

    threads = [threading.Thread(target=send_requests, args=(n,)) for n in range(connections)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.stdout.buffer.write(pickle.dumps((time.perf_counter() - begin, sum(failed))))


def _read_response(connection: socket.socket) -> bytes:
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
