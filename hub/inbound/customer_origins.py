"""Where customers came from, without the secrets of handovers, which come the same way."""

from __future__ import annotations

from dataclasses import replace

from hub.contacts import kept_origins
from hub.contacts.contact_addresses import ContactAddress
from hub.handover.redemption import RedeemedHandover, RefusedHandover, secrets_in
from hub.schema.tokens import is_token
from hub.store.engine import Transaction
from hub.types import ContactEvent, InboundMessage, MessageOrigin

Handover = RedeemedHandover | RefusedHandover | None


def shown_origin(event: InboundMessage | ContactEvent, handover: Handover) -> MessageOrigin | None:
    """The origin of an event, as agents may see it.

    Args:
        handover: what became of the handover that came with the event.
    """
    origin, secret = event.origin, event.handover_token
    if origin is None or not _is_secret(secret, handover):
        return origin
    if origin.kind in ("link", "start"):
        return None
    return replace(
        origin,
        ref="" if origin.ref == secret else origin.ref,
        url="" if secret in origin.url else origin.url,
    )


def with_origin(
    tx: Transaction,
    connector: str,
    sender: ContactAddress,
    event: InboundMessage,
    handover: Handover,
) -> InboundMessage:
    """The message with its origin, or with the one that was told before it."""
    origin = shown_origin(event, handover) or kept_origins.take_origin(tx, sender, connector)
    return event if origin == event.origin else replace(event, origin=origin)


def _is_secret(text: str, handover: Handover) -> bool:
    """Whether the word of a link is a token or code of ours; a used one is none less.

    A token is known by its form. A code may look like a campaign's name: that is unknown here.
    """
    if is_token(text):
        return True
    is_unknown = isinstance(handover, RefusedHandover) and handover.reason == "unknown"
    return bool(secrets_in(text)) and not is_unknown
