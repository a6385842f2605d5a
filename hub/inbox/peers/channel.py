"""The Redis channel of one hub: a thread that publishes and one that listens.

No request and no screen waits for Redis: what is published waits in a queue, and while Redis is
away it is dropped. The others notice by the numbers. Only a hub of several processes imports this
module: redis is an extra.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any, Literal

import structlog
from redis import Redis, RedisError

from hub import runtime
from hub.inbox.peers.envelope import Envelope, Kind, Refused, Signer
from hub.inbox.peers.gaps import ALIVE_SECONDS, SILENT_SECONDS, Gaps
from hub.metrics import PEER_REFUSED, REDIS_CONNECTED, RESYNCS

log = structlog.get_logger()

#: How long one call of Redis may take.
CALL_SECONDS = 2.0
#: The own signs of life come back by Redis. Without one for so long the connection is broken,
#: whatever it says of itself.
OWN_SECONDS = 4.0
#: How long a start waits for its subscription. Without Redis the hub serves all the same.
START_SECONDS = 5.0
#: How long a process that stops waits for the end of what it says, and of what the others said.
FAREWELL_SECONDS = 2.0
#: Before the next try to reach Redis.
RETRY_SECONDS = 0.5
#: More waiting messages than this are dropped.
MAX_QUEUE = 10_000

#: Redis, or the way to it, is away.
UNREACHABLE = (RedisError, OSError)

State = Literal["ok", "away"]


class PeerChannel:
    """The channel of this process to the others of its hub."""

    def __init__(self, redis_url: str, hub_id: str, process_id: str, signer: Signer) -> None:
        self.process_id = process_id
        self._url = redis_url
        self._name = f"hub:{hub_id}:sockets"
        self._signer = signer
        self._gaps = Gaps()
        self._outgoing: queue.Queue[Envelope] = queue.Queue(MAX_QUEUE)
        self._number = 0
        self._number_lock = threading.Lock()
        #: The own signs of life, and those of them that came back.
        self._signs_said = self._signs_heard = 0
        self._receive: Callable[[dict[str, Any]], None] = lambda _body: None
        self._listeners: list[Callable[[State], None]] = []
        self._resync: Callable[[float], None] = lambda _seconds: None
        self._away_since = self._back_at = time.monotonic()
        self._is_leaving = False
        self._state: State = "away"
        self._was_live = False
        self._live = threading.Event()
        self._said_bye = threading.Event()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def state(self) -> State:
        """Whether events go to and come from the other processes."""
        return self._state

    def on_event(self, receive: Callable[[dict[str, Any]], None]) -> None:
        """Gives each event of another process to `receive`, in the order of its sender."""
        self._receive = receive

    def on_resync(self, resync: Callable[[float], None]) -> None:
        """Calls `resync` when events may have been missed, after Redis is back.

        Args:
            resync: gets the number of seconds since the first event that may be missing.
        """
        self._resync = resync

    def on_state(self, listener: Callable[[State], None]) -> None:
        """Calls `listener` when Redis is away, and when it is back."""
        self._listeners.append(listener)

    def start(self) -> None:
        """Begins, and waits until the subscription holds: no later event is missed unnoticed."""
        self._threads = [
            runtime.spawn(self._publish_all, name="peers-publish"),
            runtime.spawn(self._listen, name="peers-listen"),
        ]
        if not self._live.wait(START_SECONDS):
            log.warning("redis.away", why="it does not answer at the start")
            self._tell("away")

    def stop(self) -> None:
        """Says goodbye, and waits for what the others said before it."""
        if not self._threads:
            return
        self._is_leaving = True
        self._put("bye")
        if self._state == "ok":
            self._said_bye.wait(FAREWELL_SECONDS)
        self._stop.set()
        for thread in self._threads:
            thread.join(CALL_SECONDS + ALIVE_SECONDS)

    def settle(self) -> None:
        """Waits until everything has come that the others said before this moment."""
        if self._state != "ok":
            return
        self._put("alive")
        wanted = self._signs_said
        deadline = time.monotonic() + FAREWELL_SECONDS
        while self._signs_heard < wanted and time.monotonic() < deadline:
            time.sleep(0.02)

    def publish(self, body: dict[str, Any]) -> None:
        """Sends an event to the other processes, at some later moment or not at all."""
        self._put("event", body)

    def _put(self, kind: Kind, body: dict[str, Any] | None = None) -> None:
        with self._number_lock:  # they leave in the order of their numbers
            self._number += kind == "event"
            self._signs_said += kind == "alive"
            try:
                self._outgoing.put_nowait(Envelope(self.process_id, self._number, kind, body))
            except queue.Full:
                log.warning("redis.dropped", number=self._number)

    # -- publishing ----------------------------------------------------------------------------

    def _publish_all(self) -> None:
        redis: Redis | None = None
        alive_at = 0.0
        while True:
            try:
                envelope = self._outgoing.get(timeout=ALIVE_SECONDS)
            except queue.Empty:
                envelope = None
            if self._stop.is_set():
                return
            try:
                redis = redis or self._open()
                # While Redis is away one sign a second asks for it; events would only wait.
                if envelope is not None and (self._state == "ok" or envelope.kind != "event"):
                    redis.publish(self._name, self._signer.seal(envelope))
                # Behind a goodbye it would be a new process to the others.
                if not self._is_leaving and time.monotonic() - alive_at >= ALIVE_SECONDS:
                    alive_at = time.monotonic()
                    self._put("alive")
            except UNREACHABLE as error:
                log.info("redis.publish_failed", error=type(error).__name__)
                self._close(redis)
                redis = None
            except Exception:
                # One event that cannot be sent is a gap, and no end.
                log.exception("peers.publish_failed")

    # -- listening -----------------------------------------------------------------------------

    def _listen(self) -> None:
        while not self._stop.is_set():
            redis: Redis | None = None
            try:
                redis = self._open()
                subscription = redis.pubsub()  # type: ignore[no-untyped-call]
                subscription.subscribe(self._name)
                self._follow(subscription)
            except UNREACHABLE as error:
                if not self._stop.is_set():
                    log.warning("redis.away", why=f"{type(error).__name__}: {error}")
            except Exception:
                # The next subscription begins after a gap, which the sockets are told of.
                log.exception("peers.listen_failed")
            self._close(redis)
            if not self._stop.is_set():
                self._tell("away")
                self._stop.wait(RETRY_SECONDS)

    def _follow(self, subscription: Any) -> None:
        """Handles what comes until the process stops. Raises when the connection is lost."""
        own_at = time.monotonic()
        while not self._stop.is_set():
            message = subscription.get_message(timeout=ALIVE_SECONDS)
            now = time.monotonic()
            if message is not None and message["type"] == "subscribe":
                own_at = now
                self._gaps.subscribed(now)
            elif (
                message is not None
                and message["type"] == "message"
                and not self._signer.is_own_event(message["data"], self.process_id)
            ):
                envelope = self._opened(message["data"])
                if envelope is not None and envelope.process == self.process_id:
                    own_at = now
                    self._heard_itself(envelope)
                elif envelope is not None:
                    self._handle(envelope, now)
            if now - own_at > OWN_SECONDS:
                raise TimeoutError("what this process says does not come back")
            for process in self._gaps.forget_silent(now):
                log.warning("peer.silent", process=process)
                self._missed("silent")

    def _opened(self, data: bytes) -> Envelope | None:
        try:
            return self._signer.open(data)
        except Refused as refused:
            PEER_REFUSED.labels(reason=refused.reason).inc()
            log.warning("peer.refused", reason=refused.reason)
            return None

    def _heard_itself(self, envelope: Envelope) -> None:
        """The way there and back works."""
        self._signs_heard += envelope.kind == "alive"
        if envelope.kind == "bye":
            self._said_bye.set()
        if self._state == "ok":
            return
        self._tell("ok")
        if self._was_live:
            self._missed("redis_away")
        self._was_live = True
        self._live.set()

    def _handle(self, envelope: Envelope, now: float) -> None:
        arrival = self._gaps.arrived(envelope, now)
        if arrival.is_new and envelope.body is not None:
            try:
                self._receive(envelope.body)
            except Exception:
                # One event that cannot be handled keeps none of the others.
                log.exception("peer.failed")
        elif envelope.kind == "event":
            PEER_REFUSED.labels(reason="repeated").inc()
        if arrival.has_gap:
            log.warning("peer.gap", process=envelope.process)
            self._missed("gap")

    def _missed(self, reason: str) -> None:
        RESYNCS.labels(reason=reason).inc()
        now = time.monotonic()
        # For a while after Redis is back a gap may be of the time before.
        since = self._away_since if now - self._back_at < 2 * SILENT_SECONDS else now
        self._resync(now - since + 2 * SILENT_SECONDS)

    def _tell(self, state: State) -> None:
        REDIS_CONNECTED.set(state == "ok")
        if state == self._state and self._live.is_set():
            return
        if state == "ok":
            self._back_at = time.monotonic()
            self._signs_heard = self._signs_said  # those that were said into the void are over
        else:
            self._away_since = time.monotonic()
        self._state = state
        for listener in self._listeners:
            listener(state)

    def _open(self) -> Redis:
        return Redis.from_url(
            self._url, socket_timeout=CALL_SECONDS, socket_connect_timeout=CALL_SECONDS
        )

    @staticmethod
    def _close(redis: Redis | None) -> None:
        if redis is not None:
            try:
                redis.close()
            except UNREACHABLE as error:
                log.info("redis.close_failed", error=type(error).__name__)
