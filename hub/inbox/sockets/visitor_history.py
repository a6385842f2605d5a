"""What a visitor's page is shown of what was said, asked anew each time it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection

from hub.conversations import queries
from hub.identity import customer_view
from hub.inbox.sockets.payloads import Ack, ok
from hub.router.queue import places
from hub.router.queue.ordering import Criterion
from hub.schema import events, resources
from hub.schema.events import MediaUrl
from hub.types import Address

PAGE = 50
SYNC_LIMIT = 200


def welcome(
    connection: Connection,
    address: Address,
    media_url: MediaUrl,
    order: Sequence[Criterion],
) -> dict[str, Any]:
    """The parts of `session` that tell how things stand; the place by the queue's `order`."""
    found = customer_view.find_proved_addresses(connection, address)
    if found is None:
        return {"contact": None, "messages": [], "agent": None, "queue": None, "more": False}
    said = customer_view.messages_before(connection, found.address_ids, PAGE + 1)
    current = queries.current_conversation(connection, found.contact_address.root_id)
    agent = None if current is None else events.agent_for_customer(current.assignee)
    place = None if current is None else places.place(connection, int(current.id), order)
    return {
        "contact": customer_view.customer_contact(connection, found).model_dump(mode="json"),
        "messages": for_page(said[-PAGE:], media_url),
        "more": len(said) > PAGE,
        "agent": agent and agent.model_dump(mode="json"),
        "queue": place and {"position": place.position, "wait_seconds": place.wait_seconds},
    }


def earlier(
    connection: Connection, address: Address, before: int | None, media_url: MediaUrl
) -> Ack:
    found = customer_view.find_proved_addresses(connection, address)
    said = (
        []
        if found is None
        else customer_view.messages_before(connection, found.address_ids, PAGE + 1, before)
    )
    return ok(messages=for_page(said[-PAGE:], media_url), more=len(said) > PAGE)


def later(connection: Connection, address: Address, after: int, media_url: MediaUrl) -> Ack:
    found = customer_view.find_proved_addresses(connection, address)
    if found is None:
        return ok(messages=[], more=False)
    said, more = customer_view.messages_after(connection, found.address_ids, after, SYNC_LIMIT)
    return ok(messages=for_page(said, media_url), more=more)


def for_page(said: Iterable[resources.Message], media_url: MediaUrl) -> list[dict[str, Any]]:
    return [events.message_for_customer(one, media_url).model_dump(mode="json") for one in said]
