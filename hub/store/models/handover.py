"""Invitations to go on elsewhere, and the customers who did."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from hub.store.columns import table, text_field, time_field


class Handover(SQLModel, table=True):
    """A one-time invitation to go on elsewhere. Only digests of the token and the code are kept."""

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
    """A token or code that was no good: somebody late, somebody mistyping, or somebody guessing."""

    __tablename__ = "handover_refusal"
    __table_args__ = (
        Index("ix_handover_refusal_address", "address_id", "created_at"),
        Index("ix_handover_refusal_connector", "connector", "created_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    connector: str
    #: None where nobody is known yet, as on a page that has just been opened.
    address_id: int | None = Field(default=None, foreign_key="address.id")
    reason: str
    created_at: datetime = time_field(index=True)


class ChannelSwitch(SQLModel, table=True):
    """A customer who went on elsewhere, and how soon it was known that it was them."""

    __tablename__ = "channel_switch"

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: int = Field(foreign_key="conversation.id", index=True)
    from_connector: str
    to_connector: str
    recognised_by: str
    #: Whether nobody of the company had to say that it is the same person.
    by_itself: bool
    #: From the first words on the new channel until it was known.
    seconds: float
    created_at: datetime = time_field(index=True)


handovers = table(Handover)
handover_refusals = table(HandoverRefusal)
channel_switches = table(ChannelSwitch)
