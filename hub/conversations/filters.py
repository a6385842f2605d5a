"""Filters of conversations: each field is a condition on the row, and all of them combine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, Text, cast, or_, select

from hub.store.models import conversation_connectors, conversation_labels, conversations

#: Whom a conversation waits for: the team, or the customer.
Waiting = Literal["us", "customer"]
SlaState = Literal["due", "breached"]


@dataclass(frozen=True, slots=True)
class ConversationFilter:
    """A filter of conversations; a field that is None or empty lets all through.

    Args:
        assignee: an agent's id, or `none` for unassigned ones.
        team: a team's id, or `none`.
        more_labels: labels that it has beside `label`.
        channels: names of connectors; it came by one of each tuple.
        states: words of `search_query.STATES`, which all hold.
        before: its last activity is earlier.
        after: its last activity is not earlier.
        ids: it is one of these, such as those in which a search found something.
    """

    status: str | None = None
    assignee: str | None = None
    team: str | None = None
    connector: str | None = None
    label: str | None = None
    priority: str | None = None
    language: str | None = None
    waiting: Waiting | None = None
    sla: SlaState | None = None
    unread: bool | None = None
    before: datetime | None = None
    after: datetime | None = None
    more_labels: tuple[str, ...] = ()
    channels: tuple[tuple[str, ...], ...] = ()
    states: tuple[str, ...] = ()
    ids: tuple[int, ...] | None = None

    def on_index(self) -> list[ColumnElement[bool]]:
        """The conditions by which an index of activity is entered."""
        conditions = []
        if self.assignee is not None:
            conditions.append(_is_assigned_to(self.assignee))
        elif self.team is not None:
            conditions.append(_is_in_team(self.team))
        if self.status is not None:
            conditions.append(conversations.c.status == self.status)
        return [*conditions, *self._activity()]

    def beside_index(self) -> list[ColumnElement[bool]]:
        """The conditions that `on_index` leaves, without that of merged ones."""
        conditions = self._of_columns() + self._of_other_tables()
        if self.assignee is not None and self.team is not None:
            conditions.append(_is_in_team(self.team))
        return conditions

    def among(self, ids: Iterable[int]) -> ConversationFilter:
        """The same filter for these conversations alone."""
        return replace(self, ids=tuple(ids if self.ids is None else set(self.ids) & set(ids)))

    def all_conditions(self) -> list[ColumnElement[bool]]:
        """All conditions, for an index that has none of them."""
        return [*self.on_index(), *self.beside_index()]

    def _activity(self) -> list[ColumnElement[bool]]:
        conditions = []
        if self.before is not None:
            conditions.append(conversations.c.last_activity_at < self.before)
        if self.after is not None:
            conditions.append(conversations.c.last_activity_at >= self.after)
        return conditions

    def _of_columns(self) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = []
        if self.priority is not None:
            conditions.append(conversations.c.priority == self.priority)
        if self.language is not None:
            conditions.append(conversations.c.language == self.language)
        if self.waiting is not None:
            conditions.append(_waits_for(self.waiting))
        if self.sla == "due":
            conditions += [conversations.c.due_at.is_not(None), ~_is_overdue()]
        elif self.sla == "breached":
            conditions.append(_has_items(conversations.c.sla_breached))
        if self.unread is not None:
            conditions.append(
                conversations.c.unread_count > 0
                if self.unread
                else conversations.c.unread_count == 0
            )
        if self.ids is not None:
            conditions.append(conversations.c.id.in_(self.ids))
        return [*conditions, *(_in_state(state) for state in self.states)]

    def _of_other_tables(self) -> list[ColumnElement[bool]]:
        labels = [self.label] if self.label is not None else []
        connectors = [(self.connector,)] if self.connector is not None else []
        return [
            *(_has_label(label) for label in (*labels, *self.more_labels)),
            *(_came_by(names) for names in (*connectors, *self.channels)),
        ]


def _is_assigned_to(assignee: str) -> ColumnElement[bool]:
    if assignee == "none":
        return conversations.c.assignee_id.is_(None)
    return conversations.c.assignee_id == _integer(assignee)


def _is_in_team(team: str) -> ColumnElement[bool]:
    if team == "none":
        return conversations.c.team_id.is_(None)
    return conversations.c.team_id == _integer(team)


def _waits_for(waiting: Waiting) -> ColumnElement[bool]:
    if waiting == "us":
        return conversations.c.waiting_since.is_not(None)
    return conversations.c.waiting_since.is_(None) & (conversations.c.status != "resolved")


def _is_overdue() -> ColumnElement[bool]:
    return _has_items(conversations.c.sla_overdue)


def _has_items(column: ColumnElement[list[str]]) -> ColumnElement[bool]:
    """The condition that a list is not empty. PostgreSQL compares no JSON, so its text is."""
    return cast(column, Text) != "[]"


def _in_state(state: str) -> ColumnElement[bool]:
    """The condition of a word of `search_query.STATES`."""
    if state == "unread":
        return conversations.c.unread_count > 0
    if state == "assigned":
        return conversations.c.assignee_id.is_not(None)
    if state == "unassigned":
        return conversations.c.assignee_id.is_(None)
    if state == "waiting":
        return conversations.c.waiting_since.is_not(None)
    return conversations.c.status == state


def _has_label(label: str) -> ColumnElement[bool]:
    return (
        select(conversation_labels.c.conversation_id)
        .where(
            conversation_labels.c.label == label,
            conversation_labels.c.conversation_id == conversations.c.id,
        )
        .exists()
    )


def _came_by(connectors: tuple[str, ...]) -> ColumnElement[bool]:
    """The condition that a conversation came by one of these connectors."""
    return or_(
        *(
            select(conversation_connectors.c.conversation_id)
            .where(
                conversation_connectors.c.connector == name,
                conversation_connectors.c.conversation_id == conversations.c.id,
            )
            .exists()
            for name in connectors
        )
    )


def _integer(value: str) -> int:
    # No row has the id -1: an id of another form is the id of no row.
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 19 else -1
