"""Plays once more what was said and decided since a link was made, as if it had never been. Pure.

An undoing goes back to the moment of the link and plays what came since without it: each message
finds the conversation of whoever said or heard it, each decision of an agent stays with the
conversation it was made in, and a conversation is begun where one would have been. So the end is
the same as if the link had never been, and its cost is that of what came since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.conversations.merge_state import (
    REOPEN_WITHIN,
    ConversationState,
    absorb,
    copied,
    keeper,
    united,
)


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """A row of the timeline. `contact_id` is the record whose address said or heard it."""

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
    #: Somebody answered in the provider's own app.
    is_echo: bool = False


@dataclass(frozen=True, slots=True)
class LaterLink:
    """A link that holds: made when the newest message was `after`."""

    link_id: int
    contact_id: int
    other_contact_id: int
    after: int
    #: An invitation was followed: the customer went on elsewhere.
    goes_on: bool = False


class Simulation:
    """Some people and their conversations, oldest first, while time goes by."""

    def __init__(self, root: Mapping[int, int], states: Iterable[ConversationState]) -> None:
        self.root = dict(root)
        self.states = {one.id: one for one in states}
        #: Where each message that was played is now, and those that are no duplicates any more.
        self.filed: dict[int, int] = {}
        self.no_duplicates: set[int] = set()
        #: The record that stood for whoever said each, when they said it.
        self.authors: dict[int, int] = {}
        #: Which of the messages that are unread came since the world began.
        self.unread: dict[int, list[int]] = {}
        #: The ids that the database gave for those below zero.
        self.numbers: dict[int, int] = {}
        self._owners: dict[int, int] = {}
        self._begun: dict[int, int] = {}
        self._next_id = -1
        self._arrange()

    def play(
        self,
        entries: Iterable[TimelineEntry],
        joinings: Iterable[LaterLink],
        *,
        owners: Mapping[int, int],
        begun: Mapping[int, int],
        joined: Callable[[LaterLink, Simulation], None],
    ) -> None:
        """Lets everything happen again, in order.

        Args:
            owners: the record of each message that another may repeat.
            begun: conversations that were begun since, and their records.
            joined: is called before each joining, with the world as it then is: who came into it
                by this link alone has to enter now.
        """
        self._owners, self._begun = dict(owners), dict(begun)
        waiting = list(joinings)
        for entry in entries:
            while waiting and waiting[0].after < entry.id:
                joined(waiting[0], self)
                self.join(waiting.pop(0))
            self._owners[entry.id] = entry.contact_id
            self._happen(entry)
        for one in waiting:
            joined(one, self)
            self.join(one)

    def renumber(self, old: int, new: int) -> None:
        """A conversation that was begun here has its id now."""
        self.numbers[old] = new
        self.states = {self.numbers.get(key, key): one for key, one in self.states.items()}
        self.states[new].id = new
        for one in self.states.values():
            if one.merged_into_id == old:
                one.merged_into_id = new
        self.filed = {key: self.numbers.get(one, one) for key, one in self.filed.items()}
        if old in self.unread:
            self.unread[new] = self.unread.pop(old)

    def enter(self, root: Mapping[int, int], states: Iterable[ConversationState]) -> None:
        """More people, as they are by now."""
        self.root |= root
        self.states |= {one.id: one for one in states}
        self._arrange()

    def renumbered(self, states: Sequence[ConversationState]) -> Sequence[ConversationState]:
        """Copies from before, with the ids that were given since."""
        for one in states:
            one.id = self.numbers.get(one.id, one.id)
            if one.merged_into_id is not None:
                one.merged_into_id = self.numbers.get(one.merged_into_id, one.merged_into_id)
        return states

    # -- people ------------------------------------------------------------------------------------

    def join(self, joining: LaterLink) -> None:
        """One person from now on, with one open conversation at most."""
        keep, give = self.root[joining.contact_id], self.root[joining.other_contact_id]
        self.root = {one: keep if root == give else root for one, root in self.root.items()}
        self._arrange()
        open_ = [one for one in self._of(joining.contact_id) if one.is_open]
        if len(open_) < 2:
            return
        stays = keeper(open_)
        for one in open_:
            if one is not stays:
                absorb(stays, one, goes_on=joining.goes_on)
                self.unread.setdefault(stays.id, []).extend(self.unread.pop(one.id, []))
        merged = {one.id for one in open_ if one is not stays}
        for one in self.states.values():
            if one.merged_into_id in merged:
                one.merged_into_id = stays.id
        self._arrange()

    def of_both(self, joining: LaterLink) -> list[ConversationState]:
        """The conversations of the two whom a link is about to make one, as they are now."""
        both = {self.root[joining.contact_id], self.root[joining.other_contact_id]}
        return copied(one for one in self.states.values() if self.root[one.contact_id] in both)

    def open_of(self, contact_id: int) -> ConversationState | None:
        return next((one for one in reversed(self._of(contact_id)) if one.is_open), None)

    def current_of(self, contact_id: int) -> ConversationState | None:
        """What goes on with a person, or went on last."""
        latest = self._of(contact_id)
        return self.open_of(contact_id) or (latest[-1] if latest else None)

    def _of(self, contact_id: int) -> list[ConversationState]:
        """What stands for itself of a person, oldest first."""
        return self._standing.get(self.root[contact_id], [])

    def _arrange(self) -> None:
        self._standing: dict[int, list[ConversationState]] = {}
        for one in sorted(self.states.values(), key=lambda one: one.created_at):
            if one.merged_into_id is None:
                self._standing.setdefault(self.root[one.contact_id], []).append(one)

    def _same_person(self, one: int, other: int | None) -> bool:
        return other is not None and self.root.get(other) == self.root[one]

    def _there(self, entry: TimelineEntry) -> ConversationState | None:
        """Where it happened, if that is with the same person here."""
        found = self.states.get(entry.conversation_id)
        if found is not None and found.merged_into_id is not None:
            found = self.states.get(found.merged_into_id)
        if found is None or not self._same_person(entry.contact_id, found.contact_id):
            return None
        return found

    # -- what happens ------------------------------------------------------------------------------

    def _happen(self, entry: TimelineEntry) -> None:
        if entry.author_type == "contact":
            self.authors[entry.id] = self.root[entry.contact_id]
        is_said = entry.type == "message" and entry.address_id is not None
        if is_said and (entry.direction == "in" or entry.is_echo):
            target: ConversationState | None = self._for_inbound(entry)
        elif is_said:
            target = self._there(entry) or self.current_of(entry.contact_id) or self._begin(entry)
        else:
            target = self._there(entry) or self.current_of(entry.contact_id)
        if target is None:
            return
        self.filed[entry.id] = target.id
        if is_said:
            self._hear(target, entry) if entry.direction == "in" else self._answer(target, entry)
        elif entry.type == "event":
            _decide(target, entry)
            if target.status == "resolved":
                self.unread.pop(target.id, None)
        if entry.type != "event":
            target.last_message_id, target.last_activity_at = entry.id, entry.at
            if entry.connector is not None:
                target.connectors = united(target.connectors, (entry.connector,))

    def _for_inbound(self, entry: TimelineEntry) -> ConversationState:
        found = self.open_of(entry.contact_id)
        if found is not None:
            return found
        found = self._there(entry)
        if found is None:
            latest = self.current_of(entry.contact_id)
            ended = latest.resolved_at if latest is not None else None
            if ended is not None and entry.at - ended < REOPEN_WITHIN:
                found = latest
        if found is None:
            return self._begin(entry)
        found.status, found.resolved_at = "open", None
        return found

    def _begin(self, entry: TimelineEntry) -> ConversationState:
        own = self._begun.get(entry.conversation_id) == entry.contact_id
        if own and entry.conversation_id not in self.states:
            new_id = entry.conversation_id
        else:
            new_id, self._next_id = self._next_id, self._next_id - 1
        made = ConversationState(new_id, entry.contact_id, entry.at, last_activity_at=entry.at)
        self.states[new_id] = made
        self._standing.setdefault(self.root[entry.contact_id], []).append(made)
        return made

    def _hear(self, target: ConversationState, entry: TimelineEntry) -> None:
        target.last_inbound_address_id = entry.address_id
        target.last_inbound_connector = entry.connector
        original = entry.duplicate_of_id
        if original is not None:
            if self._same_person(entry.contact_id, self._owners.get(original)):
                return
            self.no_duplicates.add(entry.id)
        target.unread_count += 1
        self.unread.setdefault(target.id, []).append(entry.id)
        target.waiting_since = target.waiting_since or entry.at
        if target.status in ("pending", "snoozed"):
            target.status, target.snoozed_until = "open", None

    def _answer(self, target: ConversationState, entry: TimelineEntry) -> None:
        if entry.author_type != "agent":
            return  # what the hub says by itself answers nothing
        target.waiting_since = None
        if entry.is_echo:
            return
        target.unread_count = 0
        self.unread.pop(target.id, None)
        if target.assignee_id is None:
            target.assignee_id = entry.author_id
        if target.status in ("snoozed", "resolved"):
            target.status, target.snoozed_until, target.resolved_at = "open", None, None


def _decide(target: ConversationState, entry: TimelineEntry) -> None:
    """Does again what an agent did, as the line in the timeline tells it."""
    told = entry.event
    match told.get("name"):
        case "conversation.status":
            if told["to"] == "resolved":
                target.waiting_since, target.unread_count = None, 0
                target.resolved_at = target.resolved_at or entry.at
            else:
                target.resolved_at = None
            target.status = told["to"]
            if target.status != "snoozed":
                target.snoozed_until = None
        case "conversation.assigned":
            target.assignee_id = None if told["agent_id"] is None else int(told["agent_id"])
        case "conversation.team":
            target.team_id = told["to"]
        case "conversation.priority":
            target.priority = told["to"]
        case "conversation.labels":
            gone = set(told["from"]) - set(told["to"])
            kept = tuple(label for label in target.labels if label not in gone)
            new = tuple(label for label in told["to"] if label not in told["from"])
            target.labels = united(kept, new)
