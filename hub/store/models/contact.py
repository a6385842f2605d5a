"""Who writes to us: records of people, where they can be reached, and why some are one person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from hub.store.columns import json_field, table, text_field, time_field


class Contact(SQLModel, table=True):
    """One person, or one of several records of a person that links hold together.

    `root_id` is the record that stands for the person; a link only changes it, so that an undone
    link gives everything back. Attributes and names stay with the record they were given to.
    """

    id: int | None = Field(default=None, primary_key=True)
    root_id: int | None = Field(default=None, foreign_key="contact.id", index=True)
    name: str = text_field()
    #: On a root: what agents read for a name, also where nobody knows one. See `profiles.call`.
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
    created_at: datetime = time_field()


class Reach(SQLModel, table=True):
    """What one connector knows of one address: when it last wrote, whether it stopped us."""

    address_id: int = Field(foreign_key="address.id", primary_key=True)
    connector: str = Field(primary_key=True)
    last_inbound_at: datetime | None = time_field(null=True)
    last_seen_at: datetime | None = time_field(null=True)
    stopped_at: datetime | None = time_field(null=True)
    stopped_reason: str = text_field()
    #: They said stop themselves: only they can take it back, in the words the channel has for it.
    opted_out: bool = False


class Link(SQLModel, table=True):
    """Why two contacts are one person. An edge between the records, undone by a date."""

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
    #: How the conversations of both stood before: what an undoing goes back to.
    before: dict[str, Any] = json_field({})


class Claim(SQLModel, table=True):
    """An address that somebody gave as theirs, in words: it proves nothing, and may suggest."""

    __table_args__ = (Index("ix_claim_address", "scheme", "path"),)

    contact_id: int = Field(foreign_key="contact.id", primary_key=True)
    scheme: str = Field(primary_key=True)
    path: str = Field(primary_key=True)
    #: Where they gave it: `form`, `signature`.
    source: str = text_field()
    created_at: datetime = time_field()


class Suggestion(SQLModel, table=True):
    """Two records that may be one person, and what a person decided about it."""

    __table_args__ = (UniqueConstraint("contact_id", "other_contact_id"),)

    id: int | None = Field(default=None, primary_key=True)
    #: The lower id of the two, so that a pair is suggested once.
    contact_id: int = Field(foreign_key="contact.id")
    other_contact_id: int = Field(foreign_key="contact.id", index=True)
    evidence: str
    method: str
    reason: str = text_field()
    created_at: datetime = time_field()
    #: "accept" or "dismiss"; empty while nobody has decided.
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
