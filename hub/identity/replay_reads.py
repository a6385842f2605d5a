"""Reads for `replay`: the contacts that take part, their conversations and their timeline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from hub.contacts.roots import Roots
from hub.conversations.merge_state import AUTOMATIC, ConversationState
from hub.identity import snapshots
from hub.identity.replay import REDEEMED_EVENT, LaterLink, TimelineEntry
from hub.identity.snapshots import ConversationRow, LinkRow, Snapshot, state_of
from hub.store.engine import Transaction
from hub.store.models import addresses, contacts, conversations, links, messages
from hub.store.models.message import CANCELLED, HELD, ONLY_HANDOVER

#: The most ids in one statement.
MAX_IDS = 500


@dataclass(frozen=True, slots=True)
class ReplayScope:
    """The contacts that take part in the replay of an undone link.

    Args:
        since: by contact, the newest message at the time from which it takes part: that of the
            undone link, or of the later link by which it comes in.
        remembered: by id, the conversations as they were then.
        root_of: the contacts that take part from the start, with their roots at that time.
        entering: by the id of a later link, the contacts that come in by it, with their roots.
        later_links: the links that were made later and hold, oldest first.
    """

    since: dict[int, int]
    remembered: dict[int, ConversationRow]
    root_of: dict[int, int]
    entering: dict[int, dict[int, int]]
    later_links: list[LaterLink]


def read_scope(tx: Transaction, undone: LinkRow, contact_ids: Sequence[int]) -> ReplayScope:
    """Reads which contacts take part when the past is replayed without a link.

    Args:
        undone: the link that is undone.
        contact_ids: the contacts that were one person with it, the root first.
    """
    rows = tx.execute(
        select(
            links.c.id,
            links.c.contact_id,
            links.c.other_contact_id,
            links.c.method,
            links.c.before,
        )
        .where(links.c.contact_id.in_(contact_ids), links.c.undone_at.is_(None))
        .order_by(links.c.id)
    ).all()
    root_of = Roots(contact_ids)
    for row in rows:
        if row.id < undone.id:
            root_of.join(row.contact_id, row.other_contact_id)
    roots = {root_of[undone.contact_id], root_of[undone.other_contact_id]}
    first = {
        contact_id: root_of[contact_id]
        for contact_id in contact_ids
        if root_of[contact_id] in roots
    }
    scope = ReplayScope({}, {}, first, {}, [])
    _add_to_scope(scope, first, undone.before)
    for row in rows:
        if row.id < undone.id:
            continue
        roots = {root_of[row.contact_id], root_of[row.other_contact_id]}
        linked = [contact_id for contact_id in contact_ids if root_of[contact_id] in roots]
        if any(contact_id in scope.since for contact_id in linked):
            entering = {
                contact_id: root_of[contact_id]
                for contact_id in linked
                if contact_id not in scope.since
            }
            scope.entering[row.id] = entering
            _add_to_scope(scope, entering, row.before)
            scope.later_links.append(
                LaterLink(
                    row.id,
                    row.contact_id,
                    row.other_contact_id,
                    after_message_id=int(row.before["after"]),
                    moves_customer=row.method == "handover",
                )
            )
        root_of.join(row.contact_id, row.other_contact_id)
    return scope


def _add_to_scope(scope: ReplayScope, root_of: Mapping[int, int], snapshot: Snapshot) -> None:
    """Adds contacts from the time of a snapshot on, with their conversations in it."""
    scope.since.update(dict.fromkeys(root_of, int(snapshot["after"])))
    rows = snapshots.load_snapshot(snapshot)
    scope.remembered.update({id_: row for id_, row in rows.items() if row["contact_id"] in root_of})


def current_conversation_ids(tx: Transaction, root_id: int) -> set[int]:
    """The ids of a person's open and newest conversations, and of those merged into them."""
    contact_ids = select(contacts.c.id).where(contacts.c.root_id == root_id)
    is_current = conversations.c.contact_id.in_(contact_ids) & conversations.c.merged_into_id.is_(
        None
    )
    open_ids = select(conversations.c.id).where(
        is_current, conversations.c.status.in_(("open", "pending", "snoozed"))
    )
    newest_id = (
        select(conversations.c.id)
        .where(is_current)
        .order_by(conversations.c.created_at.desc(), conversations.c.id.desc())
        .limit(1)
    )
    ids = {*tx.execute(open_ids).scalars(), *tx.execute(newest_id).scalars()}
    merged_ids = select(conversations.c.id).where(conversations.c.merged_into_id.in_(ids))
    return ids | set(tx.execute(merged_ids).scalars())


def read_conversations(tx: Transaction, ids: Iterable[int]) -> dict[int, ConversationRow]:
    """Reads the rows of conversations by their ids, and locks them."""
    rows_by_id: dict[int, ConversationRow] = {}
    for chunk in chunks(sorted(ids)):
        rows = tx.execute(
            select(conversations)
            .where(conversations.c.id.in_(chunk))
            .order_by(conversations.c.id)
            .with_for_update(key_share=True)
        )
        rows_by_id |= {row["id"]: row for row in rows.mappings()}
    return rows_by_id


def read_entries(tx: Transaction, scope: ReplayScope) -> list[TimelineEntry]:
    """Reads the timeline of the contacts from the time since which each takes part, in order."""
    contact_ids, after = list(scope.since), min(scope.since.values())
    conversation_ids = select(conversations.c.id).where(conversations.c.contact_id.in_(contact_ids))
    rows = tx.execute(
        select(
            messages.c.id,
            messages.c.conversation_id,
            messages.c.contact_id,
            messages.c.address_id,
            messages.c.connector,
            messages.c.direction,
            messages.c.type,
            messages.c.author_type,
            messages.c.author_id,
            messages.c.received_at,
            messages.c.extra,
            messages.c.duplicate_of_id,
            messages.c.journal_id,
        )
        .where(
            messages.c.conversation_id.in_(conversation_ids),
            messages.c.id > after,
            messages.c.type.not_in((HELD, CANCELLED)),
        )
        .order_by(messages.c.id)
    )
    entries = [
        TimelineEntry(
            id=row.id,
            conversation_id=row.conversation_id,
            contact_id=row.contact_id,
            address_id=row.address_id,
            connector=row.connector,
            direction=row.direction,
            type=row.type,
            author_type=row.author_type,
            author_id=row.author_id,
            at=row.received_at,
            event=row.extra.get("event") or {},
            duplicate_of_id=row.duplicate_of_id,
            is_echo=row.direction == "out" and row.journal_id is not None,
            is_only_handover=bool(row.extra.get(ONLY_HANDOVER)),
        )
        for row in rows
        if row.contact_id in scope.since and row.id > scope.since[row.contact_id]
    ]
    return _with_places_of_handovers(tx, entries)


def _with_places_of_handovers(
    tx: Transaction, entries: Sequence[TimelineEntry]
) -> list[TimelineEntry]:
    """Gives the redeemed handovers among entries the connector and address they were redeemed at.

    The row of an event has neither: they are in what the event says.
    """
    redeemed = [entry for entry in entries if entry.event.get("name") == REDEEMED_EVENT]
    address_ids: dict[tuple[int, str], int] = {}
    for chunk in chunks(sorted({entry.contact_id for entry in redeemed})):
        rows = tx.execute(
            select(
                addresses.c.id, addresses.c.contact_id, addresses.c.scheme, addresses.c.path
            ).where(addresses.c.contact_id.in_(chunk))
        )
        for row in rows:
            address_ids[row.contact_id, f"{row.scheme}:{row.path}"] = row.id
    return [
        replace(
            entry,
            connector=entry.event["connector"],
            address_id=address_ids.get((entry.contact_id, entry.event["address"])),
        )
        if entry.event.get("name") == REDEEMED_EVENT
        else entry
        for entry in entries
    ]


def read_new_conversations(
    tx: Transaction, rows: Mapping[int, ConversationRow], scope: ReplayScope
) -> dict[int, int]:
    """Returns those of the conversations that started since, with the contact of each.

    They are the ones that no snapshot has and that have no earlier message.
    """
    unknown_ids = [id_ for id_ in rows if id_ not in scope.remembered]
    ids_by_since: dict[int, list[int]] = defaultdict(list)
    for id_ in unknown_ids:
        ids_by_since[scope.since[rows[id_]["contact_id"]]].append(id_)
    older_ids: set[int] = set()
    for since, ids in ids_by_since.items():
        for chunk in chunks(ids):
            older_ids.update(
                tx.execute(
                    select(conversations.c.id).where(
                        conversations.c.id.in_(chunk),
                        select(messages.c.id)
                        .where(
                            messages.c.conversation_id == conversations.c.id,
                            messages.c.id <= since,
                        )
                        .exists(),
                    )
                ).scalars()
            )
    return {id_: rows[id_]["contact_id"] for id_ in unknown_ids if id_ not in older_ids}


def state_at(tx: Transaction, row: ConversationRow, message_id: int) -> ConversationState:
    """Returns a conversation as it was when the newest message of the hub had this id.

    No snapshot has it, so it was resolved long before.
    """
    last_message = tx.execute(
        select(messages.c.id, messages.c.received_at)
        .where(
            messages.c.conversation_id == row["id"],
            messages.c.id <= message_id,
            messages.c.type.not_in(("event", HELD, CANCELLED)),
        )
        .order_by(messages.c.author_type.in_(AUTOMATIC), messages.c.id.desc())
        .limit(1)
    ).first()
    return replace(
        state_of(row),
        status="resolved",
        unread_count=0,
        waiting_since=None,
        snoozed_until=None,
        last_message_id=last_message and last_message.id,
        last_activity_at=last_message.received_at if last_message else row["created_at"],
    )


def read_contacts_of_originals(tx: Transaction, entries: Sequence[TimelineEntry]) -> dict[int, int]:
    """Reads the contact of each message that one of these entries is a duplicate of."""
    original_ids = {entry.duplicate_of_id for entry in entries if entry.duplicate_of_id is not None}
    contact_of: dict[int, int] = {}
    for chunk in chunks(sorted(original_ids)):
        rows = tx.execute(
            select(messages.c.id, messages.c.contact_id).where(messages.c.id.in_(chunk))
        )
        contact_of |= {row.id: row.contact_id for row in rows}
    return contact_of


def by_creation(rows: Iterable[ConversationRow]) -> list[ConversationRow]:
    """Sorts conversations, oldest first."""
    return sorted(rows, key=lambda row: (row["created_at"], row["id"]))


def chunks(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    """Splits ids into parts that one statement can take."""
    return (ids[start : start + MAX_IDS] for start in range(0, len(ids), MAX_IDS))
