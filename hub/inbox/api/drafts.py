"""`/api/v1/drafts` and `/conversations/{id}/draft`: what an agent is writing."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from flask import Response
from flask_openapi3 import Tag
from pydantic import BaseModel, Field

from hub.conversations import drafts
from hub.conversations.draft_values import DraftContent, DraftKey
from hub.errors import Forbidden
from hub.inbox.api.blueprint import ApiBlueprint
from hub.inbox.responses import (
    Body,
    ConnectorName,
    Id,
    ItemPath,
    ListOf,
    PageQuery,
    Recipient,
    answer,
    answer_page,
)
from hub.inbox.services import current_hub
from hub.outbound import send
from hub.outbound.recipients import MAX_COPIES
from hub.schema import resources

TAG = Tag(name="Drafts")
MAX_SUBJECT = 1_000
MAX_FILES = 20
MAX_MENTIONS = 50


class DraftQuery(BaseModel):
    type: Literal["reply", "note"] = "reply"


class DiscardedDraft(DraftQuery):
    version: int | None = Field(None, ge=0, description="The one that was seen; without it any.")


class SavedDraft(Body):
    """A draft as its screen has it. `version` is the one that it changes, 0 for none."""

    text: str = Field("", max_length=send.MAX_TEXT)
    connector: ConnectorName | None = None
    attachments: list[Id] = Field([], max_length=MAX_FILES)
    subject: str = Field("", max_length=MAX_SUBJECT)
    cc: list[Recipient] | None = Field(None, max_length=MAX_COPIES)
    bcc: list[Recipient] = Field([], max_length=MAX_COPIES)
    format: Literal["plain", "markdown"] = "plain"
    mentions: list[Id] = Field([], max_length=MAX_MENTIONS)
    reply_to: Id | None = None
    version: int | None = Field(None, ge=0, lt=2**31)

    def content(self) -> DraftContent:
        return DraftContent(
            text=self.text,
            connector=self.connector,
            attachment_ids=tuple(self.attachments),
            subject=self.subject,
            cc=None if self.cc is None else tuple(self.cc),
            bcc=tuple(self.bcc),
            format=self.format,
            mentions=tuple(map(str, self.mentions)),
            reply_to=self.reply_to,
        )


class NewMessageDraft(SavedDraft):
    """The draft of a new message: to an address, however incomplete, or to a contact."""

    address: str = Field("", max_length=320)
    contact_id: Id | None = None

    def content(self) -> DraftContent:
        return replace(super().content(), address=self.address, contact_id=self.contact_id)


api = ApiBlueprint("drafts", __name__, TAG)


@api.get("/drafts", responses={200: ListOf[resources.Draft]})
def list_drafts(query: PageQuery) -> Response:
    """My drafts that have words or files, the last changed first."""
    hub = current_hub()
    agent_id = _agent_id()
    with hub.store.read() as connection:
        return answer_page(drafts.list_drafts(connection, agent_id, query.limit, query.cursor))


@api.post("/drafts", responses={201: resources.Draft})
def add_draft(body: NewMessageDraft) -> Response:
    """Keeps the draft of a new message. A draft of a conversation has its place there."""
    agent_id = _agent_id()
    return answer(
        current_hub().store.write(lambda tx: drafts.save_new_message(tx, agent_id, body.content())),
        201,
    )


@api.put("/drafts/<int:id>", responses={200: resources.Draft})
def save_new_message_draft(path: ItemPath, body: NewMessageDraft) -> Response:
    """Saves the draft of a new message; 409 with the present one for an old `version`."""
    agent_id = _agent_id()
    return answer(
        current_hub().store.write(
            lambda tx: drafts.save_new_message(
                tx, agent_id, body.content(), draft_id=path.id, version=body.version
            )
        )
    )


@api.delete("/drafts/<int:id>", responses={200: resources.Draft})
def discard_new_message_draft(path: ItemPath) -> Response:
    """Discards the draft of a new message."""
    agent_id = _agent_id()
    return answer(
        current_hub().store.write(lambda tx: drafts.discard_new_message(tx, agent_id, path.id))
    )


@api.get("/conversations/<int:id>/draft", responses={200: resources.Draft})
def get_draft(path: ItemPath, query: DraftQuery) -> Response:
    """My reply or note that is not sent; an empty one where there is none."""
    hub = current_hub()
    key = DraftKey(_agent_id(), path.id, query.type)
    with hub.store.read() as connection:
        return answer(drafts.get_draft(connection, key))


@api.put("/conversations/<int:id>/draft", responses={200: resources.Draft})
def save_draft(path: ItemPath, query: DraftQuery, body: SavedDraft) -> Response:
    """Saves my reply or note; 409 with the present one for an old `version`."""
    key = DraftKey(_agent_id(), path.id, query.type)
    return answer(
        current_hub().store.write(
            lambda tx: drafts.save_draft(tx, key, body.content(), body.version)
        )
    )


@api.delete("/conversations/<int:id>/draft", responses={200: resources.Draft})
def discard_draft(path: ItemPath, query: DiscardedDraft) -> Response:
    """Discards my reply or note. A save that comes late does not bring it back."""
    key = DraftKey(_agent_id(), path.id, query.type)
    return answer(
        current_hub().store.write(lambda tx: drafts.discard_draft(tx, key, query.version))
    )


def _agent_id() -> int:
    agent_id = current_hub().auth.principal().agent_id
    if agent_id is None:
        raise Forbidden("Drafts belong to agents; a service account has none.")
    return agent_id
