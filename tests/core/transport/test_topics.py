"""Answers go into the part of the chat that they are about."""

from __future__ import annotations

import pytest

from tests.core.desk import Customer, Desk
from tests.core.steps import same_person, says_hello
from tests.core.toys import ToyProvider, a_moment_ago

pytestmark = pytest.mark.usefixtures("quick")


def topics_of(desk: Desk, provider: ToyProvider) -> list[str]:
    """The topics of what was sent, once everything was."""
    desk.delivers()
    for message in desk.thread(desk.only_conversation().id):
        if message.delivery is not None:
            desk.waits_until(message, "sent")
    return [call.topic for call in provider.calls]


def test_an_answer_goes_into_the_topic_of_the_customers_last_message(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    anna.says("About my order", topic="31")
    conversation_id = anna.says("And about my bill", topic="32").conversation_id
    desk.replies(conversation_id, "It is paid|and sent")
    assert topics_of(desk, provider) == ["32", "32"]


def test_an_answer_to_a_message_goes_into_its_topic(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    first = anna.says("About my order", topic="31", external_id="e1")
    plain = anna.says("Hello?", external_id="e2")
    anna.says("And about my bill", topic="32", external_id="e3")
    desk.replies(first.conversation_id, "It is on its way", reply_to=int(first.id))
    desk.replies(first.conversation_id, "Hello", reply_to=int(plain.id))
    assert topics_of(desk, provider) == ["31", ""]


def test_a_message_outside_topics_brings_the_answers_back_into_the_chat(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    anna.says("About my order", topic="31")
    desk.replies(anna.says("Something else").conversation_id, "Yes?")
    assert topics_of(desk, provider) == [""]


def test_a_message_that_comes_late_changes_no_topic(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    anna.says("About my bill", topic="32", sent_at=a_moment_ago(seconds=5))
    late = anna.says("About my order", topic="31", sent_at=a_moment_ago(minutes=5))
    desk.replies(late.conversation_id, "Yes?")
    assert topics_of(desk, provider) == ["32"]


def test_the_topic_of_one_channel_means_nothing_on_another(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    anna.says("About my order", topic="31")
    elsewhere = desk.customer("anna-two", "askable")
    elsewhere.says("It is me")
    same_person(desk, anna, elsewhere)
    desk.replies(elsewhere.says("Hello?").conversation_id, "Hi")
    assert topics_of(desk, provider) == [""]


def test_a_start_in_a_topic_is_answered_there(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    conversation_id = says_hello(anna)
    anna.starts(topic="33")
    desk.replies(conversation_id, "Welcome back")
    assert topics_of(desk, provider) == ["33"]


def test_an_answer_that_went_otherwise_than_it_was_to_says_so_once(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    provider.notes = "Its topic is closed."
    desk.replies(anna.says("About my order", topic="31").conversation_id, "Part one|part two")
    topics_of(desk, provider)
    (event,) = [
        event
        for event in desk.events_in(desk.only_conversation().id)
        if event["name"] == "delivery.report"
    ]
    assert (event["text"], event["status"]) == ("Its topic is closed.", "sent")
