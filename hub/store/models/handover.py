"""Handovers to another channel, refused tokens, and the switches of customers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from hub.store.columns import table, text_field, time_field


class Handover(SQLModel, table=True):
    """A one-time handover to another channel. Only digests of its token and code are stored."""

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: int = Field(foreign_key="conversation.id", index=True)
    contact_id: int = Field(foreign_key="contact.id")
    connector: str
    token_digest: str = Field(unique=True)
    code_digest: str = Field(unique=True)
    created_by: str = text_field()
    created_at: datetime = time_field(index=True)
    expires_at: datetime = time_field()
    redeemed_at: datetime | None = time_field(null=True, index=True)
    redeemed_address_id: int | None = Field(default=None, foreign_key="address.id")


class HandoverRefusal(SQLModel, table=True):
    """A refused token or code: expired, mistyped or guessed."""

    __tablename__ = "handover_refusal"
    __table_args__ = (
        Index("ix_handover_refusal_address", "address_id", "created_at"),
        Index("ix_handover_refusal_connector", "connector", "created_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    connector: str
    #: None where no address is known yet, as on a page that has just been opened.
    address_id: int | None = Field(default=None, foreign_key="address.id")
    reason: str
    created_at: datetime = time_field(index=True)


class ChannelSwitch(SQLModel, table=True):
    """A customer who went on at another channel, and how soon they were recognised there."""

    __tablename__ = "channel_switch"

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: int = Field(foreign_key="conversation.id", index=True)
    from_connector: str
    to_connector: str
    recognised_by: str
    #: Whether the customer was recognised without an agent.
    by_itself: bool
    #: From the first message on the new channel until the customer was recognised.
    seconds: float
    created_at: datetime = time_field(index=True)


handovers = table(Handover)
handover_refusals = table(HandoverRefusal)
channel_switches = table(ChannelSwitch)
