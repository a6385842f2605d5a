"""A customer continues on another channel: the events, the context card, and answers after that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from hub.handover import creation
from hub.identity import links
from hub.schema.events import ConversationUpdated
from hub.schema.resources import Given, Place
from hub.store.models import channel_switches, deliveries
from hub.switches import context_rules
from hub.switches.context_rules import CardMessage
from tests.core.desk import Customer, Desk

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HERE = Place(connector="website", kind="webchat", address="webchat:v1")
THERE = Place(connector="sms", kind="sms", address="tel:+37255512345")


@pytest.fixture
def there(desk: Desk) -> Customer:
    return desk.customer("there", "other")


def goes_on(desk: Desk, conversation_id: str, there: Customer, **fields: Any) -> None:
    made = desk.store.write(
        lambda tx: creation.create_handover(tx, int(conversation_id), there.connector, "Kadri")
    )
    there.starts(handover_token=made.token, **fields)


def recorded_switches(desk: Desk) -> list[Any]:
    """The switches as the reports count them, also those that no event in the timeline says."""
    with desk.store.read() as connection:
        return list(connection.execute(select(channel_switches).order_by(channel_switches.c.id)))


def switches(desk: Desk, conversation_id: str) -> list[dict[str, Any]]:
    events = desk.events_in(conversation_id)
    return [one for one in events if one["name"] == "channel.switched"]


# -- noticing --------------------------------------------------------------------------------------


def test_a_handover_is_a_switch(desk: Desk, anna: Customer, there: Customer) -> None:
    said = anna.says("Hello")
    goes_on(desk, said.conversation_id, there)
    (switch,) = switches(desk, said.conversation_id)
    assert switch["from"] == {"connector": "toy", "kind": "toy", "address": "toy:anna"}
    assert switch["to"] == {"connector": "other", "kind": "toy", "address": str(there.address)}
    assert (switch["recognised_by"], switch["seconds"]) == ("handover", 0.0)


def test_the_next_message_on_the_new_channel_is_no_second_switch(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    said = anna.says("Hello")
    goes_on(desk, said.conversation_id, there)
    there.says("Here I am")
    there.says("Still here")
    assert len(switches(desk, said.conversation_id)) == 1


def test_going_back_is_a_switch_again(desk: Desk, anna: Customer, there: Customer) -> None:
    said = anna.says("Hello")
    goes_on(desk, said.conversation_id, there)
    there.says("Here I am")
    anna.says("And back")
    told = switches(desk, said.conversation_id)
    assert [one["to"]["connector"] for one in told] == ["other", "toy"]
    assert told[1]["recognised_by"] == "handover"


def test_writing_on_one_channel_is_no_switch(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    anna.says("Are you there?")
    assert switches(desk, said.conversation_id) == []


def test_a_new_conversation_begins_without_a_switch(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    said = anna.says("Hello")
    goes_on(desk, said.conversation_id, there)
    desk.changes(said.conversation_id, status="resolved")
    long_ago = datetime.now(UTC) - timedelta(days=3)
    desk.sets_conversation(said.conversation_id, resolved_at=long_ago)
    new = anna.says("Something else")
    assert new.conversation_id != said.conversation_id
    assert switches(desk, new.conversation_id) == []


def test_the_same_address_by_another_connector_is_the_same_person(
    desk: Desk, anna: Customer
) -> None:
    said = anna.says("Hello")
    desk.receives(anna.message("There too"), "other")
    (switch,) = switches(desk, said.conversation_id)
    assert switch["recognised_by"] == "same_person"


def test_an_automatic_answer_is_no_switch(desk: Desk, anna: Customer, there: Customer) -> None:
    said = anna.says("Hello")
    there.says("Hi")
    desk.links_up(anna, there)
    before = len(switches(desk, said.conversation_id))
    anna.says("I am here")
    there.brings(there.message("I am away", automatic=True))
    assert len(switches(desk, said.conversation_id)) == before + 1


def test_a_link_by_an_agent_reveals_the_switch_between_two_conversations(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    anna.says("Where is my order A-1001?")
    there.says("Hello, nobody answers on the site")
    desk.links_up(anna, there)
    found = desk.only_conversation()
    # The agent made them one person; the customer went nowhere at that moment.
    assert switches(desk, found.id) == []
    (switch,) = recorded_switches(desk)
    assert switch.to_connector == "other" and not switch.by_itself
    assert switch.recognised_by == "link" and switch.seconds > 0
    assert found.context_card is not None
    assert found.context_card.open_question == "Where is my order A-1001?"


def test_a_verified_identity_is_recognised_by_itself(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    anna.says("Hello")
    there.says("Hi")
    desk.store.write(
        lambda tx: links.link_contacts(
            tx,
            anna.record,
            there.record,
            evidence="verified",
            method="identity",
            reason="The site signed the same id for both.",
            by="site",
        )
    )
    with desk.store.read() as connection:
        row = connection.execute(select(channel_switches)).one()
    assert (row.recognised_by, row.by_itself) == ("identity", True)


def test_undoing_a_link_removes_the_card_about_the_other_person(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    anna.says("My order is A-1001")
    there.says("Hello?")
    link = desk.links_up(anna, there)
    assert desk.only_conversation().context_card is not None
    desk.unlinks(link)
    assert [one.context_card for one in desk.conversations()] == [None, None]


# -- where answers go ------------------------------------------------------------------------------


def test_an_answer_goes_to_the_channel_where_the_customer_is_now(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    said = anna.says("Hello")
    goes_on(desk, said.conversation_id, there)
    sent = desk.replies(said.conversation_id, "Welcome over")
    assert (sent.connector, sent.address) == ("other", str(there.address))


def test_an_answer_to_a_message_goes_to_the_address_of_that_message(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    said = anna.says("Hello")
    goes_on(desk, said.conversation_id, there)
    sent = desk.replies(said.conversation_id, "As you said", reply_to=int(said.id))
    assert sent.address == str(anna.address)


def test_after_an_undoing_no_answer_goes_to_the_other_persons_address(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    said = anna.says("Hello")
    goes_on(desk, said.conversation_id, there)
    with desk.store.read() as connection:
        (link,) = links.links_of_contact(connection, anna.record)
    desk.unlinks(link)
    assert desk.replies(said.conversation_id, "Hello Anna").address == str(anna.address)


# -- the card --------------------------------------------------------------------------------------


def test_the_card_stands_until_an_agent_answers(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    said = anna.says("Where is my order A-1001?")
    waiting = desk.conversation(said.conversation_id).waiting_since
    goes_on(desk, said.conversation_id, there)
    card = desk.conversation(said.conversation_id).context_card
    assert card is not None
    assert card.open_question == "Where is my order A-1001?"
    assert [(one.type, one.text) for one in card.given][-1] == ("order", "A-1001")
    assert card.waiting_since == waiting
    there.says("Hello?")
    assert desk.conversation(said.conversation_id).context_card == card
    desk.replies(said.conversation_id, "It left this morning")
    assert desk.conversation(said.conversation_id).context_card is None


def test_a_note_is_no_answer(desk: Desk, anna: Customer, there: Customer) -> None:
    said = anna.says("Where is it?")
    goes_on(desk, said.conversation_id, there)
    desk.replies(said.conversation_id, "Ask the warehouse", type="note")
    assert desk.conversation(said.conversation_id).context_card is not None


def test_agents_get_the_switch_as_an_event_with_the_card(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    said = anna.says("Where is it?")
    goes_on(desk, said.conversation_id, there)
    told = [e.payload for e in desk.events if isinstance(e.payload, ConversationUpdated)]
    assert told[-1].context_card == told[-1].conversation.context_card
    assert told[-1].context_card is not None
    assert told[-1].context_card.model_dump()["from"]["connector"] == "toy"


def test_a_message_that_arrives_after_the_answer_is_open_however_early_its_own_time(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    """A mail that was held back, or two messages within one second."""
    said = anna.says("Where is it?")
    desk.replies(said.conversation_id, "On its way")
    anna.says("And who pays?", sent_at=said.received_at - timedelta(minutes=20))
    goes_on(desk, said.conversation_id, there)
    shown = desk.conversation(said.conversation_id)
    assert shown.waiting_since is not None and shown.context_card is not None
    assert shown.context_card.open_question == "And who pays?"


def test_a_question_that_was_answered_is_not_open_again_after_a_late_message(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    said = anna.says("Where is it?")
    anna.says("Thank you", sent_at=said.received_at - timedelta(minutes=20))
    desk.replies(said.conversation_id, "On its way")
    goes_on(desk, said.conversation_id, there)
    card = desk.conversation(said.conversation_id).context_card
    assert card is not None and card.open_question == ""


def test_a_link_takes_the_channel_whose_message_arrived_last_for_the_new_one(
    desk: Desk, anna: Customer, there: Customer
) -> None:
    anna.says("Hello")
    said = there.says("Hi", sent_at=datetime.now(UTC) - timedelta(hours=1))
    desk.links_up(anna, there)
    (switch,) = recorded_switches(desk)
    assert switch.to_connector == said.connector
    assert switch.seconds < 60  # from its arrival: it could not be recognised before that


def test_a_code_alone_is_on_no_card(desk: Desk, anna: Customer, there: Customer) -> None:
    said = anna.says("Hello")
    code = desk.invites(said.conversation_id, "other").code
    there.says(code)
    desk.replies(said.conversation_id, "Welcome")
    anna.says("Back again")
    card = desk.conversation(said.conversation_id).context_card
    assert card is not None and code not in str(card)


# -- the welcome -----------------------------------------------------------------------------------


def welcomed(desk: Desk, conversation_id: str) -> list[tuple[str, str | None]]:
    said = desk.thread(conversation_id)
    return [(one.text, one.address) for one in said if one.author.type == "system"]


@pytest.fixture
def texts(desk: Desk) -> dict[str, str]:
    texts = {"en": "Nothing needs repeating.", "et": "Korrata pole vaja.", "fa": "تکرار لازم نیست"}
    desk.connectors.welcome = lambda: texts
    return texts


@pytest.mark.parametrize(
    ("locale", "language"), [("", "en"), ("et-EE", "et"), ("fa_IR", "fa"), ("de", "en")]
)
def test_a_customer_who_redeems_is_welcomed_once_in_their_language(
    desk: Desk,
    anna: Customer,
    there: Customer,
    texts: dict[str, str],
    locale: str,
    language: str,
) -> None:
    from hub.types import Profile

    said = anna.says("Hello")
    goes_on(desk, said.conversation_id, there, profile=Profile(locale=locale))
    there.says("Here I am")
    assert welcomed(desk, said.conversation_id) == [(texts[language], str(there.address))]
    shown = desk.conversation(said.conversation_id)
    assert shown.waiting_since is not None and shown.unread_count == 2


def test_a_customer_who_said_stop_is_not_welcomed(
    desk: Desk, anna: Customer, there: Customer, texts: dict[str, str]
) -> None:
    said = anna.says("Hello")
    there.stops()
    made = desk.store.write(
        lambda tx: creation.create_handover(tx, int(said.conversation_id), "other", "Kadri")
    )
    there.says(made.code)
    assert there.contact == anna.contact
    assert welcomed(desk, said.conversation_id) == []
    assert desk.count(deliveries) == 0


@pytest.mark.parametrize("is_typed", [False, True])
def test_a_customer_who_wrote_on_the_new_channel_before_is_welcomed_too(
    desk: Desk, anna: Customer, there: Customer, texts: dict[str, str], is_typed: bool
) -> None:
    first = there.says("Where is my order?")
    said = anna.says("Hello")
    made = desk.store.write(
        lambda tx: creation.create_handover(tx, int(said.conversation_id), "other", "Kadri")
    )
    if is_typed:
        there.says(made.code)
    else:
        there.starts(handover_token=made.token)
    assert welcomed(desk, first.conversation_id) == [(texts["en"], str(there.address))]


def test_a_customer_is_not_welcomed_on_the_channel_they_were_on(
    desk: Desk, anna: Customer, texts: dict[str, str]
) -> None:
    said = anna.says("Hello")
    goes_on(desk, said.conversation_id, desk.customer("another device"))
    assert welcomed(desk, said.conversation_id) == []


# -- cards, as values ------------------------------------------------------------------------------


def theirs(text: str, number: int = 1, *files: str) -> CardMessage:
    return CardMessage(number, text, is_inbound=True, file_names=files)


OURS = CardMessage(99, "We look into it.", is_inbound=False, is_answer=True)
AUTOMATIC = CardMessage(98, "We are back at nine.", is_inbound=False)


@pytest.mark.parametrize(
    ("said", "words", "question"),
    [
        ([], "", ""),
        ([theirs("Where is it?"), theirs("I am waiting.")], "", "Where is it?"),
        ([theirs("Where is it?"), OURS], "", ""),
        ([theirs("Where is it?"), OURS, theirs("Thank you.")], "", "Thank you."),
        ([theirs("Where is it?"), AUTOMATIC], "", "Where is it?"),
        ([theirs("What colour?"), theirs("And what size?")], "", "And what size?"),
        ([theirs("Where is it?"), OURS], "And when?", "And when?"),
        ([theirs("Where is it?")], "And when?", "Where is it?"),
        ([theirs("أين طلبي؟"), theirs("شكرا")], "", "أين طلبي؟"),
    ],
)
def test_the_open_question_is_the_last_unanswered_text_that_asks(
    said: list[CardMessage], words: str, question: str
) -> None:
    assert context_rules.open_question(said, words) == question


def test_of_a_long_text_the_card_shows_the_sentence_that_asks() -> None:
    letter = "I bought shoes. " * 60 + "When do they come? " + "Thank you. " * 20
    assert context_rules.open_question([theirs(letter)]) == "When do they come?"


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("Where is my order A-1001?", [("order", "A-1001")]),
        ("order number 20418, please", [("order", "20418")]),
        ("it is #4711", [("order", "4711")]),
        ("طلب رقم 12345", [("order", "12345")]),
        ("zamówienie nr 778-22", [("order", "778-22")]),
        ("write to ann@example.org", [("email", "ann@example.org")]),
        ("call +372 5559 9999", [("phone", "+372 5559 9999")]),
        ("on 2026-11-22 at 10:30, 25 pieces", []),
        ("my own number is +372 555 12345", []),
    ],
)
def test_details_are_found_in_a_text(text: str, given: list[tuple[str, str]]) -> None:
    card = context_rules.build_card(
        [theirs(text)], from_=HERE, to=THERE, switched_at=NOW, waiting_since=None
    )
    assert [(one.type, one.text) for one in card.given] == given


def test_files_and_form_details_are_on_the_card_once() -> None:
    said = [theirs("see the form", 7, "form.pdf"), theirs("ann@example.org", 8)]
    typed = [Given(type="email", text="ann@example.org")]
    card = context_rules.build_card(
        said, from_=HERE, to=THERE, switched_at=NOW, waiting_since=NOW, form_details=typed
    )
    assert [(one.type, one.text, one.message_id) for one in card.given] == [
        ("email", "ann@example.org", "8"),
        ("file", "form.pdf", "7"),
    ]


@given(st.lists(st.tuples(st.text(max_size=80), st.booleans(), st.booleans()), max_size=8))
def test_any_conversation_has_a_card(said: list[tuple[str, bool, bool]]) -> None:
    card = context_rules.build_card(
        [CardMessage(n, text, who, not who and bot) for n, (text, who, bot) in enumerate(said)],
        from_=HERE,
        to=THERE,
        switched_at=NOW,
        waiting_since=None,
    )
    assert len(card.open_question) <= context_rules.MAX_QUESTION
    assert len(card.given) <= context_rules.MAX_DETAILS
