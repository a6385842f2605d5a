"""The same words or the same file by two ways within minutes are answered once."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from hub.conversations import actions
from hub.conversations.duplicates import WITHIN, comparable_text
from hub.store.models import messages, suggestions
from hub.transport import profile_fetching
from hub.types import Attachment, Medium, Profile
from tests.core.desk import Customer, Desk

WORDS = "Where is my order number 1234?"


@pytest.fixture
def two_ways(desk: Desk, anna: Customer) -> tuple[Customer, Customer]:
    """One person with two addresses, who has written from the first."""
    boris = desk.customer("boris", "other", name="Boris")
    anna.says("Good morning to you.")
    boris.says("Good evening to you.")
    desk.links_up(anna, boris)
    desk.changes(anna.says("I have a question.").conversation_id, status="resolved")
    return anna, boris


def test_the_same_text_from_another_address_is_a_duplicate(
    desk: Desk, two_ways: tuple[Customer, Customer]
) -> None:
    first, second = two_ways
    asked = first.says(WORDS)
    again = second.says(WORDS.upper())
    assert again.duplicate_of == asked.id
    assert again.conversation_id == asked.conversation_id
    conversation = desk.conversation(asked.conversation_id)
    assert conversation.unread_count == 1
    assert conversation.waiting_since == asked.received_at


def test_each_of_several_repeated_messages_is_a_duplicate(
    desk: Desk, two_ways: tuple[Customer, Customer]
) -> None:
    first, second = two_ways
    first.says("One thing after the other.")
    said = [first.says(f"{WORDS} Part {part}.") for part in (1, 2)]
    again = [second.says(f"{WORDS} Part {part}.") for part in (1, 2)]
    assert [one.duplicate_of for one in again] == [one.id for one in said]


def test_the_same_file_from_another_address_is_a_duplicate(
    desk: Desk, two_ways: tuple[Customer, Customer]
) -> None:
    first, second = two_ways

    def file(**values: Any) -> tuple[Attachment, ...]:
        given: dict[str, Any] = {"name": "a.pdf", "media_type": "application/pdf", "size": 5000}
        return (Attachment(**({"medium": Medium.FILE} | given | values)),)

    sent = first.says("", attachments=file())
    assert second.says("", attachments=file(name="document.pdf")).duplicate_of == sent.id
    assert second.says("", attachments=file(size=5001)).duplicate_of is None


def test_a_sticker_from_another_address_is_no_duplicate(
    desk: Desk, two_ways: tuple[Customer, Customer]
) -> None:
    sticker = (Attachment(Medium.STICKER, media_type="image/webp", size=5000),)
    two_ways[0].says("", attachments=sticker)
    assert two_ways[1].says("", attachments=sticker).duplicate_of is None


@pytest.mark.parametrize("text", ["ok", "Hello!", "Thank you!", "👍👍👍👍👍👍👍👍👍👍👍👍👍"])
def test_a_short_text_is_no_duplicate(
    desk: Desk, two_ways: tuple[Customer, Customer], text: str
) -> None:
    two_ways[0].says(text)
    assert two_ways[1].says(text).duplicate_of is None
    assert comparable_text(text) == ""


def test_the_same_text_from_the_same_address_is_no_duplicate(
    desk: Desk, two_ways: tuple[Customer, Customer]
) -> None:
    first, _second = two_ways
    first.says(WORDS)
    assert first.says(WORDS).duplicate_of is None


def test_the_same_text_of_two_contacts_is_no_duplicate(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    anna.says(WORDS)
    assert boris.says(WORDS).duplicate_of is None
    assert [one.unread_count for one in desk.conversations()] == [1, 1]


def test_the_same_text_much_later_is_no_duplicate(
    desk: Desk, two_ways: tuple[Customer, Customer]
) -> None:
    first, second = two_ways
    asked = first.says(WORDS)
    statement = (
        update(messages)
        .where(messages.c.id == int(asked.id))
        .values(received_at=asked.received_at - WITHIN * 2)
    )
    desk.store.write(lambda tx: tx.execute(statement).rowcount)
    assert second.says(WORDS).duplicate_of is None


def test_a_repeated_text_that_reopens_a_conversation_is_no_duplicate(
    desk: Desk, two_ways: tuple[Customer, Customer]
) -> None:
    first, second = two_ways
    asked = first.says(WORDS)
    desk.changes(asked.conversation_id, status="resolved")
    again = second.says(WORDS)
    assert again.duplicate_of is None
    assert desk.conversation(again.conversation_id).unread_count == 1


def test_a_duplicate_is_not_counted_as_unread(
    desk: Desk, two_ways: tuple[Customer, Customer]
) -> None:
    first, second = two_ways
    asked = first.says(WORDS)
    second.says(WORDS)
    read = desk.store.write(
        lambda tx: actions.mark_read(tx, int(asked.conversation_id), int(asked.id))
    )
    assert read.unread_count == 0


# -- names that become known after the messages ----------------------------------------------------


def learns_name(desk: Desk, customer: Customer, name: str) -> None:
    """The provider tells the profile of a customer who wrote before."""
    profile = Profile(name=name)
    desk.store.write(lambda tx: profile_fetching._store_profile(tx, customer.address, profile))


def suggested(desk: Desk) -> list[tuple[int, int]]:
    with desk.store.read() as connection:
        rows = connection.execute(select(suggestions).order_by(suggestions.c.id))
        return [(row.contact_id, row.other_contact_id) for row in rows]


@pytest.mark.parametrize("nameless", ["first", "second", "both"])
@pytest.mark.parametrize("named_first", [True, False])
@pytest.mark.parametrize("told_by", ["profile", "message"])
def test_one_name_and_the_same_words_are_suggested_whenever_the_name_is_known(
    desk: Desk, nameless: str, named_first: bool, told_by: str
) -> None:
    names = {
        "first": "" if nameless in ("first", "both") else "Nora Sepp",
        "second": "" if nameless in ("second", "both") else "Nora Sepp",
    }
    first = desk.customer("first", name=names["first"])
    second = desk.customer("second", "other", name=names["second"])
    first.says(WORDS)
    second.says(WORDS.upper())
    learners = [one for one in (first, second) if not one.name]
    for customer in learners if named_first else learners[::-1]:
        if told_by == "profile":
            learns_name(desk, customer, "Nora Sepp")
        else:
            customer.name = "Nora Sepp"
            customer.says("One more thing.")
    assert suggested(desk) == [(first.record, second.record)]


def test_another_name_or_other_words_are_not_suggested_when_the_name_is_known(
    desk: Desk,
) -> None:
    first, second = desk.customer("first", name="Nora Sepp"), desk.customer("second", "other")
    third = desk.customer("third", "other")
    first.says(WORDS)
    second.says("What are your opening hours?")
    third.says(WORDS)
    learns_name(desk, second, "Nora Sepp")
    learns_name(desk, third, "Noora Sepp")
    assert suggested(desk) == []


def test_words_that_came_much_earlier_are_not_suggested_when_the_name_is_known(
    desk: Desk,
) -> None:
    first, second = desk.customer("first", name="Nora Sepp"), desk.customer("second", "other")
    asked = first.says(WORDS)
    second.says(WORDS)
    statement = (
        update(messages)
        .where(messages.c.id == int(asked.id))
        .values(received_at=asked.received_at - WITHIN * 2)
    )
    desk.store.write(lambda tx: tx.execute(statement).rowcount)
    learns_name(desk, second, "Nora Sepp")
    assert suggested(desk) == []


def test_a_name_that_comes_long_after_the_words_is_compared_all_the_same(desk: Desk) -> None:
    """A provider that was away tells the name later."""
    first, second = desk.customer("first", name="Nora Sepp"), desk.customer("second", "other")
    for customer in (first, second):
        said = customer.says(WORDS)
        statement = (
            update(messages)
            .where(messages.c.id == int(said.id))
            .values(received_at=said.received_at - WITHIN * 10)
        )
        desk.store.write(lambda tx, statement=statement: tx.execute(statement).rowcount)  # type: ignore[misc]
    learns_name(desk, second, "Nora Sepp")
    assert suggested(desk) == [(first.record, second.record)]
