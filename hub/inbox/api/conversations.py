"""`/api/v1/conversations`: lists, changes, messages, handovers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from flask import Response
from flask_openapi3 import Tag
from pydantic import Field

from hub.accounts.named_agents import MAX_NAMED
from hub.contacts import contact_addresses, profiles
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import actions, assignment, listing, queries, views
from hub.errors import Conflict, Invalid
from hub.handover import creation
from hub.inbox.api.blueprint import ApiBlueprint
from hub.inbox.api.filters import ConversationQuery, filter_and_sort
from hub.inbox.api.routing import Routing, routing_of
from hub.inbox.responses import (
    Body,
    ConnectorName,
    Id,
    ItemPath,
    ListOf,
    PageQuery,
    Recipient,
    answer,
    answer_list,
    answer_page,
)
from hub.inbox.services import Hub, current_hub
from hub.notifications import reading
from hub.outbound import destinations, send
from hub.outbound.destinations import OutboundChannel
from hub.outbound.holding import Hold
from hub.outbound.recipients import MAX_COPIES
from hub.outbound.send import Draft
from hub.outbound.send_times import MAX_UNDO_SECONDS, read_send_time
from hub.schema import resources
from hub.store.engine import Transaction
from hub.transport.handover_links import create_handover_link
from hub.types import Address, Profile

TAG = Tag(name="Conversations")


class ConversationChange(Body):
    status: resources.Status | None = None
    assignee_id: Id | None = None
    team: Id | None = Field(None, description="The team's id, or null for none.")
    priority: resources.Priority | None = None
    labels: list[str] | None = Field(None, max_length=50)
    snoozed_until: resources.Moment | None = None


class NewMessage(Body):
    text: str = Field("", max_length=send.MAX_TEXT)
    type: Literal["message", "note"] = "message"
    connector: ConnectorName | None = None
    attachments: list[Id] = Field([], max_length=20)
    reply_to: Id | None = None
    client_id: str | None = Field(None, min_length=1, max_length=send.MAX_CLIENT_ID)
    cc: list[Recipient] | None = Field(
        None,
        max_length=MAX_COPIES,
        description="Who gets a copy of a mail; without it the others of the mail answered.",
    )
    mentions: list[Id] = Field([], max_length=MAX_NAMED, description="Agents a note names.")
    mention_teams: list[Id] = Field(
        [], max_length=MAX_NAMED, description="Teams whose members a note names."
    )

    draft_version: int | None = Field(
        None, ge=0, description="Of my draft that this is; it is emptied. 0 where it was not saved."
    )
    undo_seconds: int = Field(
        0, ge=0, le=MAX_UNDO_SECONDS, description="It leaves so much later, to be undone meanwhile."
    )
    send_at: str | None = Field(
        None,
        max_length=64,
        json_schema_extra={"format": "date-time"},
        description="When it leaves; with `zone` its wall clock there is kept over a clock change.",
    )
    zone: str | None = Field(None, min_length=1, max_length=64, description="Of the IANA database.")
    send_anyway: bool = Field(
        False, description="With `send_at`: it leaves though the customer wrote meanwhile."
    )
    seen_message_id: Id | None = Field(
        None, description="The newest message that I saw: 409 with a newer one in `message`."
    )
    resolve: bool = Field(False, description="Resolves the conversation with it.")

    def draft(self) -> Draft:
        return Draft(
            text=self.text,
            type=self.type,
            connector=self.connector,
            attachment_ids=tuple(self.attachments),
            reply_to=self.reply_to,
            client_id=self.client_id,
            cc=None if self.cc is None else tuple(self.cc),
            mentions=tuple(self.mentions),
            mention_teams=tuple(self.mention_teams),
            draft_version=self.draft_version,
            hold=self._hold(),
            resolve=self.resolve,
            seen_id=self.seen_message_id,
        )

    def _hold(self) -> Hold:
        if self.send_at is None:
            if self.zone is not None:
                raise Invalid("A zone is that of a send_at.", "zone")
            return Hold(undo_seconds=self.undo_seconds)
        return Hold(
            send_time=read_send_time(self.send_at, self.zone, datetime.now(UTC)),
            sends_anyway=self.send_anyway,
        )


class NewConversation(Body):
    contact_id: Id | None = None
    address: str | None = Field(None, max_length=320)
    connector: str = Field(max_length=64)
    text: str = Field(min_length=1, max_length=send.MAX_TEXT)
    client_id: str | None = Field(None, min_length=1, max_length=send.MAX_CLIENT_ID)


class ReadUpTo(Body):
    message_id: Id


class NewHandover(Body):
    connector: str = Field(max_length=64)


api = ApiBlueprint("conversations", __name__, TAG)


@api.get("/conversations", responses={200: ListOf[resources.Conversation]})
def list_conversations(query: ConversationQuery) -> Response:
    """Conversations that all filters let through, in the order of `sort`.

    A page may have fewer items than `limit`, or none, and still a `next` page.
    """
    hub = current_hub()
    principal = hub.auth.principal()
    with hub.store.read() as connection:
        wanted, sort = filter_and_sort(connection, query, principal)
        page = listing.list_conversations(connection, wanted, query.limit, query.cursor, sort)
    return answer_page(page)


@api.post("/conversations", responses={201: resources.Conversation, 200: resources.Conversation})
def start_conversation(body: NewConversation) -> Response:
    """Writes first, where the channel allows it. Answers with the conversation."""
    hub = current_hub()
    principal = hub.auth.principal()
    channel = _outbound_channel(hub, body.connector)
    draft = Draft(text=body.text, client_id=body.client_id)

    def start(tx: Transaction) -> tuple[resources.Conversation, bool]:
        person = _recipient(hub, tx, body, channel)
        sent = send.send_first_message(tx, person, channel, draft, principal.author)
        return views.get_conversation(tx.connection, int(sent.message.conversation_id)), sent.is_new

    conversation, is_new = hub.store.write(start)
    return answer(conversation, 201 if is_new else 200)


@api.get("/conversations/<int:id>", responses={200: resources.Conversation})
def get_conversation(path: ItemPath) -> Response:
    hub = current_hub()
    hub.auth.principal()
    with hub.store.read() as connection:
        return answer(views.get_conversation(connection, path.id))


@api.patch("/conversations/<int:id>", responses={200: resources.Conversation})
def change_conversation(path: ItemPath, body: ConversationChange) -> Response:
    """Takes, gives, releases, labels, puts off, resolves."""
    hub = current_hub()
    principal = hub.auth.principal()
    changes = body.model_dump(exclude_unset=True)
    if "team" in changes:
        changes["team_id"] = changes.pop("team")
    for name in ("status", "priority", "labels"):
        if name in changes and changes[name] is None:
            raise Invalid("This cannot be null; leave it out to keep it.", name)
    return answer(
        hub.store.write(
            lambda tx: actions.change_conversation(tx, path.id, changes, principal.author)
        )
    )


@api.get("/conversations/<int:id>/routing", responses={200: Routing})
def explain_routing(path: ItemPath) -> Response:
    """Why this conversation is with whom it is with, or why nobody has it yet."""
    hub = current_hub()
    hub.auth.principal()
    with hub.store.read() as connection:
        return answer(routing_of(connection, path.id, hub.config, datetime.now(UTC)))


@api.post("/conversations/<int:id>/accept", responses={200: resources.Conversation})
def accept_conversation(path: ItemPath) -> Response:
    """Says that I have seen what I was given. Looking at it or answering says so too."""
    hub = current_hub()
    principal = hub.auth.principal()
    return answer(
        hub.store.write(lambda tx: assignment.accept_conversation(tx, path.id, principal.agent_id))
    )


@api.post("/conversations/<int:id>/read", responses={200: resources.Conversation})
def read_conversation(path: ItemPath, body: ReadUpTo) -> Response:
    """Marks what customers said, up to a message, as read; and what I was told of it, as seen."""
    hub = current_hub()
    agent_id = hub.auth.principal().agent_id
    return answer(
        hub.store.write(lambda tx: reading.mark_read_by(tx, agent_id, path.id, body.message_id))
    )


@api.get("/conversations/<int:id>/messages", responses={200: ListOf[resources.Message]})
def list_messages(path: ItemPath, query: PageQuery) -> Response:
    """Messages, newest first."""
    hub = current_hub()
    hub.auth.principal()
    with hub.store.read() as connection:
        return answer_page(queries.list_messages(connection, path.id, query.limit, query.cursor))


@api.post(
    "/conversations/<int:id>/messages",
    responses={201: resources.Message, 200: resources.Message},
)
def send_message(path: ItemPath, body: NewMessage) -> Response:
    """Says something, or notes it. 200 with the first one when `client_id` repeats."""
    hub = current_hub()
    principal = hub.auth.principal()
    draft = body.draft()
    sent = hub.store.write(
        lambda tx: send.send_message(
            tx, path.id, draft, principal.author, hub.connectors.outbound_channels()
        )
    )
    return answer(sent.message, 201 if sent.is_new else 200)


@api.post("/conversations/<int:id>/handovers", responses={201: resources.Handover})
def hand_over(path: ItemPath, body: NewHandover) -> Response:
    """Makes a one-time invitation to go on elsewhere. Its token is shown this once."""
    hub = current_hub()
    principal = hub.auth.principal()
    return answer(
        create_handover_link(
            hub.store,
            hub.connectors,
            path.id,
            body.connector,
            principal.name,
            principal.author,
            expires=hub.config.replies.handover.expires,
        ),
        201,
    )


@api.get("/conversations/<int:id>/handovers", responses={200: ListOf[resources.HandoverRecord]})
def list_handovers(path: ItemPath) -> Response:
    hub = current_hub()
    hub.auth.principal()
    with hub.store.read() as connection:
        views.get_conversation(connection, path.id)
        return answer_list(creation.handovers_of_conversation(connection, path.id))


def _outbound_channel(hub: Hub, name: str) -> OutboundChannel:
    channel = hub.connectors.outbound_channels().get(name)
    if channel is None:
        raise Invalid(f"There is no connector {name!r} that is turned on.", "connector")
    return channel


def _recipient(
    hub: Hub, tx: Transaction, body: NewConversation, channel: OutboundChannel
) -> ContactAddress:
    if (body.contact_id is None) == (body.address is None):
        raise Invalid("Give either contact_id or address.", "address")
    if body.contact_id is not None:
        profiles.get_contact(tx.connection, body.contact_id)
        recipient = destinations.find_address_for_channel(tx.connection, body.contact_id, channel)
        if recipient is None:
            raise Conflict(f"This customer has no address that {channel.name} can write to.")
        return recipient
    assert body.address is not None
    return contact_addresses.find_or_create_contact_address(
        tx, _address(hub, body.address, channel), Profile(), evidence="asserted"
    )


def _address(hub: Hub, text: str, channel: OutboundChannel) -> Address:
    try:
        address = Address.parse(text, channel.scope)
    except ValueError as error:
        raise Invalid(f"{error}.", "address") from None
    if address.scheme != channel.scheme:
        raise Invalid(f"{channel.name} writes to {channel.scheme}: addresses.", "address")
    connector = hub.connectors.get(channel.name)
    assert connector is not None
    return connector.normalized(address)
