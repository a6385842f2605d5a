"""Where an answer goes that names no message: after links, their undoing, and handovers."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from hub.conversations import queries
from hub.errors import Conflict, LimitExceeded
from hub.outbound import destinations
from hub.store.engine import Store
from hub.store.models import addresses, contacts, conversations, messages
from tests.core.desk import Customer, Desk

STORIES = int(os.environ.get("HUB_TEST_SEQUENCES", "60"))
CONNECTORS = ("toy", "other", "toy", "other")


def place(desk: Desk, conversation_id: int | str) -> tuple[str, str] | None:
    """The connector and the address of an answer in a conversation; None where none can go."""
    channels = desk.connectors.outbound_channels()

    def find(tx: Any) -> tuple[str, str]:
        contact_id = tx.execute(
            select(conversations.c.contact_id).where(conversations.c.id == int(conversation_id))
        ).scalar_one()
        recipient, channel = destinations.find_destination(
            tx, int(conversation_id), contact_id, None, None, channels
        )
        return channel.name, str(recipient.address)

    try:
        return desk.store.write(find)
    except Conflict:
        return None


def here(customer: Customer) -> tuple[str, str]:
    return customer.connector, str(customer.address)


@pytest.fixture
def there(desk: Desk) -> Customer:
    return desk.customer("there", "other", name="Quentin")


# -- an agent links two contacts -------------------------------------------------------------------


@pytest.mark.parametrize("linked_into", ["first", "second"])
@pytest.mark.parametrize("connectors", [*itertools.product(("toy", "other"), repeat=2)])
@pytest.mark.parametrize("assigned", ["", "first", "second"])
def test_a_link_changes_no_answers_address(
    desk: Desk, linked_into: str, connectors: tuple[str, str], assigned: str
) -> None:
    first, second = (
        desk.customer(path, connector)
        for path, connector in zip(("first", "second"), connectors, strict=True)
    )
    said = {"first": first.says("Hello"), "second": second.says("Hi")}
    if assigned:
        desk.changes(said[assigned].conversation_id, assignee_id=desk.agent.id)
    pair = (first, second) if linked_into == "first" else (second, first)
    link = desk.links_up(*pair)
    for customer, message in zip((first, second), said.values(), strict=True):
        assert place(desk, message.conversation_id) == here(customer)
        sent = desk.replies(message.conversation_id, f"Dear {customer.path}")
        assert (sent.connector, sent.address) == here(customer)
    desk.unlinks(link)
    for customer, message in zip((first, second), said.values(), strict=True):
        assert place(desk, message.conversation_id) == here(customer)


def test_after_a_link_an_answer_follows_the_customers_next_message(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    kept = anna.says("Hello").conversation_id
    there.says("Hi")
    desk.links_up(anna, there)
    there.says("Still here")
    assert place(desk, kept) == here(there)
    anna.says("Me too")
    assert place(desk, kept) == here(anna)


def test_after_a_link_the_typing_sign_goes_where_the_answer_goes(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    kept = anna.says("Hello").conversation_id
    there.says("Hi")
    desk.links_up(anna, there)
    with desk.store.read() as connection:
        shown = queries.answer_place(connection, int(kept))
    assert shown is not None
    assert (shown.connector, shown.address) == ("toy", anna.address)


def test_a_link_to_a_resolved_conversation_changes_no_answers_address(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    ended = anna.says("Hello").conversation_id
    desk.changes(ended, status="resolved")
    going_on = there.says("Hi").conversation_id
    desk.links_up(anna, there)
    assert (place(desk, ended), place(desk, going_on)) == (here(anna), here(there))


# -- a handover moves the customer -----------------------------------------------------------------


def redeems(desk: Desk, conversation_id: int | str, customer: Customer) -> None:
    token = desk.invites(conversation_id, customer.connector).token
    customer.starts(handover_token=token)


def test_undoing_another_link_leaves_a_customer_where_a_handover_brought_them(
    desk: Desk, anna: Customer, boris: Customer, there: Customer
) -> None:
    said = anna.says("Hello")
    boris.says("Hi")
    link = desk.links_up(anna, boris)
    redeems(desk, said.conversation_id, there)
    assert place(desk, said.conversation_id) == here(there)
    desk.unlinks(link)
    assert place(desk, said.conversation_id) == here(there)


# -- any story ------------------------------------------------------------------------------------

whom = st.integers(0, len(CONNECTORS) - 1)
STEPS = st.one_of(
    st.tuples(st.just("says"), whom),
    st.tuples(st.just("says"), whom),
    st.tuples(st.just("resolves"), whom),
    st.tuples(st.just("links"), whom, whom),
    st.tuples(st.just("undoes"), st.integers(0, 3)),
    st.tuples(st.just("redeems"), whom, whom),
)
numbers = itertools.count(1)


class Story:
    """Customers on two channels, whom an agent links and parts, and who follow handovers."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        number = next(numbers)
        self.customers = [
            desk.customer(f"s{number}-{index}", connector)
            for index, connector in enumerate(CONNECTORS)
        ]
        self.current = {
            index: customer.says("Hello").conversation_id
            for index, customer in enumerate(self.customers)
        }
        self.links: list[Any] = []

    def happens(self, step: tuple[Any, ...]) -> None:
        match step:
            case ("says", index):
                self.current[index] = self.customers[index].says("More").conversation_id
            case ("resolves", index):
                self.desk.changes(self.current[index], status="resolved")
            case ("links", index, other):
                pair = self.customers[index], self.customers[other]
                if pair[0].contact.id != pair[1].contact.id:
                    before = self.places()
                    self.links.append(self.desk.links_up(*pair))
                    assert self.places() == before
            case ("undoes", index) if self.links:
                self.desk.unlinks(self.links.pop(index % len(self.links)))
            case ("redeems", index, other):
                with suppress(LimitExceeded):
                    redeems(self.desk, self.current[index], self.customers[other])

    def _conversation_ids(self) -> list[int]:
        with self.desk.store.read() as connection:
            contact_ids = [customer.record for customer in self.customers]
            return list(
                connection.execute(
                    select(conversations.c.id)
                    .where(conversations.c.contact_id.in_(contact_ids))
                    .order_by(conversations.c.id)
                ).scalars()
            )

    def places(self) -> dict[int, tuple[str, str] | None]:
        return {id_: place(self.desk, id_) for id_ in self._conversation_ids()}

    def places_by_timeline(self) -> dict[int, tuple[str, str]]:
        """Where the customer of each conversation was last, by its own rows as they arrived."""
        found: dict[int, tuple[str, str]] = {}
        root = contacts.alias()
        with self.desk.store.read() as connection:
            roots = {
                f"{row.scheme}:{row.path}": row.root_id
                for row in connection.execute(
                    select(addresses.c.scheme, addresses.c.path, contacts.c.root_id).join(
                        contacts, contacts.c.id == addresses.c.contact_id
                    )
                )
            }
            rows = connection.execute(
                select(messages, addresses.c.scheme, addresses.c.path, root.c.root_id)
                .outerjoin(addresses, addresses.c.id == messages.c.address_id)
                .join(conversations, conversations.c.id == messages.c.conversation_id)
                .join(root, root.c.id == conversations.c.contact_id)
                .where(messages.c.conversation_id.in_(self._conversation_ids()))
                .order_by(messages.c.id)
            )
            for row in rows:
                event = row.extra.get("event", {})
                if row.direction == "in" and row.type == "message":
                    at = row.connector, f"{row.scheme}:{row.path}"
                elif event.get("name") == "handover.redeemed":
                    at = event["connector"], event["address"]
                else:
                    continue
                if roots[at[1]] == row.root_id:
                    found[row.conversation_id] = at
        return found


@settings(
    max_examples=STORIES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@pytest.mark.slow
@given(st.lists(STEPS, max_size=16))
def test_in_any_story_an_answer_goes_where_the_conversations_customer_was_last(
    sqlite_desk: Desk, steps: list[tuple[Any, ...]]
) -> None:
    story = Story(sqlite_desk)
    for step in steps:
        story.happens(step)
        places = story.places()
        for conversation_id, expected in story.places_by_timeline().items():
            assert places[conversation_id] == expected, (step, conversation_id)


@pytest.fixture
def sqlite_desk(sqlite_store: Store, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(sqlite_store, tmp_path)
    yield made
    made.close()
