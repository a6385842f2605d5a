"""Handovers as links, codes and QR pictures, and the link that opens a page."""

from __future__ import annotations

from datetime import timedelta

from hub.accounts.visitor_sessions import Visitor
from hub.connectors.base import Handover as CanHandOver
from hub.connectors.pages import PageConnector
from hub.contacts import address_state, contact_addresses, locks
from hub.errors import Conflict, Invalid
from hub.handover import arrival, creation, metrics, redemption
from hub.handover.redemption import RedeemedHandover, RefusedHandover
from hub.schema import resources
from hub.schema.author import Author
from hub.store.engine import Store, Transaction
from hub.switches import detection
from hub.switches.detection import Switch
from hub.transport.running import RunningConnectors
from hub.types import Address, Profile


def create_handover_link(
    store: Store,
    connectors: RunningConnectors,
    conversation_id: int,
    connector_name: str,
    created_by: str,
    author: Author | None = None,
    *,
    expires: timedelta,
    contact_id: int | None = None,
) -> resources.Handover:
    """Creates a handover from a conversation to a connector. Its token is shown only this once.

    Args:
        created_by: the name of the agent, or `contact`, or `hub`.
        author: the same for the timeline, where more is known than the name.
        expires: how long it stays valid.
        contact_id: the contact that gets it; by default the one that wrote last.

    Raises:
        NotFound: there is no such conversation.
        Invalid: there is no such connector.
        Conflict: its kind cannot take a conversation over.
        LimitExceeded: too many were created in this conversation within the hour.
    """
    connector = connectors.get(connector_name)
    if connector is None:
        raise Invalid(f"There is no connector {connector_name!r} that is turned on.", "connector")
    if not isinstance(connector, CanHandOver):
        raise Conflict("A conversation cannot be handed over to this channel.")
    handover = store.write(
        lambda tx: creation.create_handover(
            tx, conversation_id, connector_name, created_by, expires, author, contact_id=contact_id
        )
    )
    metrics.count_created_handover(connector_name)
    url = connector.handover_link(handover.token, handover.code)
    return resources.Handover(
        id=handover.id,
        connector=connector_name,
        url=url,
        code=handover.code,
        qr=_qr_picture(url),
        expires_at=handover.expires_at,
    )


def redeem_on_page(
    store: Store,
    connectors: RunningConnectors,
    connector: PageConnector,
    visitor: Visitor,
    token: str,
) -> bool:
    """Links a visitor with the contact that a handover was created for.

    Returns: False when the token is not valid.

    Raises:
        AnotherPerson: two signed customers would become one; the handover stays valid.
    """
    address = connector.address(visitor.name)
    secrets = redemption.secrets_in(token)
    if not secrets:
        metrics.count_redemption(connector.name, RefusedHandover("unknown"))
        return False

    def write(tx: Transaction) -> tuple[RedeemedHandover | None, Switch | None]:
        locks.lock_addresses(tx, address)
        locks.lock_links(tx)
        visitor_address = contact_addresses.find_or_create_contact_address(
            tx, address, Profile(locale=visitor.locale)
        )
        outcome = redemption.redeem_handover(tx, secrets, connector.name, visitor_address)
        if isinstance(outcome, RefusedHandover):
            raise _NotRedeemed(outcome)
        if outcome is None:  # a page that was loaded again
            return None, None
        visitor_address = redemption.reload_contact_address(tx, visitor_address)
        address_state.reopen_address(tx, visitor_address, connector.name, tx.now)
        channel = connectors.inbound_channel(connector)
        switch = arrival.continue_on_channel(
            tx, visitor_address, channel.reply_channel, outcome, channel.welcome, tx.now
        )
        return outcome, switch

    try:
        outcome, switch = store.write(write)
    except _NotRedeemed as error:
        refused = error.refused
        if refused.reason == "another_person":
            metrics.count_redemption(connector.name, refused)
            raise AnotherPerson from None
        store.write(lambda tx: _record_refusal(tx, connector, address, refused))
        metrics.count_redemption(connector.name, refused)
        return False
    metrics.count_redemption(connector.name, outcome)
    detection.count_switch(switch)
    return True


class AnotherPerson(Exception):
    """Two customers whom a site signed in would become one person."""


class _NotRedeemed(Exception):
    """Rolls the transaction back, so that no contact is created for an invalid link."""

    def __init__(self, refused: RefusedHandover) -> None:
        super().__init__(refused.reason)
        self.refused = refused


def _record_refusal(
    tx: Transaction, connector: PageConnector, address: Address, refused: RefusedHandover
) -> None:
    if refused.reason != "too_many":
        visitor_address = contact_addresses.find_contact_address(tx.connection, address)
        redemption.record_refusal(tx, connector.name, refused.reason, visitor_address)


def _qr_picture(url: str) -> str:
    import segno  # only hubs that create handovers load it

    picture = segno.make(url, error="m").svg_data_uri(scale=4)
    assert isinstance(picture, str)
    return picture
