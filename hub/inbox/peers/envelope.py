"""What processes send each other: numbered by the sender and signed with the hub's key. Pure."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any, Literal

import orjson

Kind = Literal["event", "alive", "bye"]
KINDS = ("event", "alive", "bye")
#: A hexadecimal HMAC-SHA256, and a space behind it.
_SIGNATURE = 64


class Refused(Exception):
    """What came is not of this hub.

    Args:
        reason: `unsigned`, `signature` or `unreadable`: the label of the metric.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message between processes.

    Args:
        process: the id of the sender.
        number: of an `event`, its number among the sender's; else of the sender's last event.
        body: what an `event` carries, in JSON; None for the others.
    """

    process: str
    number: int
    kind: Kind
    body: dict[str, Any] | None = None


class Signer:
    """Seals and opens envelopes. Nothing of an envelope is read before its signature is right."""

    def __init__(self, secret_key: str, hub_id: str) -> None:
        self._key = hmac.digest(secret_key.encode(), f"peers:{hub_id}".encode(), "sha256")

    def seal(self, envelope: Envelope) -> bytes:
        """The bytes that leave."""
        content = orjson.dumps(
            {
                "process": envelope.process,
                "kind": envelope.kind,
                "number": envelope.number,
                "body": envelope.body,
            }
        )
        return self._sign(content) + b" " + content

    def is_own_event(self, sealed: bytes, process: str) -> bool:
        """Whether bytes that came say that they are an event of this process.

        Redis brings a process what it published itself. Of its own events it needs nothing, so
        their signatures, half of all that come, are not checked.
        """
        beginning = b'{"process":"%b","kind":"event",' % process.encode()
        return sealed.startswith(beginning, _SIGNATURE + 1)

    def open(self, sealed: bytes) -> Envelope:
        """Reads the bytes that came. Raises Refused."""
        signature, content = sealed[:_SIGNATURE], sealed[_SIGNATURE + 1 :]
        if len(signature) < _SIGNATURE or sealed[_SIGNATURE : _SIGNATURE + 1] != b" ":
            raise Refused("unsigned")
        if not hmac.compare_digest(signature, self._sign(content)):
            raise Refused("signature")
        try:
            values = orjson.loads(content)
            envelope = Envelope(**values)
        except (orjson.JSONDecodeError, TypeError):
            raise Refused("unreadable") from None
        if envelope.kind not in KINDS or not isinstance(envelope.number, int):
            raise Refused("unreadable")  # of another version of the hub
        return envelope

    def _sign(self, content: bytes) -> bytes:
        return hmac.digest(self._key, content, "sha256").hex().encode()
