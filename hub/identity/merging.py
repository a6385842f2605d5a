"""Merges the conversations of two people when a link is made, and unmerges them when it is undone.

A conversation that is merged into another keeps its row and its messages, names the other in
`merged_into_id`, and is resolved: so it is in no list and no queue.

**Merging**, when a link is made:

1. `links.link_contacts` finds the roots of both contacts and calls `merge_conversations`.
2. `replay_reads` reads the open and newest conversations of both people.
3. `snapshots` dumps them as JSON; the link keeps that in `link.before`.
4. `replay.Simulation.apply_link` decides which conversation is kept (`conversations.merge_state`).
5. `conversations.merge_writes` writes what changed.

**Unmerging**, when a link is undone:

1. `links.unlink_contacts` marks the link as undone, gives each contact the root that it has without
   it (`contacts.roots`), and calls `unmerge_conversations`.
2. `replay_reads.read_scope` finds the contacts that take part: those of both sides, and those that
   later links brought in. `snapshots` loads their conversations as they were.
3. `replay_reads.read_entries` reads their timeline since then.
4. `replay.Simulation` replays it without the link, with the later links that hold.
5. `_set_unread_counts` keeps read what an agent has read; `_keep_merged` keeps the rows of
   conversations that would not have started.
6. `conversations.merge_writes` writes how the conversations are now, moves messages between them,
   and corrects their authors.
7. The later links get new snapshots, as if they had been made without the undone link.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import func, select, update

from hub.contacts import contact_addresses
from hub.conversations import lifecycle, merge_writes
from hub.conversations.merge_state import CHANGED_EVENT, ConversationState, copies
from hub.identity import replay_reads, snapshots
from hub.identity.replay import LaterLink, Simulation, TimelineEntry
from hub.identity.replay_reads import ReplayScope
from hub.identity.snapshots import ConversationRow, LinkRow, Snapshot, state_of
from hub.store.engine import Transaction
from hub.store.models import links, messages

#: The columns of a merged conversation: it has no unread messages, and no clock runs for it.
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
    """What a link changed in the conversations of two people.

    Args:
        snapshot: the conversations before it, for an undoing.
        before: the same as values.
        changed: the ids of the conversations that changed.
    """

    snapshot: Snapshot
    before: list[ConversationState]
    changed: set[int]


def merge_conversations(
    tx: Transaction, kept_root_id: int, absorbed_root_id: int, *, moves_customer: bool = False
) -> Merge:
    """Merges the open conversations of two people into one.

    Args:
        kept_root_id: the root that stands for both from now on.
        absorbed_root_id: the root of the other person; may be the same one.
        moves_customer: the customer continues on the other channel, by a handover.
    """
    root_of: dict[int, int] = {}
    ids_by_root = {
        root_id: replay_reads.current_conversation_ids(tx, root_id)
        for root_id in (kept_root_id, absorbed_root_id)
    }
    rows = replay_reads.read_conversations(tx, set().union(*ids_by_root.values()))
    for root_id, ids in ids_by_root.items():
        contact_ids = [root_id, *(rows[id_]["contact_id"] for id_ in ids)]
        root_of |= dict.fromkeys(contact_ids, root_id)
    states = [state_of(row) for row in replay_reads.by_creation(rows.values())]
    newest_message_id = tx.execute(select(func.max(messages.c.id))).scalar() or 0
    snapshot = snapshots.dump_snapshot(newest_message_id, states, rows)
    before = copies(states)
    simulation = Simulation(root_of, states)
    simulation.apply_link(
        LaterLink(0, kept_root_id, absorbed_root_id, newest_message_id, moves_customer)
    )
    return Merge(snapshot, before, _write_conversations(tx, simulation, rows, {}))


def unmerge_conversations(tx: Transaction, undone: LinkRow, contact_ids: Sequence[int]) -> set[int]:
    """Makes the conversations of these contacts as they would be without an undone link.

    Args:
        undone: the link.
        contact_ids: the contacts that were one person with it, the root first.

    Returns: the ids of the conversations that changed.
    """
    scope = replay_reads.read_scope(tx, undone, contact_ids)
    entries = replay_reads.read_entries(tx, scope)
    rows = replay_reads.read_conversations(
        tx, {entry.conversation_id for entry in entries} | set(scope.remembered)
    )
    started_by = replay_reads.read_new_conversations(tx, rows, scope)
    states_before_link: dict[int, list[ConversationState]] = {}

    def before_link(link: LaterLink, simulation: Simulation) -> None:
        root_of = scope.entering[link.link_id]
        simulation.add_contacts(root_of, _first_states(tx, scope, rows, started_by, root_of))
        states_before_link[link.link_id] = simulation.copy_states_of(link)

    simulation = Simulation(
        scope.root_of, _first_states(tx, scope, rows, started_by, scope.root_of)
    )
    simulation.replay(
        entries,
        scope.later_links,
        contact_of=replay_reads.read_contacts_of_originals(tx, entries),
        started_by=started_by,
        before_link=before_link,
    )
    _set_unread_counts(simulation, rows, entries)
    for conversation_id, contact_id in started_by.items():
        _keep_merged(simulation, conversation_id, contact_id)
    changed = _write_conversations(tx, simulation, rows, scope.remembered)
    _write_messages(tx, simulation, entries)
    for link in scope.later_links:
        states = simulation.with_database_ids(states_before_link[link.link_id])
        snapshot = snapshots.dump_snapshot(link.after_message_id, states, rows)
        tx.execute(update(links).where(links.c.id == link.link_id).values(before=snapshot))
    return changed


def _first_states(
    tx: Transaction,
    scope: ReplayScope,
    rows: Mapping[int, ConversationRow],
    started_by: Mapping[int, int],
    contact_ids: Collection[int],
) -> list[ConversationState]:
    """Returns the conversations of contacts as they were when the contacts come in, oldest first.

    Conversations that started later are not among them.
    """
    return [
        state_of({**row, **scope.remembered[row["id"]]})
        if row["id"] in scope.remembered
        else replay_reads.state_at(tx, row, scope.since[row["contact_id"]])
        for row in replay_reads.by_creation(rows.values())
        if row["contact_id"] in contact_ids and row["id"] not in started_by
    ]


# -- what the timeline does not tell ---------------------------------------------------------------


def _set_unread_counts(
    simulation: Simulation,
    rows: Mapping[int, ConversationRow],
    entries: Sequence[TimelineEntry],
) -> None:
    """Keeps messages read that an agent has read, whichever conversation they are in now.

    The timeline does not tell when an agent reads. It follows from the count of a conversation: its
    unread messages are its last ones.
    """
    inbound_ids: dict[int, list[int]] = defaultdict(list)
    last_clearing_id: dict[int, int] = {}
    for entry in entries:
        if _counts_as_unread(entry):
            inbound_ids[entry.conversation_id].append(entry.id)
        elif _clears_unread(entry):
            last_clearing_id[entry.conversation_id] = entry.id
    changes: dict[int, set[int]] = defaultdict(set)
    for entry in entries:
        if entry.event.get("name") == CHANGED_EVENT:
            changes[entry.conversation_id].add(entry.id)
    read_ids: set[int] = set()
    #: Whether an agent has also read what was unread when the link was made.
    are_old_read = False
    for conversation_id, row in rows.items():
        if row["merged_into_id"] is not None or row["status"] == "resolved":
            continue
        count, ids = row["unread_count"], inbound_ids[conversation_id]
        unread_ids = set(ids[max(0, len(ids) - count) :])
        cleared_until = last_clearing_id.get(conversation_id, 0)
        read_ids |= {id_ for id_ in ids if id_ > cleared_until} - unread_ids
        if count == 0:
            read_ids |= changes[conversation_id]
        are_old_read = are_old_read or (not last_clearing_id and count <= len(ids))
    for state in simulation.states.values():
        replayed_ids = simulation.unread.get(state.id, [])
        old_count = state.unread_count - len(replayed_ids)
        unread_count = sum(1 for id_ in replayed_ids if id_ not in read_ids)
        state.unread_count = unread_count + (0 if are_old_read else max(old_count, 0))


def _counts_as_unread(entry: TimelineEntry) -> bool:
    if entry.event.get("name") == CHANGED_EVENT:
        return not entry.event["was_unread"]
    is_message = entry.direction == "in" and entry.type == "message"
    return is_message and entry.duplicate_of_id is None and not entry.is_only_handover


def _clears_unread(entry: TimelineEntry) -> bool:
    """Whether an entry makes all earlier messages read: an agent's answer, or a resolution."""
    is_answer = entry.direction == "out" and entry.type == "message" and not entry.is_echo
    return (is_answer and entry.author_type == "agent" and entry.address_id is not None) or (
        entry.event.get("name") == "conversation.status" and entry.event.get("to") == "resolved"
    )


def _keep_merged(simulation: Simulation, conversation_id: int, contact_id: int) -> None:
    """Merges a conversation that would not have started into the contact's current one.

    It is empty now, and its row stays.
    """
    current = simulation.current_state_of(contact_id)
    if conversation_id not in simulation.states and current is not None:
        simulation.states[conversation_id] = ConversationState(
            conversation_id,
            contact_id,
            current.created_at,
            last_activity_at=current.last_activity_at,
            merged_into_id=current.id,
        )


# -- writing ---------------------------------------------------------------------------------------


def _write_conversations(
    tx: Transaction,
    simulation: Simulation,
    rows: Mapping[int, ConversationRow],
    remembered: Mapping[int, ConversationRow],
) -> set[int]:
    """Writes the conversations as they are in the simulation.

    Args:
        rows: their rows as they are in the database.
        remembered: their rows in the snapshots of links.

    Returns: the ids of those that changed.
    """
    _insert_conversations(tx, simulation)
    changed = set()
    for state in simulation.states.values():
        row = rows.get(state.id)
        values = snapshots.columns_of(state)
        if state.merged_into_id is not None:
            values |= MERGED_VALUES
        elif row is not None and row["merged_into_id"] is not None and state.id in remembered:
            values |= {
                name: value
                for name, value in remembered[state.id].items()
                if name in snapshots.OTHER_COLUMNS
            }
            values["accept_by"] = None  # the agent could not accept it while it was merged
        if row is not None:
            values = {name: value for name, value in values.items() if value != row[name]}
            if state.merged_into_id is None:
                values |= lifecycle.wake_clocks(row, values, tx.now)
        if not values:
            continue
        changed.add(state.id)
        merge_writes.update_conversation(tx, state.id, values)
    return changed


def _insert_conversations(tx: Transaction, simulation: Simulation) -> None:
    """Inserts the conversations that started during the replay, and gives them their ids."""
    for state in [state for state in simulation.states.values() if state.id < 0]:
        started = lifecycle.start_conversation(
            tx, contact_addresses.first_contact_address(tx.connection, state.contact_id)
        )
        simulation.set_database_id(state.id, started.id)


def _write_messages(
    tx: Transaction, simulation: Simulation, entries: Sequence[TimelineEntry]
) -> None:
    """Moves messages into their conversations, corrects authors, makes former duplicates count.

    The author of a customer's message is the contact that stood for the customer.
    """
    moved_ids: dict[int, list[int]] = defaultdict(list)
    ids_by_author: dict[int, list[int]] = defaultdict(list)
    for entry in entries:
        conversation_id = simulation.conversation_of.get(entry.id, entry.conversation_id)
        if conversation_id != entry.conversation_id:
            moved_ids[conversation_id].append(entry.id)
        author_id = simulation.author_of.get(entry.id)
        if author_id is not None and author_id != entry.author_id:
            ids_by_author[author_id].append(entry.id)
    duplicate_ids = sorted(simulation.former_duplicates)
    changed_ids = {*chain(*moved_ids.values(), *ids_by_author.values(), duplicate_ids)}
    for chunk in replay_reads.chunks(sorted(changed_ids)):
        merge_writes.lock_messages(tx, chunk)
    for conversation_id, message_ids in moved_ids.items():
        for chunk in replay_reads.chunks(message_ids):
            merge_writes.move_messages(tx, chunk, conversation_id)
    for chunk in replay_reads.chunks(duplicate_ids):
        merge_writes.clear_duplicates(tx, chunk)
    for author_id, message_ids in ids_by_author.items():
        for chunk in replay_reads.chunks(message_ids):
            merge_writes.set_author_contact(tx, chunk, author_id)
