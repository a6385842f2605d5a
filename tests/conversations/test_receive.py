"""What customers do, brought into their thread: once, in order, and nothing lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.conversations import handovers, reach
from hub.conversations.receive import keep_failed
from hub.conversations.storable import is_plain
from hub.conversations.tokens import ReplyToken, make_reply_token
from hub.errors import Conflict
from hub.store.models import (
    addresses,
    attachments,
    conversations,
    deliveries,
    journal,
    messages,
    reaches,
)
from hub.types import (
    AddressMoved,
    Attachment,
    ContactCard,
    Location,
    Medium,
    Profile,
    WebhookRequest,
)
from tests.conversations.desk import SECRET, Customer, Desk, at_once
from tests.conversations.toys import a_moment_ago

LONE_SURROGATE = "half \ud83d of it"


# -- once -----------------------------------------------------------------------------------------


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


def test_ten_messages_at_once_of_somebody_new_are_one_conversation(
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


# -- in order -------------------------------------------------------------------------------------


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


# -- open and open again --------------------------------------------------------------------------


def test_a_new_conversation_is_open_and_waits_for_us(desk: Desk, anna: Customer) -> None:
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
def test_a_message_brings_back_what_was_put_aside(desk: Desk, anna: Customer, status: str) -> None:
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


def test_an_answer_to_one_of_a_thread_counts_by_any_of_its_references(
    desk: Desk, anna: Customer
) -> None:
    said = anna.says("Hello")
    desk.changes(said.conversation_id, status="resolved")
    desk.sets_conversation(said.conversation_id, resolved_at=a_moment_ago(days=30))
    answer = anna.says("About that", references=("unknown", said.external_id or ""))
    assert answer.conversation_id == said.conversation_id


def test_an_id_that_belongs_to_somebody_else_leads_nowhere(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    said = anna.says("Hello")
    answer = boris.says("I am in on this", reply_to=said.external_id)
    assert answer.conversation_id != said.conversation_id
    assert answer.reply_to is None


def test_a_reply_after_a_merge_was_undone_does_not_land_with_the_other_person(
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


# -- edits and reactions --------------------------------------------------------------------------


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


def test_an_edit_of_what_never_came_is_a_message(desk: Desk, anna: Customer) -> None:
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


def test_what_was_edited_is_found_by_its_new_words_only(desk: Desk, anna: Customer) -> None:
    from hub.conversations import queries

    said = anna.says("a yellow umbrella")
    anna.edits(said, "a purple parasol")
    with desk.store.read() as connection:
        assert queries.find(connection, "parasol", 10, None).items
        assert not queries.find(connection, "umbrella", 10, None).items


def test_a_reaction_is_shown_and_can_be_taken_back(desk: Desk, anna: Customer) -> None:
    said = anna.says("Thanks")
    anna.reacts(said, "👍")
    assert [(one.emoji, one.by) for one in desk.message(said.id).reactions] == [("👍", "contact")]
    anna.reacts(said, "🎉")
    assert [one.emoji for one in desk.message(said.id).reactions] == ["🎉"]
    anna.reacts(said, "")
    assert desk.message(said.id).reactions == []
    assert len(desk.thread(said.conversation_id, events=True)) == 1


# -- automatic mail -------------------------------------------------------------------------------


def test_an_auto_reply_joins_its_thread_and_counts_for_nothing(desk: Desk, anna: Customer) -> None:
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


def test_an_auto_reply_of_a_stranger_opens_nothing(desk: Desk, anna: Customer) -> None:
    assert anna.brings(anna.message("I am on holiday", automatic=True)).message_id is None
    assert desk.count(conversations) == 0


def test_an_auto_reply_that_quotes_a_code_redeems_nothing(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    said = anna.says("Can I write you a mail?")
    code = invites(desk, said.conversation_id, "toy").code
    boris.says("Hello")
    boris.brings(boris.message(f"Away. You wrote: {code}", automatic=True))
    assert boris.contact != anna.contact


# -- echoes ---------------------------------------------------------------------------------------


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


def test_an_echo_of_what_was_written_elsewhere_is_shown_and_not_sent(
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


# -- stop and start -------------------------------------------------------------------------------


def test_stop_closes_the_address_until_they_say_start(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    anna.stops()
    with pytest.raises(Conflict):
        desk.replies(said.conversation_id, "One more thing")
    anna.says("I still have a question")
    with pytest.raises(Conflict):
        desk.replies(said.conversation_id, "One more thing")
    anna.starts()
    assert desk.replies(said.conversation_id, "Welcome back").delivery is not None


def test_the_keyword_of_a_channel_opens_it_again(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    anna.stops()
    anna.says("YES", extra={"keyword": "start"})
    assert desk.replies(said.conversation_id, "Welcome back").delivery is not None


def test_a_provider_that_says_stopped_too_does_not_weaken_an_opt_out(
    desk: Desk, anna: Customer
) -> None:
    said = anna.says("Hello")
    ours = desk.replies(said.conversation_id, "Hi")
    anna.stops()
    desk.reports("failed", message_id=ours.id, stopped=True, reason="They opted out.")
    anna.says("A question all the same")
    with pytest.raises(Conflict):
        desk.replies(said.conversation_id, "An answer")


def test_an_address_that_a_provider_closed_opens_when_they_write(
    desk: Desk, anna: Customer
) -> None:
    said = anna.says("Hello")
    ours = desk.replies(said.conversation_id, "Hi")
    desk.reports("failed", message_id=ours.id, stopped=True, reason="They blocked us.")
    with pytest.raises(Conflict):
        desk.replies(said.conversation_id, "Hello?")
    anna.says("I am back")
    assert desk.replies(said.conversation_id, "Welcome back").delivery is not None


def test_stopping_here_leaves_the_other_connector_open(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    desk.receives(anna.message("Hello there too"), "other")
    anna.stops()
    assert desk.replies(said.conversation_id, "Hi", connector="other").delivery is not None


def test_stop_and_start_stand_in_the_timeline(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    anna.stops()
    anna.starts()
    names = [one["name"] for one in desk.events_in(said.conversation_id)]
    assert names == ["contact.stopped", "contact.started"]


# -- addresses ------------------------------------------------------------------------------------


def test_a_chat_that_moved_goes_on_under_its_new_id(desk: Desk, anna: Customer) -> None:
    anna.says("Hello")
    new = replace(anna.address, path="-100200")
    anna.brings(AddressMoved(key="move", raw=b"", address=anna.address, new_address=new))
    moved = desk.customer("-100200")
    moved.says("Still me")
    assert desk.people() == 1
    assert len(desk.thread(desk.only_conversation().id)) == 2


def test_a_chat_that_moved_to_a_known_id_leaves_both(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    anna.says("Hello")
    boris.says("Hi")
    anna.brings(AddressMoved(key="move", raw=b"", address=anna.address, new_address=boris.address))
    assert (anna.contact.name, boris.contact.name) == ("Anna Kask", "Boris")


def test_a_name_that_came_later_is_kept_however_long(desk: Desk, anna: Customer) -> None:
    nameless = desk.customer("x")
    nameless.says("Hello")
    nameless.says("It is me", profile=Profile(name="N" * 300))
    assert nameless.contact.name == "N" * 200


def test_a_name_that_a_person_chose_is_not_overwritten(desk: Desk, anna: Customer) -> None:
    anna.says("Hello")
    anna.says("Hello again", profile=Profile(name="xX_anna_Xx"))
    assert anna.contact.name == "Anna Kask"


# -- unusual texts --------------------------------------------------------------------------------


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
    inlet = desk.connectors.inlet(desk.toy())
    desk.store.write(lambda tx: keep_failed(tx, inlet, "key\0\udc80", b"\0\xff", request, "x"))
    assert desk.count(journal, journal.c.status == "failed") == 1


# -- reply tokens ---------------------------------------------------------------------------------


def token_for(desk: Desk, conversation_id: str, customer: Customer, secret: bytes = SECRET) -> str:
    from hub.conversations import people

    with desk.store.read() as connection:
        person = people.find(connection, customer.address)
    assert person is not None
    return make_reply_token(secret, ReplyToken(int(conversation_id), person.address_id))


def long_ago(desk: Desk, conversation_id: str) -> None:
    desk.changes(conversation_id, status="resolved")
    desk.sets_conversation(conversation_id, resolved_at=a_moment_ago(days=30))


def test_a_reply_token_brings_a_mail_back_into_its_thread(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    long_ago(desk, said.conversation_id)
    answer = anna.says("Re", reply_token=token_for(desk, said.conversation_id, anna))
    assert answer.conversation_id == said.conversation_id


def test_a_mail_says_which_message_it_answers_also_with_a_token(desk: Desk, anna: Customer) -> None:
    first = anna.says("Hello")
    anna.says("Hello again")
    token = token_for(desk, first.conversation_id, anna)
    answer = anna.says("Re", reply_token=token, reply_to=first.external_id)
    assert answer.reply_to == first.id


def test_a_reply_token_in_other_hands_opens_no_door(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    said = anna.says("Hello")
    answer = boris.says("Let me in", reply_token=token_for(desk, said.conversation_id, anna))
    assert answer.conversation_id != said.conversation_id


def test_a_forged_reply_token_is_nothing(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    long_ago(desk, said.conversation_id)
    good = token_for(desk, said.conversation_id, anna)
    forged = token_for(desk, said.conversation_id, anna, b"somebody else's secret")
    flipped = ("b" if good[0] == "a" else "a") + good[1:]
    for number, token in enumerate((forged, flipped, good[:-1], good + "a", "", "ä", "=")):
        answer = anna.says("Re", reply_token=token)
        assert answer.conversation_id != said.conversation_id, (number, token)


# -- handovers ------------------------------------------------------------------------------------


def invites(desk: Desk, conversation_id: str, connector: str) -> handovers.Invitation:
    return desk.store.write(
        lambda tx: handovers.invite(tx, int(conversation_id), connector, "Kadri")
    )


def test_a_handover_token_makes_one_person_of_two_addresses(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    token = invites(desk, said.conversation_id, "other").token
    there = desk.customer("tg-anna", "other")
    there.starts(handover_token=token)
    assert there.contact == anna.contact
    answer = there.says("Here I am")
    assert answer.conversation_id == said.conversation_id
    assert "contact.linked" in desk.names()


def test_a_code_in_the_text_does_the_same_in_any_case(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    code = invites(desk, said.conversation_id, "other").code
    there = desk.customer("tg-anna", "other")
    answer = there.says(f"my code is {code.lower()}, thanks")
    assert there.contact == anna.contact
    assert answer.conversation_id == said.conversation_id


def test_a_word_that_looks_like_a_code_does_not_hide_the_code(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    code = invites(desk, said.conversation_id, "other").code
    there = desk.customer("tg-anna", "other")
    there.says(f"about the jacket ABCD2345, code {code}")
    assert there.contact == anna.contact


def test_a_handover_is_good_once(desk: Desk, anna: Customer, boris: Customer) -> None:
    said = anna.says("Hello")
    made = invites(desk, said.conversation_id, "toy")
    first, second = desk.customer("first"), desk.customer("second")
    first.says(made.code)
    second.says(made.code)
    second.starts(handover_token=made.token)
    assert first.contact == anna.contact
    assert second.contact != anna.contact


def test_two_who_bring_one_token_at_once_are_not_both_let_in(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    token = invites(desk, said.conversation_id, "toy").token
    others = [desk.customer(f"somebody {n}") for n in range(4)]
    at_once(*[lambda one=one: one.starts(handover_token=token) for one in others])  # type: ignore[misc]
    assert [one.contact == anna.contact for one in others].count(True) == 1


def test_a_handover_for_another_connector_is_not_good_here(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    token = invites(desk, said.conversation_id, "other").token
    here = desk.customer("here", "toy")
    here.starts(handover_token=token)
    assert here.contact != anna.contact


def test_a_handover_runs_out(desk: Desk, anna: Customer) -> None:
    from sqlalchemy import update

    from hub.store.models import handovers as table

    said = anna.says("Hello")
    token = invites(desk, said.conversation_id, "toy").token
    desk.store.write(lambda tx: tx.execute(update(table).values(expires_at=tx.now)).rowcount)
    late = desk.customer("late")
    late.starts(handover_token=token)
    assert late.contact != anna.contact


def test_a_code_from_an_address_that_anybody_could_have_written_links_nobody(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    """A forged sender with the forger's own code must not become one person with them."""
    said = anna.says("Hello")
    code = invites(desk, said.conversation_id, "toy").code
    boris.says("Hello")
    boris.brings(boris.message(f"code {code}", authenticated=False))
    assert boris.contact != anna.contact


def test_who_came_by_handover_stays_with_whom_they_came_to(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    """A link that was undone later takes only its own two apart."""
    anna.says("Hello")
    said = boris.says("Hi")
    link = desk.links_up(anna, boris)
    there = desk.customer("boris elsewhere", "other")
    there.starts(handover_token=invites(desk, said.conversation_id, "other").token)
    assert there.contact.id == anna.contact.id
    desk.unlinks(link)
    assert there.contact.id == boris.contact.id != anna.contact.id


def test_only_digests_of_tokens_and_codes_are_kept(desk: Desk, anna: Customer) -> None:
    from sqlalchemy import select

    from hub.store.models import handovers as table

    made = invites(desk, anna.says("Hello").conversation_id, "toy")
    with desk.store.read() as connection:
        row = connection.execute(select(table)).one()
    assert made.token not in map(str, row) and made.code not in map(str, row)


def test_reaching_out_is_remembered_per_connector(desk: Desk, anna: Customer) -> None:
    anna.says("Hello")
    desk.receives(anna.message("There too"), "other")
    assert desk.count(reaches) == 2


def test_a_late_message_does_not_set_the_reply_window_back(desk: Desk, anna: Customer) -> None:
    from hub.conversations import people

    newest = a_moment_ago(minutes=1)
    for at in (a_moment_ago(hours=2), newest, a_moment_ago(hours=20)):
        anna.says("Hello", sent_at=at)
    with desk.store.read() as connection:
        person = people.find(connection, anna.address)
        assert person is not None
        found = reach.last_inbound_at(connection, person.address_id, "toy")
    assert found == newest


def test_only_bodies_that_can_hide_nothing_are_taken_as_they_are() -> None:
    assert is_plain(b'{"text": "hi"}')
    assert is_plain(b"Body=caf%C3%A9+hi&To=%2B1")
    assert not is_plain(b'{"text": "a\\u0000b"}')
    assert not is_plain(b"Body=a%00b&To=%2B1")
    assert not is_plain(b"From: a@example.org\r\n\r\nhi & bye")
    assert not is_plain(b"YWJjAGRlZg==")
