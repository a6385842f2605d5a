"""The channel that an event came in by, and what became of the event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.handover.redemption import RedeemedHandover, RefusedHandover
from hub.outbound.destinations import OutboundChannel
from hub.switches.detection import Switch


@dataclass(frozen=True, slots=True)
class InboundChannel:
    """A connector with what inbound needs to know of it.

    Args:
        secret: the key that signs our reply tokens.
        welcome: the text for a customer who redeems a handover, by language.
    """

    name: str
    kind: str
    secret: bytes = b""
    welcome: Mapping[str, str] = field(default_factory=dict)

    @property
    def reply_channel(self) -> OutboundChannel:
        """The channel back to the sender, without its limits."""
        return OutboundChannel(self.name, self.kind, "")


@dataclass(frozen=True, slots=True)
class ReceiveResult:
    """What became of an event.

    Args:
        is_new: false where the event had been received before.
        message_id, conversation_id: of the message that the event made, None where it made none.
        fetches_media: whether the message has files to fetch.
        is_nameless: whether no name of the sender is known yet.
        handover: what became of the handover that came with the event.
        switch: the customer's change of channel that the event brought.
        unseen: why the event shows nowhere, "" where it shows; its journal entry says so.
    """

    is_new: bool
    message_id: int | None = None
    conversation_id: int | None = None
    fetches_media: bool = False
    is_nameless: bool = False
    handover: RedeemedHandover | RefusedHandover | None = None
    switch: Switch | None = None
    unseen: str = ""
