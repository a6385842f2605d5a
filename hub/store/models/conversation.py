"""Conversations, their labels and connectors for filters, and the decisions of the router."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from hub.store.columns import json_field, optional_json_field, table, text_field, time_field


class Conversation(SQLModel, table=True):
    __table_args__ = (
        Index("ix_conversation_activity", "last_activity_at", "id"),
        # Of the few that were brought into another; what was not is found by the other indexes.
        # The condition holds for PostgreSQL, too (hub.store.migrate).
        Index(
            "ix_conversation_merged",
            "merged_into_id",
            sqlite_where=text("merged_into_id IS NOT NULL"),
        ),
        Index("ix_conversation_status", "status", "last_activity_at", "id"),
        Index("ix_conversation_assignee", "assignee_id", "status", "last_activity_at", "id"),
        Index("ix_conversation_team", "team_id", "status", "last_activity_at", "id"),
        # Lists in all statuses.
        Index("ix_conversation_assignee_activity", "assignee_id", "last_activity_at", "id"),
        Index("ix_conversation_team_activity", "team_id", "last_activity_at", "id"),
        Index("ix_conversation_contact", "contact_id", "status"),
        Index("ix_conversation_queue", "assignee_id", "status", "queued_at"),
        Index("ix_conversation_unrouted", "status", "rule"),
        # Orders of the list: each has only the conversations that it puts first. Partial on
        # PostgreSQL too, by their migration.
        Index(
            "ix_conversation_waiting",
            "waiting_since",
            "id",
            sqlite_where=text("waiting_since IS NOT NULL"),
        ),
        Index("ix_conversation_due", "due_at", "id", sqlite_where=text("due_at IS NOT NULL")),
        Index(
            "ix_conversation_priority",
            "priority",
            "last_activity_at",
            "id",
            sqlite_where=text("priority != 'normal'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    contact_id: int = Field(foreign_key="contact.id")
    status: str = "open"
    assignee_id: int | None = Field(default=None, foreign_key="agent.id")
    #: The conversation into which a merge brought this one, until the merge is undone.
    merged_into_id: int | None = Field(default=None, foreign_key="conversation.id")
    team_id: int | None = Field(default=None, foreign_key="team.id")
    priority: str = "normal"
    subject: str = text_field()
    labels: list[str] = json_field([])
    connectors: list[str] = json_field([])
    unread_count: int = 0
    waiting_since: datetime | None = time_field(null=True)
    snoozed_until: datetime | None = time_field(null=True)
    resolved_at: datetime | None = time_field(null=True)
    last_message_id: int | None = None
    #: The address of the customer's last message: another address is a switch of channel.
    last_inbound_address_id: int | None = Field(default=None, foreign_key="address.id")
    last_inbound_connector: str | None = None
    #: Where an answer goes that names no message. A link changes only where the customer was heard.
    answer_address_id: int | None = None
    answer_connector: str | None = None
    #: What its agent must know of the last switch of channel, until the agent answers.
    context_card: dict[str, Any] | None = optional_json_field()
    last_activity_at: datetime = time_field()
    created_at: datetime = time_field()
    updated_at: datetime = time_field()
    # What the router keeps. `rule` is None until the rules have looked at it.
    rule: str | None = None
    skills: list[str] = json_field([])
    language: str = ""
    department: str = text_field()
    #: Since when it is in the queue; a switch of channel or an agent's timeout does not change it.
    queued_at: datetime | None = time_field(null=True)
    #: Until when its agent must look at it.
    accept_by: datetime | None = time_field(null=True, index=True)
    accepted_at: datetime | None = time_field(null=True)
    #: How many agents did not look in time, and which: the router does not assign it to them again.
    attempts: int = 0
    not_for: list[int] = json_field([])
    #: The agent who lost it by going offline: it is theirs again when they are back first.
    left_by_id: int | None = None
    # The clocks of the policy that holds. They stand still while `sla_paused_at` is set.
    sla: str | None = None
    first_reply_due: datetime | None = time_field(null=True)
    next_reply_due: datetime | None = time_field(null=True)
    resolve_due: datetime | None = time_field(null=True)
    sla_paused_at: datetime | None = time_field(null=True)
    #: The first of the three that runs; None while none does.
    due_at: datetime | None = time_field(null=True)
    #: When the next warning or breach is due.
    sla_next_at: datetime | None = time_field(null=True, index=True)
    sla_warned: list[str] = json_field([])
    #: The running clocks that are past their time; `sla_breached` are all that ever were.
    sla_overdue: list[str] = json_field([])
    sla_breached: list[str] = json_field([])


class ConversationLabel(SQLModel, table=True):
    """The labels of conversations again, one row each, for filters."""

    __tablename__ = "conversation_label"

    label: str = Field(primary_key=True)
    conversation_id: int = Field(foreign_key="conversation.id", primary_key=True)


class ConversationConnector(SQLModel, table=True):
    """The connectors of conversations again, one row each, for filters."""

    __tablename__ = "conversation_connector"

    connector: str = Field(primary_key=True)
    conversation_id: int = Field(foreign_key="conversation.id", primary_key=True)


class Participant(SQLModel, table=True):
    """Somebody beside the customer who got a message. `external_id` is "" for a message of ours."""

    __table_args__ = (Index("ix_participant_message", "connector", "address", "external_id"),)

    connector: str = Field(primary_key=True)
    #: As `scheme:path`: who only got a copy is no contact.
    address: str = Field(primary_key=True)
    conversation_id: int = Field(foreign_key="conversation.id", primary_key=True)
    external_id: str = Field(primary_key=True)


class RoutingDecision(SQLModel, table=True):
    """A decision of the router: rule, agent, and the reasons for and against each candidate."""

    __tablename__ = "routing_decision"
    __table_args__ = (
        Index("ix_routing_decision_conversation", "conversation_id", "id"),
        Index("ix_routing_decision_team", "team", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: int = Field(foreign_key="conversation.id")
    rule: str = text_field()
    team: str = text_field()
    agent_id: int | None = Field(default=None, foreign_key="agent.id")
    candidates: list[dict[str, Any]] = json_field([])
    #: How long the customer had waited before the decision.
    waited_seconds: float = 0.0
    decided_at: datetime = time_field()


participants = table(Participant)
conversations = table(Conversation)
conversation_labels = table(ConversationLabel)
conversation_connectors = table(ConversationConnector)
routing_decisions = table(RoutingDecision)
