"""What was said is changed, reacted to, or comes back as our own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hub.conversations.search import Searcher
from hub.inbound.messages import NOTHING_IN_IT
from hub.schema import resources
from hub.store.models import (
    attachments,
    deliveries,
)
from hub.types import (
    Attachment,
    Medium,
)
from tests.core.desk import Customer, Desk

# -- edits and reactions ---------------------------------------------------------------------------


def test_an_edit_replaces_the_text_and_keeps_the_old_one(desk: Desk, anna: Customer) -> None:
    said = anna.says("Size 39")
    anna.edits(said, "Size 38")
    found = desk.message(said.id)
    assert (found.text, [one.text for one in found.edits]) == ("Size 38", ["Size 39"])
    assert found.edited_at is not None
    assert desk.events[-1].payload.message == found  # type: ignore[union-attr]
    assert desk.only_conversation().unread_count == 1


def test_an_edited_caption_without_words_wipes_nothing(desk: Desk, anna: Customer) -> None:
    photo = Attachment(Medium.IMAGE, source="file-1")
    said = anna.says("My shoes", attachments=(photo,))
    anna.edits(said, "", attachments=(photo,))
    found = desk.message(said.id)
    assert (found.text, found.edits, len(found.attachments)) == ("My shoes", [], 1)


def test_an_edit_does_not_add_the_files_again(desk: Desk, anna: Customer) -> None:
    photo = Attachment(Medium.IMAGE, source="file-1")
    said = anna.says("My shoes", attachments=(photo,))
    anna.edits(said, "My new shoes", attachments=(photo,))
    assert desk.count(attachments) == 1


def test_an_edit_of_a_message_that_never_came_is_a_message(desk: Desk, anna: Customer) -> None:
    anna.brings(anna.message("Hello", edits="unknown"))
    assert [one.text for one in desk.thread(desk.only_conversation().id)] == ["Hello"]


def test_an_edit_by_one_connector_leaves_the_same_id_of_another_alone(
    desk: Desk, anna: Customer
) -> None:
    """Two bots number their messages with the same person from 1."""
    by_other = desk.message(
        desk.receives(anna.message("to the other bot", external_id="5"), "other").message_id or 0
    )
    said = desk.message(
        desk.receives(anna.message("to this bot", external_id="5"), "toy").message_id or 0
    )
    desk.receives(anna.message("edited at the other bot", edits="5"), "other")
    assert desk.message(said.id).text == "to this bot"
    assert desk.message(by_other.id).text == "edited at the other bot"


def test_an_edited_message_is_found_by_its_new_words_only(desk: Desk, anna: Customer) -> None:
    said = anna.says("a yellow umbrella")
    anna.edits(said, "a purple parasol")
    with desk.store.read() as connection:
        assert Searcher(connection).search("parasol", 10).items
        assert not Searcher(connection).search("umbrella", 10).items


def test_a_reaction_is_shown_and_can_be_taken_back(desk: Desk, anna: Customer) -> None:
    said = anna.says("Thanks")
    anna.reacts(said, "👍")
    assert [(one.emoji, one.by) for one in desk.message(said.id).reactions] == [("👍", "contact")]
    anna.reacts(said, "🎉")
    assert [one.emoji for one in desk.message(said.id).reactions] == ["🎉"]
    anna.reacts(said, "")
    assert desk.message(said.id).reactions == []
    assert len(desk.thread(said.conversation_id, events=True)) == 1


# -- echoes ----------------------------------------------------------------------------------------


def test_the_echo_of_our_own_message_before_the_send_returned_is_no_second_one(
    desk: Desk, anna: Customer
) -> None:
    anna.says("Hello")
    ours = desk.replies(desk.only_conversation().id, "Hi Anna")
    anna.brings(anna.message("Hi Anna", sent_by_us=True, metadata=ours.id, external_id="mid-1"))
    thread = desk.thread(ours.conversation_id)
    assert [one.text for one in thread] == ["Hello", "Hi Anna"]
    assert thread[-1].external_id == "mid-1"


def test_the_echo_after_the_send_returned_is_no_second_one_either(
    desk: Desk, anna: Customer, quick: None
) -> None:
    anna.says("Hello")
    ours = desk.replies(desk.only_conversation().id, "Hi Anna")
    desk.delivers()
    desk.waits_until(ours, "sent")
    anna.brings(anna.message("Hi Anna", sent_by_us=True, external_id=f"p{ours.id}.0"))
    assert [one.text for one in desk.thread(ours.conversation_id)] == ["Hello", "Hi Anna"]


def test_an_echo_of_a_message_from_the_providers_app_is_shown_and_not_sent(
    desk: Desk, anna: Customer
) -> None:
    anna.says("Hello")
    photo = Attachment(Medium.IMAGE, source="cdn-1")
    received = anna.brings(
        anna.message("Answered in the app", sent_by_us=True, attachments=(photo,))
    )
    assert received.message_id is not None
    found = desk.message(received.message_id)
    assert (found.direction, found.delivery) == ("out", None)
    assert [one.medium for one in found.attachments] == ["image"]
    assert received.fetches_media
    assert desk.count(deliveries) == 0
    assert desk.only_conversation().waiting_since is None


def test_a_robots_echo_ends_no_waiting(desk: Desk, anna: Customer) -> None:
    anna.says("Where is my parcel?")
    received = anna.brings(anna.message("We are back soon!", sent_by_us=True, automatic=True))
    assert desk.message(received.message_id or 0).author.type == "bot"
    assert desk.only_conversation().waiting_since is not None


@pytest.mark.parametrize(("seconds", "waits"), [(1, True), (2.5, True), (20, False)])
def test_an_echo_that_comes_at_once_is_a_robots(
    desk: Desk, anna: Customer, seconds: float, waits: bool
) -> None:
    asked_at = datetime.now(UTC) - timedelta(minutes=5)
    anna.says("Where is my parcel?", sent_at=asked_at)
    answered_at = asked_at + timedelta(seconds=seconds)
    anna.brings(anna.message("We are back soon!", sent_by_us=True, sent_at=answered_at))
    assert (desk.only_conversation().waiting_since is not None) is waits


# -- changes after reading -------------------------------------------------------------------------


def read_and_answered(desk: Desk, customer: Customer, text: str) -> resources.Message:
    said = customer.says(text)
    desk.replies(int(said.conversation_id), "I see to it.")
    assert desk.only_conversation().unread_count == 0
    return said


def test_an_edit_after_reading_makes_unread_and_waits_for_an_answer(
    desk: Desk, anna: Customer
) -> None:
    said = read_and_answered(desk, anna, "Two chairs, please")
    anna.edits(said, "No chairs at all, please")
    conversation = desk.only_conversation()
    assert conversation.unread_count == 1
    assert conversation.waiting_since is not None


def test_an_edit_that_changes_nothing_makes_nothing_unread(desk: Desk, anna: Customer) -> None:
    said = read_and_answered(desk, anna, "Two chairs, please")
    anna.edits(said, "Two chairs, please")
    assert desk.only_conversation().unread_count == 0


def test_a_picture_that_replaces_another_is_kept_beside_it(desk: Desk, anna: Customer) -> None:
    said = anna.says("My desk", attachments=(Attachment(Medium.IMAGE, source="desk-1"),))
    received = anna.edits(said, "My desk", attachments=(Attachment(Medium.IMAGE, source="desk-2"),))
    found = desk.message(said.id)
    assert received.fetches_media
    assert (len(found.attachments), found.text, found.edits) == (2, "My desk", [])
    assert found.edited_at is not None


def test_the_same_picture_under_another_name_is_not_added(desk: Desk, anna: Customer) -> None:
    first = Attachment(Medium.IMAGE, source="desk-1", size=4711)
    said = anna.says("My desk", attachments=(first,))
    anna.edits(said, "My old desk", attachments=(replace(first, source="desk-1-again"),))
    assert len(desk.message(said.id).attachments) == 1


def test_a_reaction_after_reading_makes_unread(desk: Desk, anna: Customer) -> None:
    said = read_and_answered(desk, anna, "Two chairs, please")
    anna.reacts(said, "😢")
    conversation = desk.only_conversation()
    assert (conversation.unread_count, conversation.waiting_since) == (1, None)


def test_a_reaction_to_the_question_of_a_pending_conversation_is_an_answer(
    desk: Desk, anna: Customer, quick: None
) -> None:
    anna.says("When can you come?")
    ours = desk.replies(desk.only_conversation().id, "Tomorrow at nine?")
    desk.delivers()
    desk.waits_until(ours, "sent")
    desk.changes(ours.conversation_id, status="pending")
    anna.reacts(desk.message(ours.id), "👌")
    conversation = desk.only_conversation()
    assert (conversation.status, conversation.unread_count) == ("open", 1)
    assert conversation.waiting_since is not None


def test_a_reaction_leaves_a_resolved_conversation_resolved(desk: Desk, anna: Customer) -> None:
    said = read_and_answered(desk, anna, "Thank you")
    desk.changes(said.conversation_id, status="resolved")
    anna.reacts(said, "🙏")
    conversation = desk.only_conversation()
    assert (conversation.status, conversation.unread_count) == ("resolved", 0)


def test_a_message_that_was_taken_back_is_marked_and_stays(desk: Desk, anna: Customer) -> None:
    said = anna.says("My number is 4711")
    anna.brings(anna.event("unsent", external_id=said.external_id))
    found = desk.message(said.id)
    assert (found.text, found.extra["unsent"]) == ("My number is 4711", "yes")


# -- keywords and empty messages -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["help", "started"])
def test_a_keyword_as_the_first_word_opens_a_conversation_that_waits(
    desk: Desk, anna: Customer, name: str
) -> None:
    anna.brings(anna.event(name, text="Info please"))
    conversation = desk.only_conversation()
    assert [message.text for message in desk.thread(conversation.id)] == ["Info please"]
    assert (conversation.unread_count, conversation.waiting_since is None) == (1, False)


def test_a_cry_for_help_opens_a_resolved_conversation_again(desk: Desk, anna: Customer) -> None:
    said = read_and_answered(desk, anna, "My parcel?")
    desk.changes(said.conversation_id, status="resolved")
    anna.brings(anna.event("help", text="HELP"))
    conversation = desk.only_conversation()
    assert (conversation.status, conversation.waiting_since is None) == ("open", False)


def test_a_later_start_is_an_event(desk: Desk, anna: Customer) -> None:
    said = read_and_answered(desk, anna, "My parcel?")
    anna.stops()
    anna.starts(text="START")
    assert len(desk.thread(said.conversation_id)) == 2
    assert desk.only_conversation().unread_count == 0


@pytest.mark.parametrize(
    "text", ["", "\u2063\u200b", " \u00a0\n", "\u2800\u3164", "\u202e\ufeff", "\u0301"], ids=ascii
)
def test_a_message_without_anything_to_see_says_so(desk: Desk, anna: Customer, text: str) -> None:
    assert anna.says(text).text == NOTHING_IN_IT


@pytest.mark.parametrize("text", ["🙂", "\u200f؟", ".", "é\u200b"], ids=ascii)
def test_a_text_with_one_visible_sign_stays_as_it_is(desk: Desk, anna: Customer, text: str) -> None:
    assert anna.says(text).text == text
