"""Brings conversations together when a link does, and apart when it is undone.

What happens is decided in `replay`; here it is read from the database and written back. A
conversation that was brought into another keeps its row and its messages, says so in
`merged_into_id`, and is resolved: so it is work for nobody, in no list and no queue.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update

from hub.contacts import contact_addresses
from hub.conversations import lifecycle, merge_writes
from hub.conversations.merge_state import ConversationState, copied
from hub.identity import replay_reads, snapshots
from hub.identity.replay import LaterLink, Simulation, TimelineEntry
from hub.identity.snapshots import ConversationRow, state_of
from hub.store.engine import Transaction
from hub.store.models import links, messages

#: What is nobody's work has no unread messages, and no clock runs for it.
MERGED_VALUES: dict[str, Any] = {
    "status": "resolved",
    "unread_count": 0,
    "waiting_since": None,
    "snoozed_until": None,
    "queued_at": None,
    "accept_by": None,
    "sla_next_at": None,
}


@dataclass(frozen=True, slots=True)
class Merge:
    """What a link did to the conversations of two people.

    Args:
        snapshot: the conversations as they were, as JSON, for an undoing.
        before: the same as values.
        changed: the ids of the conversations that changed.
    """

    snapshot: dict[str, Any]
    before: list[ConversationState]
    changed: set[int]


def merge_conversations(tx: Transaction, keep: int, give: int, *, goes_on: bool = False) -> Merge:
    """Makes one open conversation of those of two people, each named by the root of their records.

    `goes_on`: the customer went from one to the other by an invitation.

    """
    rows: dict[int, ConversationRow] = {}
    root: dict[int, int] = {}
    for one in (keep, give):
        found = replay_reads.read_current_conversations(tx, one)
        root |= dict.fromkeys([one, *(row["contact_id"] for row in found.values())], one)
        rows |= found
    states = [state_of(row) for row in replay_reads.by_creation(rows.values())]
    world = Simulation(root, states)
    newest = tx.execute(select(func.max(messages.c.id))).scalar() or 0
    snapshot = snapshots.dump_snapshot(newest, states, rows)
    before = copied(states)
    world.join(LaterLink(0, keep, give, newest, goes_on))
    return Merge(snapshot, before, _write(tx, world, rows, {}))


def unmerge_conversations(tx: Transaction, link: Any, records: Sequence[int]) -> set[int]:
    """Makes the conversations of these records what they were without an undone link.

    Returns: the conversations that changed.
    """
    cast = replay_reads.read_scope(tx, link, records)
    entries = replay_reads.read_entries(tx, cast)
    rows = replay_reads.read_conversations(
        tx, {one.conversation_id for one in entries} | set(cast.kept)
    )
    begun = replay_reads.read_new_conversations(tx, rows, cast)

    def states(of: Mapping[int, int]) -> list[ConversationState]:
        return [
            state_of({**row, **cast.kept[row["id"]]})
            if row["id"] in cast.kept
            else replay_reads.state_at(tx, row, cast.since[row["contact_id"]])
            for row in replay_reads.by_creation(rows.values())
            if row["contact_id"] in of and row["id"] not in begun
        ]

    remembered: dict[int, list[ConversationState]] = {}

    def joined(joining: LaterLink, then: Simulation) -> None:
        new = cast.enters[joining.link_id]
        then.enter(new, states(new))
        remembered[joining.link_id] = then.of_both(joining)

    world = Simulation(cast.root, states(cast.root))
    world.play(
        entries,
        cast.later,
        owners=replay_reads.read_originals(tx, entries),
        begun=begun,
        joined=joined,
    )
    _forget_what_was_seen(world, rows, entries)
    for conversation_id, owner in begun.items():
        _husk(world, conversation_id, owner)
    changed = _write(tx, world, rows, cast.kept)
    _file(tx, world, entries)
    _name_authors(tx, world, entries)
    for joining in cast.later:
        now = snapshots.dump_snapshot(
            joining.after, world.renumbered(remembered[joining.link_id]), rows
        )
        tx.execute(update(links).where(links.c.id == joining.link_id).values(before=now))
    return changed


# -- what is not told in the timeline --------------------------------------------------------------


def _forget_what_was_seen(
    world: Simulation, rows: Mapping[int, ConversationRow], entries: Sequence[TimelineEntry]
) -> None:
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


def _clears(entry: TimelineEntry) -> bool:
    is_answer = entry.direction == "out" and entry.type == "message" and not entry.is_echo
    return (is_answer and entry.author_type == "agent" and entry.address_id is not None) or (
        entry.event.get("name") == "conversation.status" and entry.event.get("to") == "resolved"
    )


def _husk(world: Simulation, conversation_id: int, owner: int) -> None:
    """A conversation that would not have been begun is empty now: it stays inside another."""
    current = world.current_of(owner)
    if conversation_id not in world.states and current is not None:
        world.states[conversation_id] = ConversationState(
            conversation_id,
            owner,
            current.created_at,
            last_activity_at=current.last_activity_at,
            merged_into_id=current.id,
        )


# -- writing -------------------------------------------------------------------------------------


def _write(
    tx: Transaction,
    world: Simulation,
    rows: Mapping[int, ConversationRow],
    kept: Mapping[int, ConversationRow],
) -> set[int]:
    """Writes how every conversation stands now. Returns those that changed."""
    _number(tx, world)
    changed = set()
    for state in world.states.values():
        row = rows.get(state.id)
        values = snapshots.columns_of(state)
        if state.merged_into_id is not None:
            values |= MERGED_VALUES
        elif row is not None and row["merged_into_id"] is not None and state.id in kept:
            values |= {
                name: one for name, one in kept[state.id].items() if name in snapshots.OTHER_COLUMNS
            }
            values["accept_by"] = None  # who had to look by then could not
        if row is not None:
            values = {name: value for name, value in values.items() if value != row[name]}
            if state.merged_into_id is None:
                values |= lifecycle.wake_clocks(row, values, tx.now)
        if not values:
            continue
        changed.add(state.id)
        merge_writes.update_conversation(tx, state.id, values)
    return changed


def _number(tx: Transaction, world: Simulation) -> None:
    """Gives the conversations that were begun here their rows."""
    for state in [one for one in world.states.values() if one.id < 0]:
        made = lifecycle.start_conversation(
            tx, contact_addresses.first_address_of(tx.connection, state.contact_id)
        )
        world.renumber(state.id, made.id)


def _file(tx: Transaction, world: Simulation, entries: Sequence[TimelineEntry]) -> None:
    moved: dict[int, list[int]] = defaultdict(list)
    for one in entries:
        target = world.filed.get(one.id, one.conversation_id)
        if target != one.conversation_id:
            moved[target].append(one.id)
    for target, ids in moved.items():
        for some in replay_reads.chunks(ids):
            merge_writes.move_messages(tx, some, target)
    for some in replay_reads.chunks(sorted(world.no_duplicates)):
        merge_writes.clear_duplicates(tx, some)


def _name_authors(tx: Transaction, world: Simulation, entries: Sequence[TimelineEntry]) -> None:
    """What a customer said is said by the person they were then."""
    wrong: dict[int, list[int]] = defaultdict(list)
    for one in entries:
        author = world.authors.get(one.id)
        if author is not None and author != one.author_id:
            wrong[author].append(one.id)
    for author, ids in wrong.items():
        for some in replay_reads.chunks(ids):
            merge_writes.set_author_contact(tx, some, author)
