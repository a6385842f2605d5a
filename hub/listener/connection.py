"""One connection of a client: its requests, one after the other."""

from __future__ import annotations

import socket
import sys
import time
from typing import TYPE_CHECKING, Any

import structlog

from hub import runtime
from hub.listener.body import RETRY_SECONDS, Body
from hub.listener.head import BadRequest, Head, parse_head
from hub.listener.incoming import Incoming
from hub.listener.limits import AddressCounts, ByteBudget, Limits
from hub.listener.proxies import PEER, Proxies
from hub.listener.response import SEND_SECONDS, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = structlog.get_logger()

#: The variable by which an application takes the connection over, for a websocket.
CONNECTION = "hub.connection"
#: How much of an unread body is dropped, and for how long, so that the client reads our answer.
DROP_BYTES = 64 * 1024 * 1024
DROP_SECONDS = 3.0


class Shared:
    """What all connections of a listener have in common."""

    def __init__(self, app: WSGIApplication, limits: Limits, proxies: Proxies, port: int) -> None:
        self.app = app
        self.limits = limits
        self.proxies = proxies
        #: The variables that are the same for all requests.
        self.environ: dict[str, Any] = {
            "SERVER_NAME": "localhost",
            "SERVER_PORT": str(port),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        self.addresses = AddressCounts(limits.max_connections_per_address)
        self.memory = ByteBudget(limits.body_memory_bytes)
        self.disk = ByteBudget(limits.body_disk_bytes)
        #: After this every response is the last one of its connection.
        self.is_stopping = False


class Connection:
    """An accepted socket."""

    def __init__(self, sock: socket.socket, peer: str, shared: Shared) -> None:
        self._socket = sock
        self._peer = peer
        self._shared = shared
        self._incoming = Incoming(sock)
        self._response: Response | None = None

    def serve(self) -> None:
        """Answers requests until the connection is over. The caller closes the socket."""
        limits = self._shared.limits
        wait_seconds = limits.header_seconds
        while self._incoming.wait(wait_seconds) and self._serve_request():
            wait_seconds = limits.keep_alive_seconds
            if self._incoming.has_more:
                # A client that sends requests without a pause must not keep the process to itself.
                runtime.yield_control()

    def take_over(self) -> tuple[socket.socket, Incoming, Limits, ByteBudget]:
        """Gives the socket to the application, which speaks another protocol on it from now on."""
        assert self._response is not None
        self._response.is_taken_over = True
        return self._socket, self._incoming, self._shared.limits, self._shared.memory

    def _serve_request(self) -> bool:
        """Answers one request. Returns whether another one may follow."""
        limits = self._shared.limits
        try:
            deadline = time.monotonic() + limits.header_seconds
            data = self._incoming.read_head(limits.max_header_bytes, deadline, self._shared.memory)
            if data is None:
                return False
            head = parse_head(data)
        except BadRequest as error:
            self.refuse(error.status, error.detail)
            return False
        except TimeoutError:
            self.refuse("408 Request Timeout", "The head of the request came too slowly.")
            return False
        environ: dict[str, Any] = head.environ()
        environ[PEER] = self._peer
        address = self._shared.proxies.client_address(
            self._peer, environ.get("HTTP_X_FORWARDED_FOR", "")
        )
        environ["REMOTE_ADDR"] = address
        self._shared.proxies.check(environ)
        if not self._shared.proxies.count:
            return self._call_application(head, environ)  # the address was counted at the door
        # A proxy's connections are those of all its clients, so their requests are counted.
        key = self._shared.addresses.enter(address)
        if key is None:
            self.refuse("503 Service Unavailable", "Too many requests of one address at once.")
            return False
        try:
            return self._call_application(head, environ)
        finally:
            self._shared.addresses.leave(key)

    def _call_application(self, head: Head, environ: dict[str, Any]) -> bool:
        body = self._body(head, environ["PATH_INFO"])
        response = self._response = Response(
            self._socket,
            head,
            closes=lambda: (
                head.wants_close or self._shared.is_stopping or not body.skip_if_buffered()
            ),
        )
        self._complete(environ, body)
        try:
            self._run(environ, response)
        finally:
            body.close()
            self._response = None
        if response.is_taken_over:
            return False
        if not body.is_received:
            self._end_sending()
        return not response.must_close and body.is_received

    def _run(self, environ: dict[str, Any], response: Response) -> None:
        pieces: Any = None
        try:
            pieces = self._shared.app(environ, response.start)
            response.send(pieces)
        except (ConnectionError, TimeoutError):
            raise  # the client is gone, or takes nothing
        except Exception:
            log.exception("request.broke", path=environ["PATH_INFO"])
            response.must_close = True
            if not response.is_started and not response.is_taken_over:
                response.start("500 Internal Server Error", [("Content-Type", "text/plain")])
                response.send([b"Something went wrong here. The log says what.\n"])
        finally:
            if hasattr(pieces, "close"):
                pieces.close()

    def _body(self, head: Head, path: str) -> Body:
        shared = self._shared
        return Body(
            self._incoming,
            head.length,
            shared.limits.body_limit(path),
            memory=shared.memory,
            disk=shared.disk,
            pace=shared.limits.pace,
            spool_folder=shared.limits.spool_folder,
            send_continue=self._send_continue if head.expects_continue else None,
        )

    def _complete(self, environ: dict[str, Any], body: Body) -> None:
        environ.update(self._shared.environ)
        environ["wsgi.input"] = body
        environ[CONNECTION] = self
        if "HTTP_TRANSFER_ENCODING" in environ:
            environ["wsgi.input_terminated"] = True

    def _send_continue(self) -> None:
        self._socket.settimeout(SEND_SECONDS)
        self._socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    def refuse(self, status: str, detail: str) -> None:
        """Answers without the application, and ends the connection."""
        refuse(self._socket, status, detail)
        self._end_sending()

    def _end_sending(self) -> None:
        """Ends our side, and reads on for a moment, so that the client reads our answer."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            return
        self._incoming.drop(DROP_BYTES, DROP_SECONDS)


def refuse(sock: socket.socket, status: str, detail: str) -> None:
    """Sends a response that ends the connection. An error means that the client is gone."""
    body = f"{detail}\n".encode()
    retry = f"Retry-After: {RETRY_SECONDS}\r\n" if status.startswith("503") else ""
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
        f"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n{retry}"
        "Connection: close\r\n\r\n"
    )
    try:
        sock.settimeout(SEND_SECONDS)
        sock.sendall(head.encode() + body)
    except OSError:
        return
