"""The same words or the same file by two ways within minutes are answered once."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from hub.conversations import actions
from hub.conversations.duplicates import WITHIN, comparable_text
from hub.store.models import messages
from hub.types import Attachment, Medium
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
