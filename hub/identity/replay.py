"""Replays the time since a link was made, as if the link had never been made. Pure.

Undoing a link goes back to the conversations as they were when it was made, and replays each
message and each decision since then without it: a message goes to the conversation of the contact
that sent or received it, an agent's decision stays with the conversation it was made in, and a
conversation starts where one would have started. So the result is the same as if the link had never
been made. The cost grows with what happened since, not with what was before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.conversations.merge_state import (
    CHANGED_EVENT,
    REOPEN_WITHIN,
    ConversationState,
    choose_survivor,
    copies,
    is_shown_in_list,
    merge_into,
    union,
)

#: The event by which a customer continues on another channel before they write there.
REDEEMED_EVENT = "handover.redeemed"


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """A row of the timeline.

    Args:
        conversation_id: the conversation that it is in now.
        contact_id: the contact whose address sent or received it.
        address_id, connector: where it was sent or received; those of a redeemed handover are where
            the customer continued; None for a note and for any other event.
        at: when the hub received it.
        event: the event as JSON, with its `name`; empty for a message or a note.
        is_echo: whether an agent sent it by the provider's own app.
        is_only_handover: whether it has nothing but a handover's code, so that it needs no answer.
    """

    id: int
    conversation_id: int
    contact_id: int
    address_id: int | None
    connector: str | None
    direction: str
    type: str
    author_type: str
    author_id: int | None
    at: datetime
    event: Mapping[str, Any] = field(default_factory=dict)
    duplicate_of_id: int | None = None
    is_echo: bool = False
    is_only_handover: bool = False


@dataclass(frozen=True, slots=True)
class LaterLink:
    """A link that holds, made when the newest message was `after_message_id`.

    `moves_customer`: it is by a handover, so the customer continues on the other channel.
    """

    link_id: int
    contact_id: int
    other_contact_id: int
    after_message_id: int
    moves_customer: bool = False


class Simulation:
    """Some people with their conversations, while what happened is replayed.

    Contacts with the same root are one person. A conversation that starts during the replay has an
    id below zero until the database gives it one.

    Args:
        root_of: the root of each contact.
        states: their conversations, at the time at which the replay begins.
    """

    def __init__(self, root_of: Mapping[int, int], states: Iterable[ConversationState]) -> None:
        self.root_of = dict(root_of)
        self.states = {state.id: state for state in states}
        #: The conversation of each message that was replayed.
        self.conversation_of: dict[int, int] = {}
        #: Messages that were marked as duplicates and are none without the link.
        self.former_duplicates: set[int] = set()
        #: The contact that stood for the author of each message of a customer.
        self.author_of: dict[int, int] = {}
        #: By conversation, its unread messages that were replayed.
        self.unread: dict[int, list[int]] = {}
        #: The ids that the database gave for those below zero.
        self.database_ids: dict[int, int] = {}
        self._contact_of: dict[int, int] = {}
        self._started_by: dict[int, int] = {}
        self._next_id = -1
        self._group_by_root()

    def replay(
        self,
        entries: Iterable[TimelineEntry],
        later_links: Iterable[LaterLink],
        *,
        contact_of: Mapping[int, int],
        started_by: Mapping[int, int],
        before_link: Callable[[LaterLink, Simulation], None],
    ) -> None:
        """Replays messages, decisions and links, in their order.

        Args:
            entries: the timeline since the replay begins, oldest first.
            later_links: the links that were made since and hold, oldest first.
            contact_of: the contact of each message that an entry may be a duplicate of.
            started_by: the conversations that started since, with the contact of each.
            before_link: called before each link, with the simulation as it is then: contacts that
                take part because of this link have to be added now.
        """
        self._contact_of, self._started_by = dict(contact_of), dict(started_by)
        waiting = list(later_links)
        for entry in entries:
            while waiting and waiting[0].after_message_id < entry.id:
                before_link(waiting[0], self)
                self.apply_link(waiting.pop(0))
            self._contact_of[entry.id] = entry.contact_id
            self._replay_entry(entry)
        for link in waiting:
            before_link(link, self)
            self.apply_link(link)

    def set_database_id(self, old_id: int, new_id: int) -> None:
        """Gives a conversation that started during the replay the id of its row."""
        self.database_ids[old_id] = new_id
        self.states = {self.database_ids.get(key, key): state for key, state in self.states.items()}
        self.states[new_id].id = new_id
        for state in self.states.values():
            if state.merged_into_id == old_id:
                state.merged_into_id = new_id
        self.conversation_of = {
            message_id: self.database_ids.get(conversation_id, conversation_id)
            for message_id, conversation_id in self.conversation_of.items()
        }
        if old_id in self.unread:
            self.unread[new_id] = self.unread.pop(old_id)

    def add_contacts(self, root_of: Mapping[int, int], states: Iterable[ConversationState]) -> None:
        """Adds contacts with their roots and their conversations, as they are by then."""
        self.root_of |= root_of
        self.states |= {state.id: state for state in states}
        self._group_by_root()

    def with_database_ids(self, states: Sequence[ConversationState]) -> Sequence[ConversationState]:
        """Changes copies from before into the ids that the database gave since."""
        for state in states:
            state.id = self.database_ids.get(state.id, state.id)
            if state.merged_into_id is not None:
                state.merged_into_id = self.database_ids.get(
                    state.merged_into_id, state.merged_into_id
                )
        return states

    # -- contacts and their conversations ----------------------------------------------------------

    def apply_link(self, link: LaterLink) -> None:
        """Makes the two contacts one person, and merges their open conversations into one."""
        kept_root = self.root_of[link.contact_id]
        absorbed_root = self.root_of[link.other_contact_id]
        self.root_of = {
            contact_id: kept_root if root == absorbed_root else root
            for contact_id, root in self.root_of.items()
        }
        self._group_by_root()
        open_states = [state for state in self._states_of(link.contact_id) if state.is_open]
        if len(open_states) < 2:
            return
        kept_state = choose_survivor(open_states)
        absorbed_states = [state for state in open_states if state is not kept_state]
        for state in absorbed_states:
            merge_into(kept_state, state, moves_customer=link.moves_customer)
            self.unread.setdefault(kept_state.id, []).extend(self.unread.pop(state.id, []))
        absorbed_ids = {state.id for state in absorbed_states}
        for state in self.states.values():
            if state.merged_into_id in absorbed_ids:
                state.merged_into_id = kept_state.id
        self._group_by_root()

    def copy_states_of(self, link: LaterLink) -> list[ConversationState]:
        """Copies the conversations of the two people that a link is about to make one."""
        roots = {self.root_of[link.contact_id], self.root_of[link.other_contact_id]}
        return copies(
            state for state in self.states.values() if self.root_of[state.contact_id] in roots
        )

    def open_state_of(self, contact_id: int) -> ConversationState | None:
        """Returns the person's open conversation."""
        newest_first = reversed(self._states_of(contact_id))
        return next((state for state in newest_first if state.is_open), None)

    def current_state_of(self, contact_id: int) -> ConversationState | None:
        """Returns the person's open conversation, else the newest one."""
        states = self._states_of(contact_id)
        return self.open_state_of(contact_id) or (states[-1] if states else None)

    def _states_of(self, contact_id: int) -> list[ConversationState]:
        """Returns the person's conversations that are not merged into others, oldest first."""
        return self._states_by_root.get(self.root_of[contact_id], [])

    def _group_by_root(self) -> None:
        self._states_by_root: dict[int, list[ConversationState]] = {}
        for state in sorted(self.states.values(), key=lambda state: state.created_at):
            if state.merged_into_id is None:
                root = self.root_of[state.contact_id]
                self._states_by_root.setdefault(root, []).append(state)

    def _is_same_person(self, contact_id: int, other_contact_id: int | None) -> bool:
        if other_contact_id is None:
            return False
        return self.root_of.get(other_contact_id) == self.root_of[contact_id]

    def _former_state(self, entry: TimelineEntry) -> ConversationState | None:
        """Returns the conversation that an entry is in now, if that is the same person's here."""
        state = self.states.get(entry.conversation_id)
        if state is not None and state.merged_into_id is not None:
            state = self.states.get(state.merged_into_id)
        if state is None or not self._is_same_person(entry.contact_id, state.contact_id):
            return None
        return state

    # -- entries -----------------------------------------------------------------------------------

    def _replay_entry(self, entry: TimelineEntry) -> None:
        if entry.author_type == "contact":
            self.author_of[entry.id] = self.root_of[entry.contact_id]
        is_message = entry.type == "message" and entry.address_id is not None
        state: ConversationState | None
        if is_message and (entry.direction == "in" or entry.is_echo):
            state = self._state_for_inbound(entry)
        else:
            state = self._former_state(entry) or self.current_state_of(entry.contact_id)
            if state is None and is_message:
                state = self._start(entry)
        if state is None:
            return
        self.conversation_of[entry.id] = state.id
        if is_message and entry.direction == "in":
            self._apply_inbound(state, entry)
        elif is_message:
            self._apply_answer(state, entry)
        elif entry.type == "event" and entry.event.get("name") == REDEEMED_EVENT:
            _move_customer(state, entry)
        elif entry.event.get("name") == CHANGED_EVENT:
            self._apply_change(state, entry)
        elif entry.type == "event":
            _apply_decision(state, entry)
            if state.status == "resolved":
                self.unread.pop(state.id, None)
        if entry.type != "event":
            if is_shown_in_list(entry.author_type) or state.last_message_id is None:
                state.last_message_id, state.last_activity_at = entry.id, entry.at
            if entry.connector is not None:
                state.connectors = union(state.connectors, (entry.connector,))

    def _state_for_inbound(self, entry: TimelineEntry) -> ConversationState:
        """Returns the conversation of a customer's message: open, opened again, or a new one."""
        state = self.open_state_of(entry.contact_id)
        if state is not None:
            return state
        state = self._former_state(entry)
        if state is None:
            newest = self.current_state_of(entry.contact_id)
            resolved_at = newest.resolved_at if newest is not None else None
            if resolved_at is not None and entry.at - resolved_at < REOPEN_WITHIN:
                state = newest
        if state is None:
            return self._start(entry)
        state.status, state.resolved_at = "open", None
        return state

    def _start(self, entry: TimelineEntry) -> ConversationState:
        """Starts a conversation: the one that started then, where the same contact started it."""
        is_same_contact = self._started_by.get(entry.conversation_id) == entry.contact_id
        if is_same_contact and entry.conversation_id not in self.states:
            new_id = entry.conversation_id
        else:
            new_id, self._next_id = self._next_id, self._next_id - 1
        state = ConversationState(new_id, entry.contact_id, entry.at, last_activity_at=entry.at)
        self.states[new_id] = state
        self._states_by_root.setdefault(self.root_of[entry.contact_id], []).append(state)
        return state

    def _apply_inbound(self, state: ConversationState, entry: TimelineEntry) -> None:
        """Applies a customer's message: it is unread and waits, unless it is a repeat or a code."""
        _move_customer(state, entry)
        original_id = entry.duplicate_of_id
        if original_id is not None:
            if self._is_same_person(entry.contact_id, self._contact_of.get(original_id)):
                return
            self.former_duplicates.add(entry.id)
        if entry.is_only_handover:
            return
        state.unread_count += 1
        self.unread.setdefault(state.id, []).append(entry.id)
        state.waiting_since = state.waiting_since or entry.at
        if state.status in ("pending", "snoozed"):
            state.status, state.snoozed_until = "open", None

    def _apply_change(self, state: ConversationState, entry: TimelineEntry) -> None:
        """Applies an edit or a reaction: the conversation is unread, and may wait for an answer."""
        if state.unread_count == 0:
            state.unread_count = 1
            self.unread.setdefault(state.id, []).append(entry.id)
        if entry.event["waits"]:
            state.waiting_since = state.waiting_since or entry.at
            state.status, state.snoozed_until, state.resolved_at = "open", None, None

    def _apply_answer(self, state: ConversationState, entry: TimelineEntry) -> None:
        """Applies an agent's message; an automatic text of the hub answers nothing."""
        if entry.author_type != "agent":
            return
        state.waiting_since = None
        if entry.is_echo:
            return
        state.unread_count = 0
        self.unread.pop(state.id, None)
        if state.assignee_id is None:
            state.assignee_id = entry.author_id
        if state.status in ("snoozed", "resolved"):
            state.status, state.snoozed_until, state.resolved_at = "open", None, None


def _move_customer(state: ConversationState, entry: TimelineEntry) -> None:
    """Applies that the customer was heard at the address of an entry: answers go there."""
    if entry.address_id is None:
        return
    state.last_inbound_address_id = state.answer_address_id = entry.address_id
    state.last_inbound_connector = state.answer_connector = entry.connector


def _apply_decision(state: ConversationState, entry: TimelineEntry) -> None:
    """Applies an agent's decision again, from its event in the timeline."""
    event = entry.event
    match event.get("name"):
        case "conversation.status":
            if event["to"] == "resolved":
                state.waiting_since, state.unread_count = None, 0
                state.resolved_at = state.resolved_at or entry.at
            else:
                state.resolved_at = None
            state.status = event["to"]
            if state.status != "snoozed":
                state.snoozed_until = None
        case "conversation.assigned":
            state.assignee_id = None if event["agent_id"] is None else int(event["agent_id"])
        case "conversation.team":
            state.team_id = event["to"]
        case "conversation.priority":
            state.priority = event["to"]
        case "conversation.labels":
            removed = set(event["from"]) - set(event["to"])
            remaining = tuple(label for label in state.labels if label not in removed)
            added = tuple(label for label in event["to"] if label not in event["from"])
            state.labels = union(remaining, added)
