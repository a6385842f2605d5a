"""Reads what has happened to some people, for an undoing to play once more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select

from hub.contacts.roots import Roots
from hub.conversations.merge_state import ConversationState
from hub.identity import snapshots
from hub.identity.replay import LaterLink, TimelineEntry
from hub.identity.snapshots import ConversationRow, state_of
from hub.store.engine import Transaction
from hub.store.models import contacts, conversations, links, messages

ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class ReplayScope:
    """Whom an undone link concerns.

    Args:
        since: each record, with the newest message of the time from which it takes part: the
            undone link's, or that of the later link which brought it in.
        kept: the conversations as they stood then.
        root: who was one person when the undone link was made.
        enters: by later link, who comes in by it, with their roots.
        later: the links that hold and came after, in order.
    """

    since: dict[int, int]
    kept: dict[int, ConversationRow]
    root: dict[int, int]
    enters: dict[int, dict[int, int]]
    later: list[LaterLink]


def read_scope(tx: Transaction, link: Any, records: Sequence[int]) -> ReplayScope:
    """Who takes part when these records' past is played without a link."""
    rows = tx.execute(
        select(links)
        .where(links.c.contact_id.in_(records), links.c.undone_at.is_(None))
        .order_by(links.c.id)
    ).all()
    root = Roots(records)
    for row in rows:
        if row.id < link.id:
            root.join(row.contact_id, row.other_contact_id)
    both = {root[link.contact_id], root[link.other_contact_id]}
    after = int(link.before["after"])
    cast = ReplayScope({}, {}, {one: root[one] for one in records if root[one] in both}, {}, [])
    _admit(cast, cast.root, link.before, after)
    for row in rows:
        if row.id < link.id:
            continue
        sides = {root[row.contact_id], root[row.other_contact_id]}
        concerned = [one for one in records if root[one] in sides]
        if any(one in cast.since for one in concerned):
            after = int(row.before["after"])
            new = {one: root[one] for one in concerned if one not in cast.since}
            cast.enters[row.id] = new
            _admit(cast, new, row.before, after)
            pair = row.contact_id, row.other_contact_id
            cast.later.append(LaterLink(row.id, *pair, after, goes_on=row.method == "handover"))
        root.join(row.contact_id, row.other_contact_id)
    return cast


def _admit(
    cast: ReplayScope, new: Mapping[int, int], before: Mapping[str, Any], after: int
) -> None:
    cast.since.update(dict.fromkeys(new, after))
    rows = snapshots.load_snapshot(before)
    cast.kept.update({key: row for key, row in rows.items() if row["contact_id"] in new})


def read_current_conversations(tx: Transaction, root: int) -> dict[int, ConversationRow]:
    """What goes on with a person or went on last, and what was brought into it."""
    records = select(contacts.c.id).where(contacts.c.root_id == root)
    own = conversations.c.contact_id.in_(records) & conversations.c.merged_into_id.is_(None)
    open_ = select(conversations.c.id).where(
        own, conversations.c.status.in_(("open", "pending", "snoozed"))
    )
    latest = (
        select(conversations.c.id)
        .where(own)
        .order_by(conversations.c.created_at.desc(), conversations.c.id.desc())
        .limit(1)
    )
    ids = {*tx.execute(open_).scalars(), *tx.execute(latest).scalars()}
    inside = select(conversations.c.id).where(conversations.c.merged_into_id.in_(ids))
    return read_conversations(tx, ids | set(tx.execute(inside).scalars()))


def read_conversations(tx: Transaction, ids: Iterable[int]) -> dict[int, ConversationRow]:
    found: dict[int, ConversationRow] = {}
    for some in chunks(sorted(ids)):
        rows = tx.execute(
            select(conversations).where(conversations.c.id.in_(some)).with_for_update()
        )
        found |= {row["id"]: row for row in rows.mappings()}
    return found


def read_entries(tx: Transaction, cast: ReplayScope) -> list[TimelineEntry]:
    """What happened to these people since, oldest first."""
    records, after = list(cast.since), min(cast.since.values())
    own = select(conversations.c.id).where(conversations.c.contact_id.in_(records))
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
        .where(messages.c.conversation_id.in_(own), messages.c.id > after)
        .order_by(messages.c.id)
    )
    return [
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
        )
        for row in rows
        if row.contact_id in cast.since and row.id > cast.since[row.contact_id]
    ]


def read_new_conversations(
    tx: Transaction, rows: Mapping[int, ConversationRow], cast: ReplayScope
) -> dict[int, int]:
    """Conversations that nothing was said in before, and the record that began each."""
    unsure = [one for one in rows if one not in cast.kept]
    started: dict[int, list[int]] = defaultdict(list)
    for one in unsure:
        started[cast.since[rows[one]["contact_id"]]].append(one)
    older: set[int] = set()
    for after, ids in started.items():
        for some in chunks(ids):
            older.update(
                tx.execute(
                    select(conversations.c.id).where(
                        conversations.c.id.in_(some),
                        select(messages.c.id)
                        .where(
                            messages.c.conversation_id == conversations.c.id,
                            messages.c.id <= after,
                        )
                        .exists(),
                    )
                ).scalars()
            )
    return {one: rows[one]["contact_id"] for one in unsure if one not in older}


def state_at(tx: Transaction, row: ConversationRow, after: int) -> ConversationState:
    """A conversation that had ended long before, as it was then."""
    last = tx.execute(
        select(messages.c.id, messages.c.received_at)
        .where(
            messages.c.conversation_id == row["id"],
            messages.c.id <= after,
            messages.c.type != "event",
        )
        .order_by(messages.c.id.desc())
        .limit(1)
    ).first()
    return replace(
        state_of(row),
        status="resolved",
        unread_count=0,
        waiting_since=None,
        snoozed_until=None,
        last_message_id=last and last.id,
        last_activity_at=last.received_at if last else row["created_at"],
    )


def read_originals(tx: Transaction, happened: Sequence[TimelineEntry]) -> dict[int, int]:
    """The record of each message that another of these repeats."""
    wanted = {one.duplicate_of_id for one in happened if one.duplicate_of_id is not None}
    found: dict[int, int] = {}
    for some in chunks(sorted(wanted)):
        rows = tx.execute(
            select(messages.c.id, messages.c.contact_id).where(messages.c.id.in_(some))
        )
        found |= {row.id: row.contact_id for row in rows}
    return found


def by_creation(rows: Iterable[ConversationRow]) -> list[ConversationRow]:
    return sorted(rows, key=lambda row: (row["created_at"], row["id"]))


def chunks(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[at : at + ROWS_AT_ONCE] for at in range(0, len(ids), ROWS_AT_ONCE))
