"""What customers do is brought into their thread: once, in order, and nothing lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.inbound.journal import add_unprocessed_entry
from hub.schema.storable_text import is_plain
from hub.store.models import (
    addresses,
    conversations,
    journal,
    messages,
)
from hub.types import (
    Attachment,
    ContactCard,
    Location,
    Medium,
    Profile,
    WebhookRequest,
)
from tests.core.desk import Customer, Desk, at_once
from tests.core.toys import a_moment_ago

LONE_SURROGATE = "half \ud83d of it"


# -- once ------------------------------------------------------------------------------------------


def test_the_same_event_five_times_is_one_message(desk: Desk, anna: Customer) -> None:
    event = anna.message("Hello")
    received = [anna.brings(event) for _ in range(5)]
    assert [one.is_new for one in received] == [True, False, False, False, False]
    assert [one.text for one in desk.thread(desk.only_conversation().id)] == ["Hello"]
    assert desk.names() == ["conversation.created", "message.created"]


def test_the_same_event_ten_times_at_once_is_one_message(desk: Desk, anna: Customer) -> None:
    event = anna.message("Hello")
    received = at_once(*[lambda: anna.brings(event)] * 10)
    assert sum(one.is_new for one in received) == 1
    assert (desk.count(messages), desk.count(journal), desk.people()) == (1, 1, 1)
    assert desk.only_conversation().unread_count == 1
    assert desk.names() == ["conversation.created", "message.created"]


def test_ten_messages_at_once_of_a_new_contact_are_one_conversation(
    desk: Desk, anna: Customer
) -> None:
    events = [anna.message(f"photo {n}") for n in range(10)]
    at_once(*[lambda event=event: anna.brings(event) for event in events])  # type: ignore[misc]
    assert (desk.people(), desk.count(addresses), desk.count(conversations)) == (1, 1, 1)
    conversation = desk.only_conversation()
    assert conversation.unread_count == 10
    assert {one.text for one in desk.thread(conversation.id)} == {f"photo {n}" for n in range(10)}
    assert desk.names().count("conversation.created") == 1


def test_two_people_at_once_are_two_conversations(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    at_once(lambda: anna.says("from Anna"), lambda: boris.says("from Boris"))
    assert desk.people() == 2
    assert sorted(one.contact.name for one in desk.conversations()) == ["Anna Kask", "Boris"]


def test_the_same_key_by_two_connectors_is_two_events(desk: Desk, anna: Customer) -> None:
    event = anna.message("Hello")
    assert desk.receives(event, "toy").is_new
    assert desk.receives(event, "other").is_new


def test_the_same_path_in_two_scopes_is_two_people(desk: Desk, anna: Customer) -> None:
    here = anna.message("here")
    anna.brings(here)
    anna.brings(replace(here, key="there", address=replace(here.address, scope="page-2")))
    assert desk.people() == 2


def test_what_the_events_say_is_what_is_there_afterwards(desk: Desk, anna: Customer) -> None:
    card = ContactCard("Mari", "+37255512345")
    anna.says("first", subject="Size", html="", card=card, extra={"sticker": "cat"})
    anna.says("second", location=Location(59.4, 24.7, "Tallinn"), client_id="page-7")
    told = [event.payload for event in desk.events if event.name == "message.created"]
    assert [one.message for one in told] == desk.thread(desk.only_conversation().id)  # type: ignore[union-attr]
    assert told[-1].conversation == desk.only_conversation()  # type: ignore[union-attr]


# -- in order --------------------------------------------------------------------------------------


def test_a_thread_is_in_the_order_of_the_providers_time_and_then_of_arrival(
    desk: Desk, anna: Customer
) -> None:
    anna.says("third", sent_at=a_moment_ago(seconds=10))
    anna.says("first", sent_at=a_moment_ago(seconds=30))
    same = a_moment_ago(seconds=20)
    anna.says("second", sent_at=same)
    anna.says("second and a half", sent_at=same)
    texts = [one.text for one in desk.thread(desk.only_conversation().id)]
    assert texts == ["first", "second", "second and a half", "third"]


@pytest.mark.parametrize("days", [-401, -20_000, 1, 9_000], ids=lambda days: f"{days} days")
def test_a_providers_time_that_cannot_be_is_replaced_by_ours(anna: Customer, days: int) -> None:
    said = anna.says("Hello", sent_at=a_moment_ago(days=-days))
    assert abs(said.created_at - a_moment_ago(seconds=0)) < timedelta(seconds=30)
    assert said.created_at == said.received_at


def test_a_clock_slightly_ahead_puts_nothing_into_the_future(anna: Customer) -> None:
    said = anna.says("Hello", sent_at=a_moment_ago(seconds=-90))
    assert said.created_at == said.received_at


# -- unusual texts ---------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["a\0b", LONE_SURROGATE, "\0", "\udc80"], ids=ascii)
def test_nothing_in_a_text_stops_a_message(desk: Desk, text: str) -> None:
    stranger = desk.customer("stranger", name=text)
    said = stranger.says(
        text,
        full_text=text + "folded",
        subject=text,
        html=f"<p>{text}</p>",
        client_id=f"c{text}",
        external_id=f"e{text}",
        key=f"k{text}",
        extra={"story": text},
        profile=Profile(name=text, attributes={"note": text}),
        card=ContactCard(text, text),
        attachments=(Attachment(Medium.FILE, name=text, source=f"s{text}"),),
    )
    assert desk.message(said.id).text == text.replace("\0", "").encode("utf-8", "replace").decode()


def test_a_journal_row_takes_any_query_and_header(desk: Desk, anna: Customer) -> None:
    request = WebhookRequest(
        "POST",
        "",
        b"\0\xff",
        headers={"content-type": "text/plain\0"},
        query={"message": "\0\ud83d"},
        path="status",
    )
    desk.store.write(
        lambda tx: add_unprocessed_entry(
            tx, "toy", "key\0\udc80", b"\0\xff", request, "failed", "x\0"
        )
    )
    assert desk.count(journal, journal.c.status == "failed") == 1


def test_only_bodies_that_can_hide_nothing_are_taken_as_they_are() -> None:
    assert is_plain(b'{"text": "hi"}')
    assert is_plain(b"Body=caf%C3%A9+hi&To=%2B1")
    assert not is_plain(b'{"text": "a\\u0000b"}')
    assert not is_plain(b"Body=a%00b&To=%2B1")
    assert not is_plain(b"From: a@example.org\r\n\r\nhi & bye")
    assert not is_plain(b"YWJjAGRlZg==")
