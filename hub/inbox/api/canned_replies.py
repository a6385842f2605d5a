"""`/api/v1/canned-replies`: texts to answer with."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Response
from flask_openapi3 import Tag
from pydantic import Field

from hub.accounts.sharing import Scope
from hub.canned_replies import choice, storage
from hub.canned_replies.values import ReplyContext, read_context
from hub.canned_replies.variables import fill
from hub.errors import Invalid
from hub.inbox.api.blueprint import ApiBlueprint
from hub.inbox.responses import (
    Body,
    ConnectorName,
    Id,
    ItemPath,
    ListOf,
    PageQuery,
    answer,
    answer_list,
)
from hub.inbox.services import current_hub
from hub.outbound.send import MAX_TEXT
from hub.schema import cursors, resources
from hub.store.engine import Transaction

TAG = Tag(name="Canned replies")

Shortcut = Annotated[str, Field(min_length=1, max_length=64)]
Title = Annotated[str, Field(max_length=200)]
Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
LanguageTag = Annotated[
    str, Field(max_length=35, pattern=r"^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$")
]
Kinds = Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=20)]
Files = Annotated[list[Id], Field(max_length=20)]
_NOT_NULL = ("shortcut", "title", "text", "scope", "language", "kinds", "attachments")


class RepliesQuery(PageQuery):
    q: str = Field("", max_length=200, description="Words of the shortcut, the title or the text.")
    conversation_id: Id | None = Field(
        None, description="Only the versions for this conversation's language and channel."
    )
    connector: ConnectorName | None = Field(
        None, description="By which the reply goes; else where the customer was heard last."
    )


class NewCannedReply(Body):
    shortcut: Shortcut
    title: Title = ""
    text: Text
    scope: Scope = "own"
    team: Id | None = None
    language: LanguageTag = ""
    kinds: Kinds = []
    attachments: Files = []


class CannedReplyChange(Body):
    shortcut: Shortcut | None = None
    title: Title | None = None
    text: Text | None = None
    scope: Scope | None = None
    team: Id | None = None
    language: LanguageTag | None = None
    kinds: Kinds | None = None
    attachments: Files | None = None


class RenderRequest(Body):
    conversation_id: Id
    connector: ConnectorName | None = None
    preview: bool = Field(False, description="Shows this very version, and counts no use.")


api = ApiBlueprint("canned_replies", __name__, TAG)


@api.get("/canned-replies", responses={200: ListOf[resources.CannedReply]})
def list_canned_replies(query: RepliesQuery) -> Response:
    """The own ones, those of the own teams and everybody's; the most used first."""
    hub = current_hub()
    principal = hub.auth.principal()
    with hub.store.read() as connection:
        replies = storage.list_replies(connection, principal)
        if query.conversation_id is not None:
            context = _context(query.conversation_id, query.connector)
            replies = choice.versions_for(replies, context.language, context.kind)
    replies = choice.search(replies, query.q)
    after = cursors.id_from(query.cursor)
    if after is not None:
        ids = [int(reply.id) for reply in replies]
        replies = replies[ids.index(after) + 1 :] if after in ids else []
    page = replies[: query.limit]
    has_more = len(replies) > query.limit
    return answer_list(page, cursors.encode([int(page[-1].id)]) if has_more else None)


@api.post("/canned-replies", responses={201: resources.CannedReply})
def add_canned_reply(body: NewCannedReply) -> Response:
    hub = current_hub()
    principal = hub.auth.principal()
    values = _values(body)
    return answer(hub.store.write(lambda tx: storage.add_reply(tx, values, principal)), 201)


@api.get("/canned-replies/<int:id>", responses={200: resources.CannedReply})
def get_canned_reply(path: ItemPath) -> Response:
    hub = current_hub()
    principal = hub.auth.principal()
    with hub.store.read() as connection:
        return answer(storage.get_reply(connection, path.id, principal))


@api.patch("/canned-replies/<int:id>", responses={200: resources.CannedReply})
def change_canned_reply(path: ItemPath, body: CannedReplyChange) -> Response:
    hub = current_hub()
    principal = hub.auth.principal()
    values = _values(body)
    for name in _NOT_NULL:
        if name in values and values[name] is None:
            raise Invalid("This cannot be null; leave it out to keep it.", name)
    return answer(hub.store.write(lambda tx: storage.change_reply(tx, path.id, values, principal)))


@api.delete("/canned-replies/<int:id>", responses={204: None})
def delete_canned_reply(path: ItemPath) -> Response:
    """Deletes it; for a day it can be restored."""
    hub = current_hub()
    principal = hub.auth.principal()

    def delete(tx: Transaction) -> None:
        storage.delete_reply(tx, path.id, principal)

    hub.store.write(delete)
    return Response(status=204)


@api.post("/canned-replies/<int:id>/restore", responses={200: resources.CannedReply})
def restore_canned_reply(path: ItemPath) -> Response:
    """Brings back what was deleted within a day."""
    hub = current_hub()
    principal = hub.auth.principal()
    return answer(hub.store.write(lambda tx: storage.restore_reply(tx, path.id, principal)))


@api.post("/canned-replies/<int:id>/render", responses={200: resources.RenderedReply})
def render_canned_reply(path: ItemPath, body: RenderRequest) -> Response:
    """The text for a conversation, of the version that fits it, with its variables filled in."""
    hub = current_hub()
    principal = hub.auth.principal()
    context = _context(body.conversation_id, body.connector)
    with hub.store.read() as connection:
        reply = storage.get_reply(connection, path.id, principal)
        if not body.preview:
            every = storage.list_replies(connection, principal)
            reply = choice.version_for(every, reply, context.language, context.kind)
    if not body.preview:
        hub.store.write(lambda tx: storage.count_use(tx, int(reply.id)))
    filled = fill(reply.text, context.value_of)
    return answer(
        resources.RenderedReply(
            id=reply.id,
            text=filled.text,
            missing=list(filled.missing),
            attachments=reply.attachments,
        )
    )


def _context(conversation_id: int, connector: str | None) -> ReplyContext:
    hub = current_hub()
    channels = hub.connectors.outbound_channels()
    with hub.store.read() as connection:
        return read_context(connection, conversation_id, hub.auth.principal(), channels, connector)


def _values(body: Body) -> dict[str, Any]:
    """The fields of a body as the columns of the table, and its attachments."""
    values = body.model_dump(exclude_unset=isinstance(body, CannedReplyChange))
    if "team" in values:
        values["team_id"] = values.pop("team")
    return values
