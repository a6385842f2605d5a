"""What agents are told: notifications, mentions, settings, and the devices that get pushes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from hub.store.columns import json_field, table, text_field, time_field


class Notification(SQLModel, table=True):
    """What an agent is told of a conversation, once for each kind; deleted when it is seen."""

    __table_args__ = (
        Index("uq_notification_place", "agent_id", "conversation_id", "kind", unique=True),
        Index("ix_notification_told", "told_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    agent_id: int = Field(foreign_key="agent.id")
    conversation_id: int = Field(foreign_key="conversation.id", index=True)
    #: `message`, `assigned`, `mention` or `sla`.
    kind: str
    #: The newest message that it tells of; none for an assignment or a clock.
    message_id: int | None = Field(default=None, foreign_key="message.id", index=True)
    #: The clock of an SLA policy; empty for other kinds.
    clock: str = text_field()
    #: How often it was told since it was last seen.
    times: int = 1
    told_at: datetime = time_field()


class Mention(SQLModel, table=True):
    """An agent who is named in a note."""

    __table_args__ = (
        Index("uq_mention_agent", "message_id", "agent_id", unique=True),
        Index("ix_mention_list", "agent_id", "id"),
        Index("ix_mention_created", "created_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    agent_id: int = Field(foreign_key="agent.id")
    message_id: int = Field(foreign_key="message.id")
    created_at: datetime = time_field()


class NotificationSetting(SQLModel, table=True):
    """What an agent chose to be told and where; no row for an agent who keeps the defaults."""

    __tablename__ = "notification_setting"

    agent_id: int = Field(foreign_key="agent.id", primary_key=True)
    settings: dict[str, Any] = json_field({})
    updated_at: datetime = time_field()


class PushSubscription(SQLModel, table=True):
    """A browser that gets pushes. It is valid as long as the sign-in or token of `proof`."""

    __tablename__ = "push_subscription"

    id: int | None = Field(default=None, primary_key=True)
    agent_id: int = Field(foreign_key="agent.id", index=True)
    endpoint: str = Field(unique=True)
    p256dh: str
    auth: str
    proof: str
    device: str = text_field()
    language: str = text_field()
    created_at: datetime = time_field()


class PushState(SQLModel, table=True):
    """What a device may show of a conversation, and when it is to be brought up to date."""

    __tablename__ = "push_state"

    subscription_id: int = Field(
        foreign_key="push_subscription.id", primary_key=True, ondelete="CASCADE"
    )
    #: 0 for a test, which is about no conversation.
    conversation_id: int = Field(primary_key=True)
    #: None while the device shows what it should.
    due_at: datetime | None = time_field(null=True, index=True)
    #: Whether the device shows a notification.
    is_shown: bool = False
    attempts: int = 0


notifications = table(Notification)
mentions = table(Mention)
notification_settings = table(NotificationSetting)
push_subscriptions = table(PushSubscription)
push_states = table(PushState)
