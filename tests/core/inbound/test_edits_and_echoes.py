"""What was said is changed, reacted to, or comes back as our own."""

from __future__ import annotations

from hub.conversations import queries
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
        assert queries.search(connection, "parasol", 10, None).items
        assert not queries.search(connection, "umbrella", 10, None).items


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
