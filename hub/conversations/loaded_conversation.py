"""A conversation that a transaction holds: its row, and what the transaction changes in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from hub.contacts.contact_addresses import ContactAddress
from hub.store.models import conversations

#: The SLA clocks of a conversation.
Clock = Literal["first_reply", "next_reply", "resolve"]

_COLUMNS = tuple(conversations.c.keys())
_IS_COLUMN = frozenset(_COLUMNS)


class ConversationRow:
    """A row of `conversations`: its columns as attributes."""

    id: int
    contact_id: int
    status: str
    assignee_id: int | None
    merged_into_id: int | None
    team_id: int | None
    priority: str
    subject: str
    labels: list[str]
    connectors: list[str]
    unread_count: int
    waiting_since: datetime | None
    snoozed_until: datetime | None
    resolved_at: datetime | None
    last_message_id: int | None
    last_inbound_address_id: int | None
    last_inbound_connector: str | None
    answer_address_id: int | None
    answer_connector: str | None
    context_card: dict[str, Any] | None
    last_activity_at: datetime
    created_at: datetime
    updated_at: datetime
    rule: str | None
    skills: list[str]
    language: str
    department: str
    queued_at: datetime | None
    accept_by: datetime | None
    accepted_at: datetime | None
    attempts: int
    not_for: list[int]
    left_by_id: int | None
    sla: str | None
    first_reply_due: datetime | None
    next_reply_due: datetime | None
    resolve_due: datetime | None
    sla_paused_at: datetime | None
    due_at: datetime | None
    sla_next_at: datetime | None
    sla_warned: list[Clock]
    sla_overdue: list[Clock]
    sla_breached: list[Clock]

    def __init__(self, values: Iterable[Any]) -> None:
        """Takes the values of all columns, in the order of the table."""
        self.__dict__.update(zip(_COLUMNS, values, strict=True))


class LoadedConversation(ConversationRow):
    """A row that a transaction holds: it assigns to the columns that it changes.

    `lifecycle.save_conversation` writes the columns that were assigned, in one statement.
    """

    #: The address that the transaction talks to, or that the customer wrote from.
    contact_address: ContactAddress
    #: Whether the conversation began in this transaction and is not published yet.
    is_new: bool
    _saved: dict[str, Any]

    def __init__(
        self, values: Iterable[Any], contact_address: ContactAddress, *, is_new: bool = False
    ) -> None:
        # Past `__setattr__`: none of these is a change.
        attributes = self.__dict__
        attributes.update(zip(_COLUMNS, values, strict=True))
        attributes["contact_address"] = contact_address
        attributes["is_new"] = is_new
        attributes["_saved"] = {}

    def __setattr__(self, name: str, value: Any) -> None:
        attributes = self.__dict__
        if name in _IS_COLUMN:
            attributes["_saved"].setdefault(name, attributes[name])
        attributes[name] = value

    def assign(self, columns: Mapping[str, Any]) -> None:
        """Assigns several columns at once."""
        for name, value in columns.items():
            setattr(self, name, value)

    @property
    def has_changes(self) -> bool:
        """Whether a column was assigned and is not written yet."""
        return bool(self._saved)

    @property
    def has_new_status(self) -> bool:
        """Whether the status was assigned and is not written yet."""
        return "status" in self._saved

    def changes(self) -> dict[str, Any]:
        """The columns that were assigned and are not written yet."""
        attributes = self.__dict__
        return {name: attributes[name] for name in attributes["_saved"]}

    def saved_columns(self) -> dict[str, Any]:
        """All columns as the database has them."""
        return {name: self.__dict__[name] for name in _COLUMNS} | self._saved

    def mark_saved(self) -> None:
        """Notes that the changes were written."""
        self._saved.clear()
