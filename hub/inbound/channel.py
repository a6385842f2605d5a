"""Where an event came in, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.handover.redemption import RedeemedHandover, RefusedHandover
from hub.outbound.destinations import OutboundChannel
from hub.switches.detection import Switch


@dataclass(frozen=True, slots=True)
class InboundChannel:
    """Where an event came in: a connector's name and kind, and the secret of our reply tokens.

    `welcome` is said, by language, to who brings an invitation.
    """

    name: str
    kind: str
    secret: bytes = b""
    welcome: Mapping[str, str] = field(default_factory=dict)

    @property
    def reply_channel(self) -> OutboundChannel:
        """The way back to who wrote here."""
        return OutboundChannel(self.name, self.kind, "")


@dataclass(frozen=True, slots=True)
class ReceiveResult:
    """What became of an event. `message_id` is None where it made no message."""

    is_new: bool
    message_id: int | None = None
    fetches_media: bool = False
    #: Nobody knows yet what to call who wrote.
    is_nameless: bool = False
    #: What became of the invitation that it brought.
    handover: RedeemedHandover | RefusedHandover | None = None
    switch: Switch | None = None
