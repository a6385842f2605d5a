"""Invitations to go on elsewhere, as links, codes and pictures; and a page that brings one back."""

from __future__ import annotations

import segno

from hub.connectors.base import Handover as CanHandOver
from hub.connectors.webchat import Webchat
from hub.conversations import handovers, people, shapes
from hub.errors import Conflict, Invalid
from hub.inbox.services import Hub
from hub.inbox.visitors import Visitor
from hub.store.engine import Transaction
from hub.types import Profile


def make_handover(hub: Hub, conversation_id: int, name: str, by: str) -> shapes.Handover:
    """An invitation from a conversation to the connector `name`. Its token is told this once.

    Raises:
        NotFound: there is no such conversation.
        Invalid: there is no such connector.
        Conflict: it cannot take a conversation over.
    """
    connector = hub.connectors.get(name)
    if connector is None:
        raise Invalid(f"There is no connector {name!r} that is turned on.", "connector")
    if not isinstance(connector, CanHandOver):
        raise Conflict("A conversation cannot be handed over to this channel.")
    made = hub.store.write(lambda tx: handovers.invite(tx, conversation_id, name, by))
    url = connector.handover_link(made.token, made.code)
    return shapes.Handover(
        id=made.id,
        connector=name,
        url=url,
        code=made.code,
        qr=segno.make(url, error="m").svg_data_uri(scale=4),
        expires_at=made.expires_at,
    )


def redeem_on_page(hub: Hub, connector: Webchat, visitor: Visitor, token: str) -> bool:
    """Makes a visitor the person whom the link was made for. False when the link is no good."""

    def write(tx: Transaction) -> None:
        address = connector.address(visitor.name)
        person = people.find_or_make(tx, address, Profile(locale=visitor.locale))
        if not handovers.redeem(tx, token, connector.name, person):
            raise Conflict("This link was used, or has run out.")  # and nobody was made for it
        people.started(tx, handovers.person_after(tx, person), connector.name, tx.now)

    try:
        hub.store.write(write)
    except Conflict:
        return False
    return True
