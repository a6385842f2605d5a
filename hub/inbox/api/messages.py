"""`/api/v1/messages`, `/uploads`, `/attachments` and `/search`."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import FileStorage, Tag
from pydantic import BaseModel, Field
from sqlalchemy import select

from hub.conversations import views
from hub.conversations.search import Searcher
from hub.errors import Forbidden, Invalid, NotFound
from hub.inbox import files
from hub.inbox.api.blueprint import ApiBlueprint
from hub.inbox.responses import Body, ItemPath, ListOf, PageQuery, answer, answer_page
from hub.inbox.services import Hub, current_hub
from hub.outbound import cancelling, recipients, send
from hub.schema import resources
from hub.schema.search_query import read_zone
from hub.schema.storable_text import storable
from hub.store.models import journal, messages
from hub.transport import sent_changes

TAG = Tag(name="Messages")


class SearchQuery(PageQuery):
    q: str = Field(
        "",
        max_length=400,
        description="Words and operators: from:, to:, channel:, label:, before:, after:, has:file,"
        " is:unread. A value with spaces is quoted.",
    )
    zone: str = Field("UTC", max_length=64, description="Whose days `before:` and `after:` mean.")


class NewText(Body):
    text: str = Field(min_length=1, max_length=send.MAX_TEXT)


class Upload(BaseModel):
    file: FileStorage


api = ApiBlueprint("messages", __name__, TAG)


@api.get("/messages/<int:id>", responses={200: resources.Message})
def get_message(path: ItemPath) -> Response:
    hub = current_hub()
    hub.auth.principal()
    with hub.store.read() as connection:
        return answer(views.get_message(connection, path.id))


@api.delete("/messages/<int:id>", responses={200: None})
def take_back(path: ItemPath) -> Response:
    """Takes a message back.

    One that has not left is cancelled: the answer is the draft that it came from. Else the answer
    is the message, taken back where the channel can.
    """
    hub = current_hub()
    name = _check_author(hub, path.id)
    return answer(sent_changes.take_back(hub.store, hub.connectors, path.id, name))


@api.patch("/messages/<int:id>", responses={200: resources.Message})
def change_text(path: ItemPath, body: NewText) -> Response:
    """Gives a message another text, before it leaves or where the channel can change it."""
    hub = current_hub()
    _check_author(hub, path.id)
    text = storable(body.text)
    if not text.strip():
        raise Invalid("Write something.", "text")
    return answer(sent_changes.change_text(hub.store, hub.connectors, path.id, text))


@api.get("/messages/<int:id>/recipients", responses={200: resources.Recipients})
def get_recipients(path: ItemPath) -> Response:
    """The recipients that an answer to this message has, unless it names its `cc`."""
    hub = current_hub()
    hub.auth.principal()
    with hub.store.read() as connection:
        receivers = recipients.recipients_of_answer(
            connection, path.id, hub.connectors.outbound_channels()
        )
    return answer(resources.Recipients(to=list(receivers.to), cc=list(receivers.cc)))


@api.get("/messages/<int:id>/original")
def get_original(path: ItemPath) -> Response:
    """What came in, as it came: a mail as message/rfc822, else the provider's own form."""
    hub = current_hub()
    hub.auth.principal()
    with hub.store.read() as connection:
        row = connection.execute(
            select(journal)
            .join(messages, messages.c.journal_id == journal.c.id)
            .where(messages.c.id == path.id)
        ).first()
    if row is None:
        raise NotFound("Nothing came in for this message.")
    response = Response(row.body, content_type=row.media_type or "application/octet-stream")
    # Somebody else wrote it: a browser only ever saves it.
    ending = ".eml" if row.media_type == "message/rfc822" else ""
    response.headers["Content-Disposition"] = f"attachment; filename=message-{path.id}{ending}"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@api.post("/messages/<int:id>/retry", responses={200: resources.Message})
def retry(path: ItemPath) -> Response:
    """Puts a failed message in line again."""
    hub = current_hub()
    hub.auth.principal()
    return answer(hub.store.write(lambda tx: send.retry_message(tx, path.id)))


@api.post("/uploads", responses={201: resources.Attachment})
def upload(form: Upload) -> Response:  # noqa: ARG001 - read as a stream below
    """Takes a file in, for a message to send."""
    hub = current_hub()
    principal = hub.auth.principal()
    stored = files.store_upload(
        hub, files.uploaded_file(), f"agent:{principal.agent_id or principal.name}"
    )
    return answer(stored, 201)


@api.get("/attachments/<int:id>")
def get_attachment(path: ItemPath) -> Response:
    """The bytes of a file."""
    hub = current_hub()
    hub.auth.principal()
    return files.serve(hub, files.attachment_row(hub, path.id))


@api.get("/search", responses={200: ListOf[resources.SearchResult]})
def search(query: SearchQuery) -> Response:
    """Contacts and messages with all these words, in any script, newest first."""
    hub = current_hub()
    principal = hub.auth.principal()
    with hub.store.read() as connection:
        searcher = Searcher(connection, principal.agent_id, read_zone(query.zone))
        return answer_page(searcher.search(query.q, query.limit, query.cursor))


def _check_author(hub: Hub, message_id: int) -> str:
    """Checks that a message is the principal's own, or the principal an admin.

    Returns: the principal's name.
    """
    principal = hub.auth.principal()
    with hub.store.read() as connection:
        author = cancelling.author_of(connection, message_id)
    if author is None:
        raise NotFound("There is no such message of yours.")
    is_own = author == ("agent", principal.agent_id) and principal.agent_id is not None
    if not (is_own or principal.role == "admin"):
        raise Forbidden("Only its author or an admin can do this.")
    return principal.name
