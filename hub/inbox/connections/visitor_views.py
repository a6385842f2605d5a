"""What a visitor's page may see, read anew each time that it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from hub.conversations import queries
from hub.identity import customer_view
from hub.inbox.connections.sync_memory import SyncMemory
from hub.router.queue import places
from hub.router.queue.ordering import Criterion
from hub.schema import events, resources
from hub.schema.events import MediaUrl
from hub.types import Address

PAGE = 50
SYNC_LIMIT = 200


class MessagesView(NamedTuple):
    """Messages as a customer may see them, and whether there are more in that direction."""

    messages: list[dict[str, Any]]
    more: bool


def session_view(
    connection: Connection,
    address: Address,
    media_url: MediaUrl,
    order: Sequence[Criterion],
) -> dict[str, Any]:
    """The parts of the event `session` that show contact, messages, agent and queue.

    Args:
        address: the address of the page.
        order: the order of the queue, for the place in it.
    """
    proved = customer_view.find_proved_addresses(connection, address)
    if proved is None:
        return {"contact": None, "messages": [], "agent": None, "queue": None, "more": False}
    messages = customer_view.messages_before(connection, proved.address_ids, PAGE + 1)
    conversation = queries.current_conversation(connection, proved.contact_address.root_id)
    agent = None if conversation is None else events.agent_for_customer(conversation.assignee)
    place = (
        None if conversation is None else places.find_place(connection, int(conversation.id), order)
    )
    return {
        "contact": customer_view.customer_contact(connection, proved).model_dump(mode="json"),
        "messages": _for_customer(messages[-PAGE:], media_url),
        "more": len(messages) > PAGE,
        "agent": agent and agent.model_dump(mode="json"),
        "queue": place and {"position": place.position, "wait_seconds": place.wait_seconds},
    }


def messages_before(
    connection: Connection, address: Address, before: int | None, media_url: MediaUrl
) -> MessagesView:
    """The messages before one, oldest first."""
    proved = customer_view.find_proved_addresses(connection, address)
    messages = (
        []
        if proved is None
        else customer_view.messages_before(connection, proved.address_ids, PAGE + 1, before)
    )
    return MessagesView(_for_customer(messages[-PAGE:], media_url), len(messages) > PAGE)


def messages_after(
    connection: Connection, address: Address, after: int, media_url: MediaUrl, memory: SyncMemory
) -> MessagesView:
    """The messages after one, oldest first.

    Args:
        memory: what the page was given before.
    """
    proved = customer_view.find_proved_addresses(connection, address)
    if proved is None:
        return MessagesView([], False)
    after = memory.start(after)
    messages, more = customer_view.messages_after(connection, proved.address_ids, after, SYNC_LIMIT)
    return MessagesView(_for_customer(memory.give(messages, after), media_url), more)


def _for_customer(
    messages: Iterable[resources.Message], media_url: MediaUrl
) -> list[dict[str, Any]]:
    return [
        events.message_for_customer(message, media_url).model_dump(mode="json")
        for message in messages
    ]
