"""`/api/v1/quiet`: what machines wrote and no conversation was for."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import Tag

from hub.conversations import views
from hub.inbound import quiet
from hub.inbox.api.blueprint import ApiBlueprint
from hub.inbox.responses import ItemPath, ListOf, PageQuery, answer, answer_page
from hub.inbox.services import current_hub
from hub.schema import resources

TAG = Tag(name="Quiet")

api = ApiBlueprint("quiet", __name__, TAG)


@api.get("/quiet", responses={200: ListOf[resources.QuietMessage]})
def list_quiet(query: PageQuery) -> Response:
    """What machines wrote that belongs to no conversation, newest first, for 90 days."""
    hub = current_hub()
    hub.auth.principal()
    with hub.store.read() as connection:
        return answer_page(quiet.list_quiet_messages(connection, query.limit, query.cursor))


@api.post("/quiet/<int:id>/open", responses={201: resources.Conversation})
def open_quiet(path: ItemPath) -> Response:
    """Makes a conversation of it. One that was opened before answers 200 with its conversation."""
    hub = current_hub()
    hub.auth.principal()
    opened = hub.gateway.open_quiet_message(path.id)
    with hub.store.read() as connection:
        conversation = views.get_conversation(connection, opened.conversation_id)
    return answer(conversation, 201 if opened.is_new else 200)
