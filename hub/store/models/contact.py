"""Contacts, their addresses, and the links that make several contacts one person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from hub.store.columns import json_field, optional_json_field, table, text_field, time_field


class Contact(SQLModel, table=True):
    """One person, or one of several contacts that links join into one person.

    `root_id` is the contact that stands for the person. A link changes only `root_id`, so that
    undoing the link restores all. Attributes and names stay with the contact that received them.
    """

    id: int | None = Field(default=None, primary_key=True)
    root_id: int | None = Field(default=None, foreign_key="contact.id", index=True)
    name: str = text_field()
    #: On a root contact: the name that agents see, also where none is known; see
    #: `hub.contacts.profiles`.
    called: str = text_field()
    avatar_url: str = text_field()
    locale: str = text_field()
    attributes: dict[str, Any] = json_field({})
    created_at: datetime = time_field()
    updated_at: datetime = time_field()


class Address(SQLModel, table=True):
    """Where a contact can be reached. `evidence` says whether they proved to hold it."""

    __table_args__ = (UniqueConstraint("scheme", "scope", "path"),)

    id: int | None = Field(default=None, primary_key=True)
    contact_id: int = Field(foreign_key="contact.id", index=True)
    scheme: str
    scope: str = ""
    path: str
    evidence: str = "verified"
    #: Where the customer came from, of a link they followed; noted at their next message.
    origin: dict[str, Any] | None = optional_json_field()
    created_at: datetime = time_field()


class Reach(SQLModel, table=True):
    """The state of an address at one connector: its last message, and whether it stopped us."""

    address_id: int = Field(foreign_key="address.id", primary_key=True)
    connector: str = Field(primary_key=True)
    last_inbound_at: datetime | None = time_field(null=True)
    last_seen_at: datetime | None = time_field(null=True)
    #: The provider's id of the topic of the last message; empty where it is in none.
    topic: str = ""
    stopped_at: datetime | None = time_field(null=True)
    stopped_reason: str = text_field()
    #: The customer said stop. Only the customer can revoke that, with the channel's own keyword.
    opted_out: bool = False


class Link(SQLModel, table=True):
    """The evidence that two contacts are one person. `undone_at` is set when the link is undone."""

    id: int | None = Field(default=None, primary_key=True)
    contact_id: int = Field(foreign_key="contact.id", index=True)
    other_contact_id: int = Field(foreign_key="contact.id", index=True)
    evidence: str
    method: str
    reason: str = text_field()
    by: str = text_field()
    created_at: datetime = time_field()
    undone_at: datetime | None = time_field(null=True, index=True)
    undone_by: str = text_field()
    #: The conversations of both contacts before the link: undoing restores them.
    before: dict[str, Any] = json_field({})


class Claim(SQLModel, table=True):
    """An address that a contact named as their own: no proof, but a reason for a suggestion."""

    __table_args__ = (Index("ix_claim_address", "scheme", "path"),)

    contact_id: int = Field(foreign_key="contact.id", primary_key=True)
    scheme: str = Field(primary_key=True)
    path: str = Field(primary_key=True)
    #: Where the contact named it: `form`, `signature`.
    source: str = text_field()
    created_at: datetime = time_field()


class Suggestion(SQLModel, table=True):
    """Two contacts that may be one person, and the decision of an agent."""

    __table_args__ = (UniqueConstraint("contact_id", "other_contact_id"),)

    id: int | None = Field(default=None, primary_key=True)
    #: The lower id of the two, so that a pair is suggested once.
    contact_id: int = Field(foreign_key="contact.id")
    other_contact_id: int = Field(foreign_key="contact.id", index=True)
    evidence: str
    method: str
    reason: str = text_field()
    created_at: datetime = time_field()
    #: "accept" or "dismiss"; empty before the decision.
    decision: str = ""
    decided_by: str = text_field()
    decided_at: datetime | None = time_field(null=True)
    link_id: int | None = Field(default=None, foreign_key="link.id")


contacts = table(Contact)
addresses = table(Address)
reaches = table(Reach)
links = table(Link)
claims = table(Claim)
suggestions = table(Suggestion)
