"""Where customers came from, told before they wrote: kept until their next message."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update

from hub.contacts.contact_addresses import ContactAddress
from hub.store.engine import Transaction
from hub.store.models import addresses
from hub.types import MessageOrigin

#: A customer who writes later came for another reason.
KEPT_FOR = timedelta(hours=24)


def keep_origin(
    tx: Transaction, sender: ContactAddress, connector: str, origin: MessageOrigin
) -> None:
    """Keeps an origin for the sender's next message by a connector; the last one counts."""
    stored = {**asdict(origin), "connector": connector, "at": tx.now.isoformat()}
    _set(tx, sender, stored)


def take_origin(tx: Transaction, sender: ContactAddress, connector: str) -> MessageOrigin | None:
    """The origin that is kept for a connector, which is none any more; None where it is too old."""
    if sender.origin is None or sender.origin["connector"] != connector:
        return None
    stored: dict[str, Any] = dict(sender.origin)
    del stored["connector"]
    at = datetime.fromisoformat(stored.pop("at"))
    _set(tx, sender, None)
    return MessageOrigin(**stored) if tx.now - at <= KEPT_FOR else None


def _set(tx: Transaction, sender: ContactAddress, stored: dict[str, str] | None) -> None:
    tx.execute(update(addresses).where(addresses.c.id == sender.address_id).values(origin=stored))
