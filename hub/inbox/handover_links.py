"""Invitations to go on elsewhere, as links, codes and pictures; and a page that brings one back."""

from __future__ import annotations

from hub.accounts.visitor_sessions import Visitor
from hub.connectors.base import Handover as CanHandOver
from hub.connectors.pages import PageConnector
from hub.contacts import address_state, contact_addresses
from hub.errors import Conflict, Invalid
from hub.handover import arrival, creation, metrics, redemption
from hub.handover.redemption import RedeemedHandover, RefusedHandover
from hub.inbox.services import Hub
from hub.schema import resources
from hub.schema.author import Author
from hub.store.engine import Transaction
from hub.switches import detection
from hub.switches.detection import Switch
from hub.types import Address, Profile


def make_handover(
    hub: Hub,
    conversation_id: int,
    name: str,
    by: str,
    author: Author | None = None,
    *,
    contact_id: int | None = None,
) -> resources.Handover:
    """An invitation from a conversation to the connector `name`. Its token is told this once.

    `by` is the name of the agent who makes it, or `contact`, or `hub`; `contact_id` the record of
    who gets it, where it is not whoever was heard last.

    Raises:
        NotFound: there is no such conversation.
        Invalid: there is no such connector.
        Conflict: it cannot take a conversation over.
        LimitExceeded: many were made in this conversation within the hour.
    """
    connector = hub.connectors.get(name)
    if connector is None:
        raise Invalid(f"There is no connector {name!r} that is turned on.", "connector")
    if not isinstance(connector, CanHandOver):
        raise Conflict("A conversation cannot be handed over to this channel.")
    expires = hub.config.replies.handover.expires
    made = hub.store.write(
        lambda tx: creation.create_handover(
            tx, conversation_id, name, by, expires, author, contact_id=contact_id
        )
    )
    metrics.count_created_handover(name)
    url = connector.handover_link(made.token, made.code)
    return resources.Handover(
        id=made.id,
        connector=name,
        url=url,
        code=made.code,
        qr=_picture(url),
        expires_at=made.expires_at,
    )


def redeem_on_page(hub: Hub, connector: PageConnector, visitor: Visitor, token: str) -> bool:
    """Makes a visitor the person whom the link was made for. False when the link is no good.

    Raises AnotherPerson, and leaves the link good, where that would join two whom a site signed.
    """
    address = connector.address(visitor.name)
    brought = redemption.secrets_in(token)
    if not brought:
        metrics.count_redemption(connector.name, RefusedHandover("unknown"))
        return False

    def write(tx: Transaction) -> tuple[RedeemedHandover | None, Switch | None]:
        person = contact_addresses.find_or_create(tx, address, Profile(locale=visitor.locale))
        outcome = redemption.redeem_handover(tx, brought, connector.name, person)
        if isinstance(outcome, RefusedHandover):
            raise _NoGood(outcome)
        if outcome is None:  # a page that is loaded again
            return None, None
        person = redemption.reload_contact_address(tx, person)
        address_state.started(tx, person, connector.name, tx.now)
        inlet = hub.connectors.inbound_channel(connector)
        switch = arrival.continue_on_channel(
            tx, person, inlet.reply_channel, outcome, inlet.welcome, tx.now
        )
        return outcome, switch

    try:
        outcome, switch = hub.store.write(write)
    except _NoGood as error:
        refused = error.refused
        if refused.reason == "another_person":
            metrics.count_redemption(connector.name, refused)
            raise AnotherPerson from None
        hub.store.write(lambda tx: _remember(tx, connector, address, refused))
        metrics.count_redemption(connector.name, refused)
        return False
    metrics.count_redemption(connector.name, outcome)
    detection.count_switch(switch)
    return True


class AnotherPerson(Exception):
    """Two ids that a site signed would become one person."""


class _NoGood(Exception):
    """Ends the transaction, so that nobody is made for a link that is no good."""

    def __init__(self, refused: RefusedHandover) -> None:
        super().__init__(refused.reason)
        self.refused = refused


def _remember(
    tx: Transaction, connector: PageConnector, address: Address, refused: RefusedHandover
) -> None:
    if refused.reason != "too_many":
        person = contact_addresses.find_contact_address(tx.connection, address)
        redemption.record_refusal(tx, connector.name, refused.reason, person)


def _picture(url: str) -> str:
    import segno  # only hubs that invite pay for it

    found = segno.make(url, error="m").svg_data_uri(scale=4)
    assert isinstance(found, str)
    return found
