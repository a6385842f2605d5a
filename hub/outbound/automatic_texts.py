"""Texts that nobody wrote for the occasion: who may get one, and in which language."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import publishing, timeline
from hub.conversations.lifecycle import LoadedConversation
from hub.outbound import send
from hub.outbound.destinations import OutboundChannel
from hub.schema import author
from hub.store.engine import Transaction
from hub.store.models import contacts, reaches


def send_automatic_text(
    tx: Transaction,
    target: LoadedConversation,
    to: ContactAddress,
    outlet: OutboundChannel,
    text: str,
    client_id: str | None = None,
) -> int | None:
    """Puts an automatic text in line. Returns its id; None for whoever wants none.

    It answers nothing: who waits still waits, and what is unread stays unread. The caller makes
    sure that it is not said to a machine. `client_id` names what is said once.
    """
    if not text or _is_closed(tx, to.address_id, outlet.name):
        return None
    values = timeline.add_message(
        tx,
        target,
        person=to,
        connector=outlet.name,
        kind=outlet.kind,
        direction="out",
        author=author.SYSTEM,
        text=text,
        client_id=client_id,
    )
    send.queue_delivery(tx, values["id"], to, outlet)
    publishing.message(tx, target, values["id"])
    found = values["id"]
    assert isinstance(found, int)
    return found


def text_in_language(texts: Mapping[str, str], *locales: str) -> str:
    """The text for the first locale that there is one for, else the English one, else any.

    `pt-BR` is served by `pt-BR`, then by `pt`. Empty when there are no texts.
    """
    return texts.get(choose_language(texts, *locales), "")


def choose_language(texts: Mapping[str, str], *locales: str) -> str:
    """The language that `in_language` takes, as `texts` calls it; empty when there are no texts."""
    by_tag = {tag.lower(): tag for tag, text in texts.items() if text}
    for locale in (*locales, "en"):
        tag = locale.replace("_", "-").lower()
        found = by_tag.get(tag) or by_tag.get(tag.partition("-")[0])
        if found:
            return found
    return next(iter(by_tag.values()), "")


def find_locales(tx: Transaction, to: ContactAddress) -> list[str]:
    """What is known of somebody's language: from this very address first, then from the person."""
    rows = tx.execute(
        select(contacts.c.id, contacts.c.locale).where(
            contacts.c.root_id == to.root_id, contacts.c.locale != ""
        )
    ).all()
    return [row.locale for row in sorted(rows, key=lambda row: row.id != to.contact_id)]


def _is_closed(tx: Transaction, address_id: int, connector: str) -> bool:
    found = tx.execute(
        select(reaches.c.stopped_at).where(
            reaches.c.address_id == address_id,
            reaches.c.connector == connector,
            reaches.c.stopped_at.is_not(None),
        )
    )
    return found.first() is not None
