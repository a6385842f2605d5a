"""Which contact records are one person, and why.

A link is an edge between two records; the records that live edges hold together are one person, and
the root among them stands for it. Messages, addresses and attributes stay with their record, so
undoing a link is taking one edge away. What goes on with both becomes one conversation, and an
undoing parts it again: `replay` says how. Neither costs more where more was said before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update

from hub.contacts import contact_addresses, profiles
from hub.contacts.roots import roots
from hub.conversations import lifecycle, publishing, timeline
from hub.errors import Conflict, Invalid, NotFound
from hub.identity import merging, replay_reads
from hub.metrics import MERGES, MERGES_UNDONE
from hub.schema import author, resources
from hub.schema.events import ContactLinked, ContactUnlinked, Event
from hub.store.engine import Transaction
from hub.store.models import addresses, contacts, links
from hub.switches import detection

#: The method of a link by which a customer goes on elsewhere.
HANDOVER_METHOD = "handover"
VERIFIED = "verified"
#: Links are rare and reach over any number of records: two at once could see half of each other.
LINKS_LOCK = "links"


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
    """Makes one person of two; the first one's root stands for both.

    A proof is kept, too, for two whom an agent has made one already: it opens to the customer what
    the agent's word does not, and holds when that is taken back.

    Raises:
        NotFound: there is no such contact.
        Invalid: they are one person already.
    """
    tx.lock(LINKS_LOCK)
    keep, give = _both(tx, contact_id, other_contact_id)
    if keep == give and evidence != VERIFIED:
        raise Invalid("These two are one person already.", "contact_id")
    merge = merging.merge_conversations(tx, keep, give, goes_on=method == HANDOVER_METHOD)
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
    if keep != give:
        # The newest link comes last, so the other roots stay: whoever there are, this is one write.
        contact_addresses.replace_root(tx, give, keep)
        profiles.call(tx, keep)
    made = get_link(tx.connection, link_id)
    _tell(tx, made, "contact.linked", by, [contact_id])
    tx.publish(Event(ContactLinked(link=made, contact_ids=[str(contact_id), str(give)])))
    detection.record_switches_found_by_link(tx, merge.before, merge.changed, made)
    _show(tx, merge.changed)
    if keep != give:
        MERGES.labels(evidence=evidence).inc()
    return made


def unlink_contacts(
    tx: Transaction, link_id: int, *, by: str
) -> tuple[resources.Link, list[resources.Contact]]:
    """Takes a link back; every record returns to the person it is without it.

    Raises:
        NotFound: there is no such link.
        Conflict: it is undone already.
    """
    tx.lock(LINKS_LOCK)
    before = _row(tx.connection, link_id)
    if before.undone_at is not None:
        raise Conflict("This link is undone already.")
    records = contact_addresses.linked_contact_ids(tx.connection, before.contact_id)
    tx.lock(f"contact:{records[0]}")
    tx.execute(update(links).where(links.c.id == link_id).values(undone_at=tx.now, undone_by=by))
    _settle(tx, records)
    changed = merging.unmerge_conversations(tx, before, records)
    undone = get_link(tx.connection, link_id)
    _tell(tx, undone, "contact.unlinked", by, [before.contact_id, before.other_contact_id])
    both = [
        profiles.contact(tx.connection, before.contact_id),
        profiles.contact(tx.connection, before.other_contact_id),
    ]
    tx.publish(Event(ContactUnlinked(link=undone, contact_ids=[one.id for one in both])))
    lifecycle.clear_context_cards(tx, changed)
    _show(tx, changed)
    MERGES_UNDONE.inc()
    return undone, both


def links_of_contact(connection: Connection, contact_id: int) -> list[resources.Link]:
    """Every link of a person, undone ones too, newest first. Raises NotFound."""
    group = contact_addresses.linked_contact_ids(connection, contact_id)
    rows = connection.execute(
        select(links)
        .where(or_(links.c.contact_id.in_(group), links.c.other_contact_id.in_(group)))
        .order_by(links.c.id.desc())
    ).all()
    return [_shape(connection, row) for row in rows]


def proved_address_ids(connection: Connection, contact_record_id: int) -> frozenset[int]:
    """The ids of the addresses that whoever holds this record has proved to be theirs.

    Verified addresses on records that a chain of live, verified links joins to this one. What an
    agent merged or accepted proves nothing to a customer. Raises NotFound.
    """
    group = contact_addresses.linked_contact_ids(connection, contact_record_id)
    root = roots(group, _edges(connection, group[0], links.c.evidence == VERIFIED))
    own = [record for record in group if root[record] == root[contact_record_id]]
    found = connection.execute(
        select(addresses.c.id).where(
            addresses.c.contact_id.in_(own), addresses.c.evidence == VERIFIED
        )
    )
    return frozenset(found.scalars())


def get_link(connection: Connection, link_id: int) -> resources.Link:
    """Raises NotFound."""
    return _shape(connection, _row(connection, link_id))


def _edges(connection: Connection, root: int, *conditions: Any) -> list[tuple[int, int]]:
    """The links that hold among the records of a person, in the order they were made."""
    own = select(contacts.c.id).where(contacts.c.root_id == root)
    rows = connection.execute(
        select(links.c.contact_id, links.c.other_contact_id)
        .where(links.c.undone_at.is_(None), links.c.contact_id.in_(own), *conditions)
        .order_by(links.c.id)
    ).all()
    return [(row.contact_id, row.other_contact_id) for row in rows]


def _settle(tx: Transaction, records: Sequence[int]) -> None:
    """Gives those of a person's records their own root again whom no link holds there any more."""
    root = roots(records, _edges(tx.connection, records[0]))
    left: dict[int, list[int]] = defaultdict(list)
    for record in records:
        if root[record] != records[0]:
            left[root[record]].append(record)
    for new, own in left.items():
        for some in replay_reads.chunks(own):
            contact_addresses.set_root(tx, some, new)
    for one in {records[0], *left}:
        profiles.call(tx, one)


def _both(tx: Transaction, contact_id: int, other_contact_id: int) -> tuple[int, int]:
    """The roots of two people, whom nobody else touches until the commit."""
    found = (
        contact_addresses.root_contact_id(tx.connection, contact_id),
        contact_addresses.root_contact_id(tx.connection, other_contact_id),
    )
    for root in sorted(set(found)):
        tx.lock(f"contact:{root}")
    return found


def _tell(
    tx: Transaction, link_: resources.Link, name: str, by: str, records: Sequence[int]
) -> None:
    """A line in the thread of each: what was joined or parted, by whom, and why."""
    for record in records:
        target = lifecycle.load_latest_conversation(
            tx, contact_addresses.first_address_of(tx.connection, record)
        )
        if target is not None:
            timeline.add_event(
                tx,
                target,
                name,
                author.SYSTEM,
                link_id=link_.id,
                addresses=link_.addresses,
                evidence=link_.evidence,
                method=link_.method,
                reason=link_.reason,
                by=by,
            )
            lifecycle.save_conversation(tx, target)


def _show(tx: Transaction, changed: Iterable[int]) -> None:
    """Says how the conversations stand that are work for somebody."""
    for conversation_id in sorted(changed):
        publishing.conversation(tx, conversation_id)


def _row(connection: Connection, link_id: int) -> Any:
    row = connection.execute(select(links).where(links.c.id == link_id)).first()
    if row is None:
        raise NotFound("There is no such link.")
    return row


def _shape(connection: Connection, row: Any) -> resources.Link:
    held = connection.execute(
        select(addresses.c.scheme, addresses.c.path)
        .where(addresses.c.contact_id.in_((row.contact_id, row.other_contact_id)))
        .order_by(addresses.c.id)
    )
    return resources.Link(
        id=row.id,
        contact_id=row.contact_id,
        other_contact_id=row.other_contact_id,
        addresses=[f"{scheme}:{path}" for scheme, path in held],
        evidence=row.evidence,
        method=row.method,
        reason=row.reason,
        by=row.by,
        created_at=row.created_at,
        undone_at=row.undone_at,
    )
