"""Where customers can be reached, and when they no longer want to be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.contacts import address_state, contact_addresses
from hub.errors import Conflict
from hub.store.models import (
    reaches,
)
from hub.types import (
    AddressMoved,
    Profile,
)
from tests.core.desk import Customer, Desk
from tests.core.toys import a_moment_ago

# -- stop and start --------------------------------------------------------------------------------


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


def test_the_start_keyword_opens_a_closed_address(desk: Desk, anna: Customer) -> None:
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


def test_stop_closes_the_address_for_one_connector_only(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    desk.receives(anna.message("Hello there too"), "other")
    anna.stops()
    assert desk.replies(said.conversation_id, "Hi", connector="other").delivery is not None


def test_stop_and_start_are_events_in_the_timeline(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    anna.stops()
    anna.starts()
    names = [one["name"] for one in desk.events_in(said.conversation_id)]
    assert names == ["contact.stopped", "contact.started"]


def test_a_start_from_an_open_address_adds_no_event(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    anna.starts()
    anna.stops()
    anna.starts()
    anna.starts()
    names = [one["name"] for one in desk.events_in(said.conversation_id)]
    assert names == ["contact.stopped", "contact.started"]
    assert desk.replies(said.conversation_id, "Welcome back").delivery is not None


# -- addresses -------------------------------------------------------------------------------------


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


def test_a_known_name_is_not_overwritten_by_a_profile(desk: Desk, anna: Customer) -> None:
    anna.says("Hello")
    anna.says("Hello again", profile=Profile(name="xX_anna_Xx"))
    assert anna.contact.name == "Anna Kask"


def test_the_state_of_an_address_is_kept_per_connector(desk: Desk, anna: Customer) -> None:
    anna.says("Hello")
    desk.receives(anna.message("There too"), "other")
    assert desk.count(reaches) == 2


def test_a_late_message_does_not_set_the_reply_window_back(desk: Desk, anna: Customer) -> None:
    newest = a_moment_ago(minutes=1)
    for at in (a_moment_ago(hours=2), newest, a_moment_ago(hours=20)):
        anna.says("Hello", sent_at=at)
    with desk.store.read() as connection:
        person = contact_addresses.find_contact_address(connection, anna.address)
        assert person is not None
        found = address_state.last_inbound_at(connection, person.address_id, "toy")
    assert found == newest
