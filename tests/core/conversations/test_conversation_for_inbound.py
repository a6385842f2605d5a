"""Which conversation a message belongs to, and what it does to it."""

from __future__ import annotations

import pytest

from hub.contacts import contact_addresses
from hub.schema.tokens import ReplyToken, make_reply_token
from hub.store.models import (
    conversations,
)
from tests.core.desk import SECRET, Customer, Desk
from tests.core.toys import a_moment_ago

# -- open and open again ---------------------------------------------------------------------------


def test_a_new_conversation_is_open_and_waits_for_an_answer(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    conversation = desk.only_conversation()
    assert (conversation.status, conversation.unread_count) == ("open", 1)
    assert conversation.waiting_since == said.received_at
    assert conversation.connectors == ["toy"]


def test_it_waits_since_the_first_message_that_was_not_answered(desk: Desk, anna: Customer) -> None:
    first = anna.says("Hello")
    anna.says("Anybody there?")
    assert desk.only_conversation().waiting_since == first.received_at


@pytest.mark.parametrize("status", ["pending", "snoozed"])
def test_a_message_opens_a_pending_or_snoozed_conversation(
    desk: Desk, anna: Customer, status: str
) -> None:
    anna.says("Hello")
    until = a_moment_ago(days=-1) if status == "snoozed" else None
    desk.changes(desk.only_conversation().id, status=status, snoozed_until=until)
    anna.says("And another thing")
    conversation = desk.only_conversation()
    assert (conversation.status, conversation.snoozed_until) == ("open", None)


def test_writing_again_within_a_day_opens_the_same_conversation(desk: Desk, anna: Customer) -> None:
    anna.says("Hello")
    desk.changes(desk.only_conversation().id, status="resolved")
    anna.says("Thanks, one more question")
    conversation = desk.only_conversation()
    assert (conversation.status, conversation.unread_count) == ("open", 1)


def test_writing_again_after_a_day_is_a_new_conversation(desk: Desk, anna: Customer) -> None:
    anna.says("Hello")
    old = desk.only_conversation()
    desk.changes(old.id, status="resolved")
    desk.sets_conversation(old.id, resolved_at=a_moment_ago(hours=25))
    anna.says("Something else")
    assert [one.status for one in desk.conversations()] == ["open", "resolved"]
    assert [one.text for one in desk.timeline(anna.id)] == ["Hello", "Something else"]


def test_an_answer_to_an_old_message_opens_its_conversation_again(
    desk: Desk, anna: Customer
) -> None:
    said = anna.says("Hello")
    old = desk.only_conversation()
    desk.changes(old.id, status="resolved")
    desk.sets_conversation(old.id, resolved_at=a_moment_ago(days=30))
    answer = anna.says("About that", reply_to=said.external_id)
    assert (answer.conversation_id, answer.reply_to) == (old.id, said.id)
    assert desk.only_conversation().status == "open"


def test_an_answer_is_found_by_any_of_its_references(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    desk.changes(said.conversation_id, status="resolved")
    desk.sets_conversation(said.conversation_id, resolved_at=a_moment_ago(days=30))
    answer = anna.says("About that", references=("unknown", said.external_id or ""))
    assert answer.conversation_id == said.conversation_id


def test_an_id_of_another_contacts_message_leads_nowhere(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    said = anna.says("Hello")
    answer = boris.says("I am in on this", reply_to=said.external_id)
    assert answer.conversation_id != said.conversation_id
    assert answer.reply_to is None


def test_a_reply_after_an_undone_merge_does_not_land_with_the_other_contact(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    annas = anna.says("Hello")
    boris.says("Hi")
    desk.changes(desk.conversations()[0].id, status="resolved")
    link = desk.links_up(anna, boris)
    together = boris.says("we are one now")
    assert together.conversation_id == annas.conversation_id
    desk.unlinks(link)
    alone = boris.says("not any more", reply_to=together.external_id)
    assert alone.conversation_id != annas.conversation_id


# -- reply tokens ----------------------------------------------------------------------------------


def token_for(desk: Desk, conversation_id: str, customer: Customer, secret: bytes = SECRET) -> str:
    with desk.store.read() as connection:
        person = contact_addresses.find_contact_address(connection, customer.address)
    assert person is not None
    return make_reply_token(secret, ReplyToken(int(conversation_id), person.address_id))


def long_ago(desk: Desk, conversation_id: str) -> None:
    desk.changes(conversation_id, status="resolved")
    desk.sets_conversation(conversation_id, resolved_at=a_moment_ago(days=30))


def test_a_reply_token_brings_a_mail_back_into_its_conversation(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    long_ago(desk, said.conversation_id)
    answer = anna.says("Re", reply_token=token_for(desk, said.conversation_id, anna))
    assert answer.conversation_id == said.conversation_id


def test_a_mail_with_a_reply_token_names_the_message_that_it_answers(
    desk: Desk, anna: Customer
) -> None:
    first = anna.says("Hello")
    anna.says("Hello again")
    token = token_for(desk, first.conversation_id, anna)
    answer = anna.says("Re", reply_token=token, reply_to=first.external_id)
    assert answer.reply_to == first.id


def test_a_reply_token_from_another_address_leads_nowhere(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    said = anna.says("Hello")
    answer = boris.says("Let me in", reply_token=token_for(desk, said.conversation_id, anna))
    assert answer.conversation_id != said.conversation_id


def test_a_forged_reply_token_is_ignored(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    long_ago(desk, said.conversation_id)
    good = token_for(desk, said.conversation_id, anna)
    forged = token_for(desk, said.conversation_id, anna, b"somebody else's secret")
    flipped = ("b" if good[0] == "a" else "a") + good[1:]
    for number, token in enumerate((forged, flipped, good[:-1], good + "a", "", "ä", "=")):
        answer = anna.says("Re", reply_token=token)
        assert answer.conversation_id != said.conversation_id, (number, token)


# -- automatic mail --------------------------------------------------------------------------------


def test_an_auto_reply_joins_its_conversation_as_an_event(desk: Desk, anna: Customer) -> None:
    anna.says("Hello")
    before = desk.only_conversation()
    desk.changes(before.id, status="resolved")
    resolved = desk.only_conversation()
    anna.brings(anna.message("I am on holiday", automatic=True, subject="Away"))
    after = desk.only_conversation()
    assert (after.status, after.unread_count) == ("resolved", 0)
    assert after.waiting_since is None
    assert after.last_message == resolved.last_message
    assert desk.events_in(before.id)[-1]["name"] == "message.automatic"


def test_an_auto_reply_from_a_new_address_opens_no_conversation(desk: Desk, anna: Customer) -> None:
    assert anna.brings(anna.message("I am on holiday", automatic=True)).message_id is None
    assert desk.count(conversations) == 0
