"""Brings conversations together when a link does, and apart when it is undone.

What happens is decided in `replay`; here it is read from the database and written back. A
conversation that was brought into another keeps its row and its messages, says so in
`merged_into_id`, and is resolved: so it is work for nobody, in no list and no queue.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from hub.conversations import people, threads
from hub.conversations.replay import Entry, Joining, State, World, copied, roots
from hub.store.engine import Transaction
from hub.store.models import (
    contacts,
    conversation_connectors,
    conversation_labels,
    conversations,
    links,
    messages,
)

Row = Mapping[str, Any]

CORE = frozenset(one.name for one in fields(State))
#: What a conversation gets back when it is work of its own again: its place, its clocks.
REST = frozenset(conversations.c.keys()) - CORE - {"updated_at", "subject", "context_card"}
#: What is nobody's work has no unread messages, and no clock runs for it.
AT_REST: dict[str, Any] = {
    "status": "resolved",
    "unread_count": 0,
    "waiting_since": None,
    "snoozed_until": None,
    "queued_at": None,
    "accept_by": None,
    "sla_next_at": None,
}
ROWS_AT_ONCE = 500


def join(
    tx: Transaction, group: Sequence[int], other: Sequence[int], *, goes_on: bool = False
) -> tuple[dict[str, Any], set[int]]:
    """Makes one open conversation of those of two people. Each list begins with its root.

    `goes_on`: the customer went from one to the other by an invitation.

    Returns: what an undoing goes back to, and the conversations that changed.
    """
    rows = _standing_rows(tx, group) | _standing_rows(tx, other)
    states = [_state(row) for row in _in_order(rows.values())]
    roots = dict.fromkeys(group, group[0]) | dict.fromkeys(other, other[0])
    world = World(roots, states)
    newest = tx.execute(select(func.max(messages.c.id))).scalar() or 0
    before = _remembered(newest, copied(states), rows)
    world.join(Joining(0, group[0], other[0], newest, goes_on))
    return before, _write(tx, world, rows, {})


def part(tx: Transaction, link: Any, records: Sequence[int]) -> set[int]:
    """Makes the conversations of these records what they were without an undone link.

    Returns: the conversations that changed.
    """
    after = int(link.before["after"])
    kept: dict[int, Row] = {int(row["id"]): row for row in _remembered_rows(link.before)}
    entries = _entries(tx, records, after)
    rows = _rows(tx, {one.conversation_id for one in entries} | set(kept))
    begun = _begun(tx, rows, kept, after)
    states = [
        _state(kept[row["id"]]) if row["id"] in kept else _ended(tx, row, after)
        for row in _in_order(rows.values())
        if row["id"] not in begun
    ]
    world = World(_roots_before(tx, link, records), states)
    later = _later(tx, link, records)
    moments: dict[int, list[State]] = {}
    world.play(
        entries,
        later,
        owners=_owners(tx, entries, after),
        begun=begun,
        joined=lambda one, then: moments.update({one.link_id: then.of_both(one)}),
    )
    _forget_what_was_seen(world, rows, entries)
    for conversation_id, owner in begun.items():
        _husk(world, conversation_id, owner)
    changed = _write(tx, world, rows, kept)
    _file(tx, world, entries)
    _rename_authors(tx, entries, records)
    for joining in later:
        before = _remembered(joining.after, _renumbered(world, moments[joining.link_id]), rows)
        tx.execute(update(links).where(links.c.id == joining.link_id).values(before=before))
    return changed


# -- reading -------------------------------------------------------------------------------------


def _standing_rows(tx: Transaction, records: Sequence[int]) -> dict[int, Row]:
    """What goes on with a person or went on last, and what was brought into it."""
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
    return _rows(tx, ids | set(tx.execute(inside).scalars()))


def _rows(tx: Transaction, ids: Iterable[int]) -> dict[int, Row]:
    found: dict[int, Row] = {}
    for some in _chunks(sorted(ids)):
        rows = tx.execute(
            select(conversations).where(conversations.c.id.in_(some)).with_for_update()
        )
        found |= {row["id"]: row for row in rows.mappings()}
    return found


def _entries(tx: Transaction, records: Sequence[int], after: int) -> list[Entry]:
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
        Entry(
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
    ]


def _begun(
    tx: Transaction, rows: Mapping[int, Row], kept: Mapping[int, Row], after: int
) -> dict[int, int]:
    """Conversations that nothing was said in before, and the record that began each."""
    unsure = [conversation_id for conversation_id in rows if conversation_id not in kept]
    older = set(
        tx.execute(
            select(conversations.c.id).where(
                conversations.c.id.in_(unsure),
                select(messages.c.id)
                .where(messages.c.conversation_id == conversations.c.id, messages.c.id <= after)
                .exists(),
            )
        ).scalars()
    )
    return {one: rows[one]["contact_id"] for one in unsure if one not in older}


def _ended(tx: Transaction, row: Row, after: int) -> State:
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
        _state(row),
        status="resolved",
        unread_count=0,
        waiting_since=None,
        snoozed_until=None,
        last_message_id=last and last.id,
        last_activity_at=last.received_at if last else row["created_at"],
    )


def _roots_before(tx: Transaction, link: Any, records: Sequence[int]) -> dict[int, int]:
    """Who was one person when the link was made, by the links that still hold."""
    edges = tx.execute(
        select(links.c.contact_id, links.c.other_contact_id)
        .where(links.c.contact_id.in_(records), links.c.undone_at.is_(None), links.c.id < link.id)
        .order_by(links.c.id)
    )
    return roots(records, [(row.contact_id, row.other_contact_id) for row in edges])


def _later(tx: Transaction, link: Any, records: Sequence[int]) -> list[Joining]:
    rows = tx.execute(
        select(
            links.c.id,
            links.c.contact_id,
            links.c.other_contact_id,
            links.c.before,
            links.c.method,
        )
        .where(links.c.contact_id.in_(records), links.c.undone_at.is_(None), links.c.id > link.id)
        .order_by(links.c.id)
    )
    return [
        Joining(
            row.id,
            row.contact_id,
            row.other_contact_id,
            int(row.before["after"]),
            goes_on=row.method == "handover",
        )
        for row in rows
    ]


def _owners(tx: Transaction, entries: Sequence[Entry], after: int) -> dict[int, int]:
    wanted = {one.duplicate_of_id for one in entries if (one.duplicate_of_id or after + 1) <= after}
    found: dict[int, int] = {}
    for some in _chunks(sorted(filter(None, wanted))):
        rows = tx.execute(
            select(messages.c.id, messages.c.contact_id).where(messages.c.id.in_(some))
        )
        found |= {row.id: row.contact_id for row in rows}
    return found


# -- what is not told in the timeline --------------------------------------------------------------


def _forget_what_was_seen(world: World, rows: Mapping[int, Row], entries: Sequence[Entry]) -> None:
    """What an agent has looked at stays looked at, wherever it is filed now."""
    heard: dict[int, list[int]] = defaultdict(list)
    cleared: dict[int, int] = {}
    for one in entries:
        if one.direction == "in" and one.type == "message" and one.duplicate_of_id is None:
            heard[one.conversation_id].append(one.id)
        elif _clears(one):
            cleared[one.conversation_id] = one.id
    seen: set[int] = set()
    all_before = False
    for conversation_id, row in rows.items():
        if row["merged_into_id"] is not None or row["status"] == "resolved":
            continue
        count, since = row["unread_count"], heard[conversation_id]
        unread = set(since[max(0, len(since) - count) :])
        seen |= {one for one in since if one > cleared.get(conversation_id, 0)} - unread
        all_before = all_before or (not cleared and count <= len(since))
    for state in world.states.values():
        own = world.unread.get(state.id, [])
        before = state.unread_count - len(own)
        now = [one for one in own if one not in seen]
        state.unread_count = len(now) + (0 if all_before else max(before, 0))


def _clears(entry: Entry) -> bool:
    is_answer = entry.direction == "out" and entry.type == "message" and not entry.is_echo
    return (is_answer and entry.author_type == "agent" and entry.address_id is not None) or (
        entry.event.get("name") == "conversation.status" and entry.event.get("to") == "resolved"
    )


def _husk(world: World, conversation_id: int, owner: int) -> None:
    """A conversation that would not have been begun is empty now: it stays inside another."""
    current = world.current_of(owner)
    if conversation_id not in world.states and current is not None:
        world.states[conversation_id] = State(
            conversation_id,
            owner,
            current.created_at,
            last_activity_at=current.last_activity_at,
            merged_into_id=current.id,
        )


# -- writing -------------------------------------------------------------------------------------


def _write(
    tx: Transaction, world: World, rows: Mapping[int, Row], kept: Mapping[int, Row]
) -> set[int]:
    """Writes how every conversation stands now. Returns those that changed."""
    _number(tx, world)
    changed = set()
    for state in world.states.values():
        row = rows.get(state.id)
        values = {name: _plain(value) for name, value in asdict(state).items()}
        if state.merged_into_id is not None:
            values |= AT_REST
        elif row is not None and row["merged_into_id"] is not None and state.id in kept:
            values |= {name: kept[state.id][name] for name in REST if name in kept[state.id]}
            values["accept_by"] = None  # who had to look by then could not
        if row is not None:
            values = {name: value for name, value in values.items() if value != row[name]}
            if state.merged_into_id is None:
                values |= threads.wake_clocks(row, values, tx.now)
        if not values:
            continue
        changed.add(state.id)
        tx.execute(
            update(conversations)
            .where(conversations.c.id == state.id)
            .values(**values, updated_at=tx.now)
        )
        if "labels" in values:
            _fill(tx, conversation_labels, "label", state.id, values["labels"])
        if "connectors" in values:
            _fill(tx, conversation_connectors, "connector", state.id, values["connectors"])
    return changed


def _number(tx: Transaction, world: World) -> None:
    """Gives the conversations that were begun here their rows."""
    for state in [one for one in world.states.values() if one.id < 0]:
        made = threads.start_thread(tx, people.of_record(tx.connection, state.contact_id))
        world.renumber(state.id, made.id)


def _fill(tx: Transaction, table: Any, column: str, conversation_id: int, names: Any) -> None:
    tx.execute(delete(table).where(table.c.conversation_id == conversation_id))
    if names:
        rows = [{column: name, "conversation_id": conversation_id} for name in names]
        tx.execute(insert(table), rows)


def _file(tx: Transaction, world: World, entries: Sequence[Entry]) -> None:
    moved: dict[int, list[int]] = defaultdict(list)
    for one in entries:
        target = world.filed.get(one.id, one.conversation_id)
        if target != one.conversation_id:
            moved[target].append(one.id)
    for target, ids in moved.items():
        for some in _chunks(ids):
            tx.execute(
                update(messages).where(messages.c.id.in_(some)).values(conversation_id=target)
            )
    for some in _chunks(sorted(world.no_duplicates)):
        tx.execute(update(messages).where(messages.c.id.in_(some)).values(duplicate_of_id=None))


def _rename_authors(tx: Transaction, entries: Sequence[Entry], records: Sequence[int]) -> None:
    """What a customer said is said by the person they are now."""
    root = contacts.alias()
    person = {
        row.id: row
        for row in tx.execute(
            select(contacts.c.id, root.c.id.label("root_id"), root.c.name)
            .join(root, root.c.id == contacts.c.root_id)
            .where(contacts.c.id.in_(records))
        )
    }
    wrong: dict[int, list[int]] = defaultdict(list)
    for one in entries:
        if one.author_type == "contact" and one.author_id != person[one.contact_id].root_id:
            wrong[one.contact_id].append(one.id)
    for record, ids in wrong.items():
        for some in _chunks(ids):
            tx.execute(
                update(messages)
                .where(messages.c.id.in_(some))
                .values(author_id=person[record].root_id, author_name=person[record].name)
            )


# -- what a link remembers -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Moment:
    """A time in JSON, told from the texts beside it by its key."""

    key: str = "at"

    def dump(self, value: Any) -> Any:
        return {self.key: value.isoformat()} if isinstance(value, datetime) else value

    def load(self, value: Any) -> Any:
        is_time = isinstance(value, dict) and set(value) == {self.key}
        return datetime.fromisoformat(value[self.key]) if is_time else value


_MOMENT = _Moment()


def _remembered(after: int, states: Iterable[State], rows: Mapping[int, Row]) -> dict[str, Any]:
    kept = []
    for state in states:
        row = rows.get(state.id, {})
        values = {name: row[name] for name in REST if name in row} | asdict(state)
        kept.append({name: _MOMENT.dump(_plain(value)) for name, value in values.items()})
    return {"after": after, "conversations": kept}


def _remembered_rows(before: Mapping[str, Any]) -> list[Row]:
    return [
        {name: _MOMENT.load(value) for name, value in kept.items()}
        for kept in before["conversations"]
    ]


def _renumbered(world: World, states: Iterable[State]) -> list[State]:
    found = []
    for one in states:
        one.id = world.numbers.get(one.id, one.id)
        if one.merged_into_id is not None:
            one.merged_into_id = world.numbers.get(one.merged_into_id, one.merged_into_id)
        found.append(one)
    return found


def _state(row: Row) -> State:
    values: dict[str, Any] = {name: row[name] for name in CORE}
    for name in ("labels", "connectors"):
        values[name] = tuple(values[name])
    return State(**values)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _in_order(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["created_at"], row["id"]))


def _chunks(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[at : at + ROWS_AT_ONCE] for at in range(0, len(ids), ROWS_AT_ONCE))
