"""Links: which contacts are one person, and why.

A link is an edge between two contacts. Contacts that live links join are one person, and one of
them, the root, stands for the person. Messages, addresses and attributes stay with their contact,
so that undoing a link takes one edge away. The open conversations of both become one, and an
undoing parts them again: `merging` says how. The cost of either does not grow with the timeline
before the link.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Connection, insert, or_, select, update

from hub.contacts import contact_addresses, locks, profiles
from hub.contacts.roots import roots_by_contact
from hub.conversations import lifecycle, publishing, timeline
from hub.errors import Conflict, Invalid, NotFound
from hub.identity import merging, replay_reads
from hub.identity.snapshots import LinkRow
from hub.metrics import MERGES, MERGES_UNDONE
from hub.schema import author, resources
from hub.schema.events import ContactLinked, ContactUnlinked, Event
from hub.store.engine import Transaction
from hub.store.models import addresses, contacts, links
from hub.switches import detection

#: The method of a link by which the customer continues on another channel.
HANDOVER_METHOD = "handover"
VERIFIED = "verified"
_COLUMNS = tuple(links.c[name] for name in LinkRow._fields)


def link_contacts(
    tx: Transaction,
    contact_id: int,
    other_contact_id: int,
    *,
    evidence: str,
    method: str,
    reason: str,
    by: str,
) -> resources.Link:
    """Links two contacts: they are one person, and the root of the first stands for it.

    A verified link is also made between contacts that an agent linked before: it opens to the
    customer what the agent's link does not, and holds when that is undone.

    Args:
        evidence: `verified`, `asserted`, `inferred`, or `agent`.
        method: how the link was found, for instance `handover` or `by hand`.
        reason: a sentence for the agent.
        by: the name of the agent, or `contact` where the customer's own act made the link.

    Raises:
        NotFound: there is no such contact.
        Invalid: they are one person already.
    """
    # Links are rare and may join any number of contacts: two at once could each see a part of the
    # other.
    locks.lock_links(tx)
    kept_root_id, absorbed_root_id = _lock_roots(tx, contact_id, other_contact_id)
    are_two_people = kept_root_id != absorbed_root_id
    if not are_two_people and evidence != VERIFIED:
        raise Invalid("These two are one person already.", "contact_id")
    merge = merging.merge_conversations(
        tx, kept_root_id, absorbed_root_id, moves_customer=method == HANDOVER_METHOD
    )
    link_id = tx.execute(
        insert(links)
        .values(
            contact_id=contact_id,
            other_contact_id=other_contact_id,
            evidence=evidence,
            method=method,
            reason=reason,
            by=by,
            created_at=tx.now,
            undone_by="",
            before=merge.snapshot,
        )
        .returning(links.c.id)
    ).scalar_one()
    if are_two_people:
        # The newest link comes last, so all other roots stay: for any number of contacts this is
        # one statement.
        contact_addresses.replace_root(tx, absorbed_root_id, kept_root_id)
        profiles.update_display_name(tx, kept_root_id)
    link = get_link(tx.connection, link_id)
    _add_events(tx, link, "contact.linked", by, [contact_id])
    tx.publish(
        Event(ContactLinked(link=link, contact_ids=[str(contact_id), str(absorbed_root_id)]))
    )
    detection.record_switches_found_by_link(tx, merge.before, merge.changed, link)
    _publish_conversations(tx, merge.changed)
    if are_two_people:
        MERGES.labels(evidence=evidence).inc()
    return link


def unlink_contacts(
    tx: Transaction, link_id: int, *, by: str
) -> tuple[resources.Link, list[resources.Contact]]:
    """Undoes a link: each contact belongs to the person that it belongs to without it.

    Returns: the undone link, and its two contacts as they are now.

    Raises:
        NotFound: there is no such link.
        Conflict: it is undone already.
    """
    locks.lock_links(tx)
    row = _read_link(tx.connection, link_id)
    if row.undone_at is not None:
        raise Conflict("This link is undone already.")
    contact_ids = contact_addresses.linked_contact_ids(tx.connection, row.contact_id)
    locks.lock_person(tx, contact_ids[0])
    tx.execute(update(links).where(links.c.id == link_id).values(undone_at=tx.now, undone_by=by))
    _update_roots(tx, contact_ids)
    changed = merging.unmerge_conversations(tx, row, contact_ids)
    link = get_link(tx.connection, link_id)
    _add_events(tx, link, "contact.unlinked", by, [row.contact_id, row.other_contact_id])
    unlinked = [
        profiles.get_contact(tx.connection, row.contact_id),
        profiles.get_contact(tx.connection, row.other_contact_id),
    ]
    tx.publish(Event(ContactUnlinked(link=link, contact_ids=[contact.id for contact in unlinked])))
    # A card may tell of two people who are not one any more.
    lifecycle.clear_context_cards(tx, changed)
    _publish_conversations(tx, changed)
    MERGES_UNDONE.inc()
    return link, unlinked


def links_of_contact(connection: Connection, contact_id: int) -> list[resources.Link]:
    """Lists all links of a person, undone ones too, newest first. Raises NotFound."""
    contact_ids = contact_addresses.linked_contact_ids(connection, contact_id)
    rows = connection.execute(
        select(*_COLUMNS)
        .where(or_(links.c.contact_id.in_(contact_ids), links.c.other_contact_id.in_(contact_ids)))
        .order_by(links.c.id.desc())
    ).all()
    return [_link_resource(connection, LinkRow._make(row)) for row in rows]


def proved_address_ids(connection: Connection, contact_id: int) -> frozenset[int]:
    """Returns the ids of the addresses that are proved to belong to the person of a contact.

    These are the verified addresses of contacts that a chain of live, verified links joins to this
    one. A link that an agent made or accepted proves nothing to a customer. Raises NotFound.
    """
    contact_ids = contact_addresses.linked_contact_ids(connection, contact_id)
    verified_edges = _live_edges(connection, contact_ids[0], links.c.evidence == VERIFIED)
    root_of = roots_by_contact(contact_ids, verified_edges)
    proved_contact_ids = [id_ for id_ in contact_ids if root_of[id_] == root_of[contact_id]]
    address_ids = connection.execute(
        select(addresses.c.id).where(
            addresses.c.contact_id.in_(proved_contact_ids), addresses.c.evidence == VERIFIED
        )
    )
    return frozenset(address_ids.scalars())


def get_link(connection: Connection, link_id: int) -> resources.Link:
    """Returns a link. Raises NotFound."""
    return _link_resource(connection, _read_link(connection, link_id))


def _live_edges(
    connection: Connection, root_id: int, *conditions: ColumnElement[bool]
) -> list[tuple[int, int]]:
    """Returns the pairs of contacts that links of a person join now, oldest link first."""
    contact_ids = select(contacts.c.id).where(contacts.c.root_id == root_id)
    rows = connection.execute(
        select(links.c.contact_id, links.c.other_contact_id)
        .where(links.c.undone_at.is_(None), links.c.contact_id.in_(contact_ids), *conditions)
        .order_by(links.c.id)
    ).all()
    return [(row.contact_id, row.other_contact_id) for row in rows]


def _update_roots(tx: Transaction, contact_ids: Sequence[int]) -> None:
    """Gives contacts a root of their own again that no link joins to the first one any more."""
    old_root_id = contact_ids[0]
    root_of = roots_by_contact(contact_ids, _live_edges(tx.connection, old_root_id))
    parted_ids: dict[int, list[int]] = defaultdict(list)
    for contact_id in contact_ids:
        if root_of[contact_id] != old_root_id:
            parted_ids[root_of[contact_id]].append(contact_id)
    for root_id, ids in parted_ids.items():
        for chunk in replay_reads.chunks(ids):
            contact_addresses.set_root(tx, chunk, root_id)
    for root_id in {old_root_id, *parted_ids}:
        profiles.update_display_name(tx, root_id)


def _lock_roots(tx: Transaction, contact_id: int, other_contact_id: int) -> tuple[int, int]:
    """Returns the roots of two contacts, locked until the commit."""
    root_ids = (
        contact_addresses.root_contact_id(tx.connection, contact_id),
        contact_addresses.root_contact_id(tx.connection, other_contact_id),
    )
    for root_id in sorted(set(root_ids)):
        locks.lock_person(tx, root_id)
    return root_ids


def _add_events(
    tx: Transaction, link: resources.Link, name: str, by: str, contact_ids: Sequence[int]
) -> None:
    """Adds an event about a link to the newest conversation of each of these contacts."""
    for contact_id in contact_ids:
        conversation = lifecycle.load_latest_conversation(
            tx, contact_addresses.first_contact_address(tx.connection, contact_id)
        )
        if conversation is not None:
            timeline.add_event(
                tx,
                conversation,
                name,
                author.SYSTEM,
                link_id=link.id,
                addresses=link.addresses,
                evidence=link.evidence,
                method=link.method,
                reason=link.reason,
                by=by,
            )
            lifecycle.save_conversation(tx, conversation)


def _publish_conversations(tx: Transaction, conversation_ids: Iterable[int]) -> None:
    for conversation_id in sorted(conversation_ids):
        publishing.publish_conversation(tx, conversation_id)


def _read_link(connection: Connection, link_id: int) -> LinkRow:
    row = connection.execute(select(*_COLUMNS).where(links.c.id == link_id)).first()
    if row is None:
        raise NotFound("There is no such link.")
    return LinkRow._make(row)


def _link_resource(connection: Connection, row: LinkRow) -> resources.Link:
    address_rows = connection.execute(
        select(addresses.c.scheme, addresses.c.path)
        .where(addresses.c.contact_id.in_((row.contact_id, row.other_contact_id)))
        .order_by(addresses.c.id)
    )
    return resources.Link(
        id=row.id,
        contact_id=row.contact_id,
        other_contact_id=row.other_contact_id,
        addresses=[f"{address.scheme}:{address.path}" for address in address_rows],
        evidence=row.evidence,
        method=row.method,
        reason=row.reason,
        by=row.by,
        created_at=row.created_at,
        undone_at=row.undone_at,
    )
