"""What an agent says, and where it goes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import insert

from hub.contacts import contact_addresses
from hub.errors import Conflict, Invalid, NotFound
from hub.outbound import send
from hub.outbound.send import Draft
from hub.schema import resources
from hub.schema.author import Author
from hub.store.models import attachments, conversations, deliveries, messages
from hub.types import Address, Profile
from tests.core.desk import Customer, Desk, at_once


def upload(desk: Desk, uploader: str = "agent:1") -> int:
    def write(tx: Any) -> int:
        found = tx.execute(
            insert(attachments)
            .values(
                uploader=uploader,
                medium="file",
                name="a.txt",
                media_type="text/plain",
                content_id="",
                source="",
                key="k",
                state="stored",
                attempts=0,
                reason="",
                created_at=tx.now,
            )
            .returning(attachments.c.id)
        ).scalar_one()
        return int(found)

    return desk.store.write(write)


# -- where it goes --------------------------------------------------------------------------------


def test_a_reply_goes_to_where_the_customer_wrote_last(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    desk.receives(anna.message("on the other one"), "other")
    ours = desk.replies(said.conversation_id, "Hi")
    assert (ours.connector, ours.address) == ("other", "toy:anna")
    assert ours.delivery is not None
    assert ours.delivery.status == "queued"


def test_of_two_numbers_on_one_connector_the_one_that_wrote_is_answered(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    anna.says("From my phone")
    boris.says("From my other phone")
    desk.links_up(anna, boris)
    last = anna.says("From my phone again")
    plain = desk.replies(last.conversation_id, "Hi")
    named = desk.replies(last.conversation_id, "Hi", connector="toy")
    assert (plain.address, named.address) == ("toy:anna", "toy:anna")
    other = boris.says("And here again")
    assert desk.replies(other.conversation_id, "Hi", connector="toy").address == "toy:boris"


def test_a_reply_to_a_message_goes_to_the_address_of_that_message(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    first = anna.says("Hello")
    boris.says("Hello from my other phone")
    desk.links_up(anna, boris)
    desk.receives(anna.message("and a third way"), "other")
    ours = desk.replies(first.conversation_id, "Hi", reply_to=int(first.id))
    assert (ours.connector, ours.address, ours.reply_to) == ("toy", "toy:anna", first.id)


def test_merging_never_changes_where_a_reply_goes(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    said = anna.says("Hello")
    boris.says("Hi")
    desk.links_up(boris, anna)
    assert desk.replies(said.conversation_id, "Hello Anna").address == "toy:anna"


def test_an_agent_may_choose_another_channel(desk: Desk, anna: Customer) -> None:
    desk.receives(anna.message("there"), "other")
    said = anna.says("here")
    assert desk.replies(said.conversation_id, "Hi", connector="other").connector == "other"


def test_a_channel_that_the_customer_never_used_is_refused(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    with pytest.raises(Conflict):
        desk.replies(said.conversation_id, "Hi", connector="other")


def test_a_connector_that_is_not_there_is_refused(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    with pytest.raises(Invalid) as refused:
        desk.replies(said.conversation_id, "Hi", connector="nope")
    assert refused.value.field == "connector"


def test_a_reply_to_a_message_of_another_conversation_is_refused(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    annas, boriss = anna.says("Hello"), boris.says("Hi")
    with pytest.raises(Invalid) as refused:
        desk.replies(annas.conversation_id, "Hi", reply_to=int(boriss.id))
    assert refused.value.field == "reply_to"


# -- what it changes ------------------------------------------------------------------------------


def test_answering_ends_the_waiting_and_takes_the_conversation(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    desk.replies(said.conversation_id, "Hi")
    found = desk.only_conversation()
    assert (found.waiting_since, found.unread_count) == (None, 0)
    assert found.assignee is not None
    assert found.assignee.name == "Kadri"


def test_answering_does_not_take_the_conversation_from_another_agent(
    desk: Desk, anna: Customer
) -> None:
    said = anna.says("Hello")
    mari = desk.hires("Mari")
    desk.changes(said.conversation_id, assignee_id=mari.id)
    desk.replies(said.conversation_id, "Hi")
    found = desk.only_conversation()
    assert found.assignee is not None
    assert found.assignee.name == "Mari"


def test_answering_opens_a_resolved_conversation(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    desk.changes(said.conversation_id, status="resolved")
    desk.replies(said.conversation_id, "One more thing")
    assert desk.only_conversation().status == "open"


def test_a_note_stays_inside(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    note = desk.replies(said.conversation_id, "VIP, be nice", type="note")
    assert (note.type, note.delivery, note.address) == ("note", None, None)
    assert desk.count(deliveries) == 0
    assert desk.only_conversation().waiting_since == said.received_at
    assert desk.events[-1].address is None


def test_the_author_gets_the_same_event_as_every_agent(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    ours = desk.replies(said.conversation_id, "Hi")
    event = desk.events[-1]
    assert event.payload.message == ours == desk.message(ours.id)  # type: ignore[union-attr]
    assert event.payload.conversation == desk.only_conversation()  # type: ignore[union-attr]
    assert event.address == anna.address


def test_files_go_with_the_message_once(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    file = upload(desk)
    ours = desk.replies(said.conversation_id, "", attachment_ids=(file,))
    assert [one.id for one in ours.attachments] == [str(file)]
    with pytest.raises(Invalid):
        desk.replies(said.conversation_id, "", attachment_ids=(file,))


def test_a_visitors_upload_is_not_the_agents_to_send(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    with pytest.raises(Invalid):
        desk.replies(said.conversation_id, "", attachment_ids=(upload(desk, "visitor:x"),))
    assert desk.count(messages) == 1


# -- once -----------------------------------------------------------------------------------------


def test_the_same_client_id_again_is_the_first_message(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    first = desk.sends(said.conversation_id, "Hi", client_id="c1")
    again = desk.sends(said.conversation_id, "Hi", client_id="c1")
    assert (first.is_new, again.is_new) == (True, False)
    assert again.message.id == first.message.id
    assert desk.count(deliveries) == 1


def test_the_same_client_id_ten_times_at_once_is_one_message(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    sent = at_once(*[lambda: desk.sends(said.conversation_id, "Hi", client_id="c1")] * 10)
    assert sum(one.is_new for one in sent) == 1
    assert len({one.message.id for one in sent}) == 1
    assert desk.count(deliveries) == 1


def test_a_client_id_holds_for_every_channel_of_a_person(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    said = anna.says("Hello")
    boris.says("Hi")
    desk.links_up(anna, boris)
    first = desk.sends(said.conversation_id, "Hi", client_id="c1")
    desk.receives(boris.message("there"), "other")
    again = desk.sends(said.conversation_id, "Hi", client_id="c1", connector="other")
    assert again.message.id == first.message.id


def test_a_customers_client_id_is_not_an_agents(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello", client_id="c1")
    assert desk.sends(said.conversation_id, "Hi", client_id="c1").is_new


# -- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (Draft(""), "text"),
        (Draft(" \n "), "text"),
        (Draft("a" * 100_001), "text"),
        (Draft("Hi", type="event"), "type"),
        (Draft("Hi", client_id=""), "client_id"),
        (Draft("Hi", client_id="c" * 201), "client_id"),
        (Draft("Hi", attachment_ids=(4711,)), "attachments"),
        (Draft("Hi", reply_to=4711), "reply_to"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_draft_that_cannot_be_names_its_field(
    desk: Desk, anna: Customer, draft: Draft, field: str
) -> None:
    said = anna.says("Hello")
    channels = desk.connectors.outbound_channels()
    with pytest.raises(Invalid) as refused:
        desk.store.write(
            lambda tx: send.send_message(tx, int(said.conversation_id), draft, desk.agent, channels)
        )
    assert refused.value.field == field
    assert desk.count(messages) == 1


def test_a_conversation_that_is_not_there_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.replies(4711, "Hi")


@pytest.mark.parametrize("text", ["a\0b", "half \ud83d of it"], ids=ascii)
def test_nothing_in_a_text_breaks_the_sending(desk: Desk, anna: Customer, text: str) -> None:
    said = anna.says("Hello")
    ours = desk.replies(said.conversation_id, text, client_id=text)
    assert "\0" not in desk.message(ours.id).text
    assert desk.sends(said.conversation_id, text, client_id=text).is_new is False


# -- writing first --------------------------------------------------------------------------------


def starts(desk: Desk, path: str, connector: str, text: str = "Good news") -> resources.Message:
    channel = desk.connectors.outbound_channels()[connector]

    def write(tx: Any) -> send.SendResult:
        address = Address(channel.scheme, path, channel.scope)
        person = contact_addresses.find_or_create_contact_address(
            tx, address, Profile(), evidence="asserted"
        )
        return send.send_first_message(tx, person, channel, Draft(text, client_id="s1"), desk.agent)

    return desk.store.write(write).message


def test_a_channel_that_lets_us_may_be_used_to_write_first(desk: Desk) -> None:
    started = starts(desk, "newcomer", "askable")
    assert started.delivery is not None
    assert desk.only_conversation().contact.id == started.contact_id


def test_writing_first_on_a_channel_that_forbids_it_is_refused_and_makes_no_contact(
    desk: Desk,
) -> None:
    with pytest.raises(Conflict):
        starts(desk, "newcomer", "toy")
    assert (desk.people(), desk.count(conversations)) == (0, 0)


def test_writing_first_to_a_contact_with_an_open_conversation_joins_it(
    desk: Desk, anna: Customer
) -> None:
    said = anna.says("Hello")
    assert starts(desk, "anna", "toy").conversation_id == said.conversation_id


def test_starting_twice_with_one_client_id_starts_once(desk: Desk) -> None:
    first = starts(desk, "newcomer", "askable")
    assert starts(desk, "newcomer", "askable").id == first.id
    assert desk.count(conversations) == 1


def test_writing_first_to_a_contact_who_said_stop_is_refused(desk: Desk, anna: Customer) -> None:
    anna.says("Hello")
    anna.stops()
    with pytest.raises(Conflict):
        starts(desk, "anna", "toy")


# -- again ----------------------------------------------------------------------------------------


def retry(desk: Desk, message: resources.Message) -> resources.Message:
    return desk.store.write(lambda tx: send.retry_message(tx, int(message.id)))


def test_only_a_failed_message_can_be_sent_again(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    ours = desk.replies(said.conversation_id, "Hi")
    with pytest.raises(Conflict):
        retry(desk, ours)
    desk.sets_delivery(ours, status="failed", code="rejected", attempts=3)
    again = retry(desk, ours)
    assert again.delivery is not None
    assert (again.delivery.status, again.delivery.code) == ("queued", "")
    assert desk.events[-1].name == "message.updated"


def test_a_message_that_does_not_exist_cannot_be_sent_again(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.store.write(lambda tx: send.retry_message(tx, 4711))


def test_no_message_is_sent_again_to_a_contact_who_said_stop(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    ours = desk.replies(said.conversation_id, "Hi")
    desk.sets_delivery(ours, status="failed")
    anna.stops()
    with pytest.raises(Conflict):
        retry(desk, ours)
    assert desk.delivery(ours).status == "failed"


def test_a_service_account_writes_under_its_own_name(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    desk.agent = replace(desk.agent, id=None, name="Shop robot")
    assert desk.agent == Author("agent", None, "Shop robot")
    ours = desk.replies(said.conversation_id, "Your parcel left")
    assert (ours.author.type, ours.author.name) == ("agent", "Shop robot")
    assert desk.only_conversation().assignee is None
