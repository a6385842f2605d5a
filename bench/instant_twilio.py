"""A Twilio that takes every message at once, counts them, and says how many."""

from __future__ import annotations

import socket
import threading

HEAD = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"


class Counter:
    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()

    def next(self) -> int:
        with self._lock:
            self.count += 1
            return self.count


def serve(connection: socket.socket, counter: Counter) -> None:
    """Answers every request on a connection."""
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        buffer = b""
        while True:
            while b"\r\n\r\n" not in buffer:
                if not (data := connection.recv(65536)):
                    return
                buffer += data
            head, _, buffer = buffer.partition(b"\r\n\r\n")
            length = next(
                (
                    int(line.partition(b":")[2])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length:")
                ),
                0,
            )
            while len(buffer) < length:
                if not (data := connection.recv(65536)):
                    return
                buffer += data
            buffer = buffer[length:]
            if head.startswith(b"POST"):
                body = b'{"sid":"SM%032x","status":"queued"}' % counter.next()
                connection.sendall(HEAD % (b"201 Created", len(body), body))
            else:
                body = str(counter.count).encode()
                connection.sendall(HEAD % (b"200 OK", len(body), body))


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    counter = Counter()
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, counter), daemon=True).start()


if __name__ == "__main__":
    main()
