"""Accepts connections, whatever one of them does, and also when no descriptor is left."""

from __future__ import annotations

import errno
import os
import resource
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from hub import runtime
from hub.listener.connection import Connection, Shared, refuse
from hub.listener.limits import Limits
from hub.listener.proxies import Proxies
from hub.metrics import CONNECTIONS, CONNECTIONS_REFUSED

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = structlog.get_logger()

#: The soft limit of descriptors is raised to the hard one, but no further than this.
MAX_DESCRIPTORS = 65_536
#: Connections that the system keeps until they are accepted.
BACKLOG = 2048
#: Descriptors that connections leave to the database, to files and to calls of providers.
SPARE_DESCRIPTORS = 256
#: The listening socket itself is broken or closed; every other error of `accept` passes.
BROKEN_SOCKET = frozenset({errno.EBADF, errno.EINVAL, errno.ENOTSOCK, errno.EOPNOTSUPP})
EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE})
#: After an error other connections and timers get their turn.
ERROR_WAIT_SECONDS = 0.05
#: So many connections are accepted before those that are open get their turn.
BURST = 16
#: How many refused clients are waited for at a time, and for how long.
MAX_REFUSED = 64
REFUSED_SECONDS = 1.0
LOG_SECONDS = 60.0


def raise_descriptor_limit() -> int:
    """Lets this process open as many files as the system allows it. Returns how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    wanted = MAX_DESCRIPTORS if hard == unlimited else min(hard, MAX_DESCRIPTORS)
    if soft == unlimited or soft >= wanted:
        return MAX_DESCRIPTORS if soft == unlimited else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def listen(host: str, port: int) -> socket.socket:
    """Opens a listening socket.

    Raises:
        OSError: the port is in use or not permitted.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # SO_REUSEPORT stays off: a second hub would share the port and get every other request.
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


class Listener:
    """A listening socket with its connections."""

    def __init__(
        self,
        sock: socket.socket,
        app: WSGIApplication,
        limits: Limits,
        proxies: Proxies,
    ) -> None:
        descriptors = raise_descriptor_limit()
        #: Half of a small limit, and all but the spare ones of a large limit.
        self._max_connections = min(
            limits.max_connections, max(descriptors // 2, descriptors - SPARE_DESCRIPTORS)
        )
        # Accepted sockets inherit it. Without it the second packet of an answer waits until the
        # client has acknowledged the first, which clients delay by 40 ms.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = sock
        self._shared = Shared(app, limits, proxies, sock.getsockname()[1])
        self._reserve: int | None = os.open(os.devnull, os.O_RDONLY)
        self._lock = threading.Lock()
        self._count = 0
        self._refused = 0
        self._is_stopping = False
        self._last_logged: dict[str, float] = {}

    def start(self) -> None:
        """Begins to accept."""
        runtime.spawn(self._accept_all, name="listener")

    def stop(self) -> None:
        """Accepts nothing more. Open connections end with the response that is under way."""
        self._is_stopping = self._shared.is_stopping = True
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._socket.close()

    @property
    def is_gone(self) -> bool:
        """Whether the socket does not listen any more, though nothing stopped it."""
        if self._is_stopping:
            return False
        try:
            return not self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        except OSError:
            return True

    # -- accepting -------------------------------------------------------------------------------

    def _accept_all(self) -> None:
        accepted = 0
        while not self._is_stopping:
            try:
                sock, address = self._socket.accept()
            except OSError as error:
                if error.errno in BROKEN_SOCKET:
                    if not self._is_stopping:
                        log.error("listener.gone", error=error.strerror)
                    return
                self._survive(error)
                continue
            except Exception:
                # Nothing that one connection does may end the others.
                log.exception("listener.accept_failed")
                time.sleep(ERROR_WAIT_SECONDS)
                continue
            self._admit(sock, address[0] if isinstance(address, tuple) else "")
            accepted += 1
            if accepted % BURST == 0:
                runtime.yield_control()

    def _survive(self, error: OSError) -> None:
        if error.errno in EXHAUSTED:
            self._log("descriptors", "listener.no_descriptors")
            self._refuse_with_reserve()
        elif error.errno != errno.ECONNABORTED:
            self._log(f"errno {error.errno}", "listener.accept_failed", error=error.strerror)
        time.sleep(ERROR_WAIT_SECONDS)

    def _refuse_with_reserve(self) -> None:
        """Answers one client by means of the descriptor that was kept for this."""
        if self._reserve is not None:
            os.close(self._reserve)
            self._reserve = None
            try:
                self._socket.settimeout(0)
                sock, _ = self._socket.accept()
                CONNECTIONS_REFUSED.labels(reason="descriptors").inc()
                refuse(sock, "503 Service Unavailable", "The hub has no room. Try again.")
                sock.settimeout(0)
                with suppress(OSError):
                    sock.recv(64 * 1024)  # unread bytes would take the answer with them
                sock.close()
            except OSError:
                pass
            finally:
                self._socket.settimeout(None)
        with suppress(OSError):  # the next error tries again
            self._reserve = os.open(os.devnull, os.O_RDONLY)

    # -- connections -----------------------------------------------------------------------------

    def _admit(self, sock: socket.socket, peer: str) -> None:
        if self._count >= self._max_connections:
            self._shed(sock, "connections", "The hub has no room. Try again.")
            return
        key = None
        if not self._shared.proxies.count:
            key = self._shared.addresses.enter(peer)
            if key is None:
                self._shed(sock, "address", "Too many connections of one address.")
                return
        with self._lock:
            self._count += 1
        CONNECTIONS.inc()
        runtime.spawn_cheap(self._serve, sock, peer, key)

    def _serve(self, sock: socket.socket, peer: str, key: str | None) -> None:
        try:
            Connection(sock, peer, self._shared).serve()
        except (OSError, EOFError):
            pass  # the client is gone
        except Exception:
            log.exception("connection.broke")
        finally:
            sock.close()
            if key is not None:
                self._shared.addresses.leave(key)
            with self._lock:
                self._count -= 1
            CONNECTIONS.dec()

    def _shed(self, sock: socket.socket, reason: str, detail: str) -> None:
        CONNECTIONS_REFUSED.labels(reason=reason).inc()
        self._log(reason, "listener.shed", reason=reason, connections=self._count)
        if self._refused >= MAX_REFUSED:
            sock.close()
            return
        self._refused += 1
        runtime.spawn_cheap(self._refuse, sock, detail)

    def _refuse(self, sock: socket.socket, detail: str) -> None:
        try:
            refuse(sock, "503 Service Unavailable", detail)
            sock.shutdown(socket.SHUT_WR)
            sock.settimeout(REFUSED_SECONDS)
            sock.recv(64 * 1024)  # unread bytes would take the answer with them
        except OSError:
            pass
        finally:
            sock.close()
            self._refused -= 1

    def _log(self, kind: str, event: str, **fields: object) -> None:
        """Logs a warning, at most once a minute for each kind."""
        now = time.monotonic()
        if now - self._last_logged.get(kind, -LOG_SECONDS) >= LOG_SECONDS:
            self._last_logged[kind] = now
            log.warning(event, **fields)
