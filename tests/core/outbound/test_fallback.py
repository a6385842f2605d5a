"""How an answer finds the customer when its own channel cannot carry it: once, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import update

from hub.config.sections import Fallback
from hub.contacts import address_state, contact_addresses
from hub.errors import (
    AddressInvalid,
    ConnectionFailed,
    ContactStopped,
    RefusedTogether,
    Rejected,
    ResponseUnexpected,
    SendError,
    Throttled,
    Unsupported,
    WindowClosed,
)
from hub.identity import links
from hub.outbound import fallback, send
from hub.outbound.claims import ClaimedDelivery
from hub.outbound.send import Draft
from hub.schema import resources
from hub.schema.author import SYSTEM
from hub.store.models import addresses, deliveries, external_ids, reaches
from hub.transport.delivery import DeliveryWorker
from hub.types import DeliveryStatus
from tests.core.desk import SECRET, Customer, Desk, eventually
from tests.core.steps import claim_now, same_person
from tests.core.toys import ToyProvider, a_moment_ago

pytestmark = pytest.mark.usefixtures("quick")

RULES = Fallback(kinds=("letter", "window", "toy"))


@pytest.fixture
def desk(desk: Desk) -> Iterator[Desk]:
    desk.connectors = desk.open_connectors(
        {"toy": "toy", "other": "toy", "letters": "letter", "window": "window"}
    )
    yield desk


def sends_out(desk: Desk, rules: Fallback = RULES) -> DeliveryWorker:
    made = DeliveryWorker(
        desk.store, desk.connectors, desk.media, desk.links, SECRET, rules=lambda: rules
    )
    desk.deliverers.append(made)
    made.start(alone=True)
    return made


@pytest.fixture
def letters(desk: Desk) -> Customer:
    """Anna's letter box."""
    return desk.customer("anna-home", "letters")


@pytest.fixture
def both(desk: Desk, anna: Customer, letters: Customer) -> str:
    """Anna wrote by letter, then by toy. The id of the conversation."""
    anna.says("Hello")
    letters.says("Dear all")
    same_person(desk, anna, letters)
    anna.says("Is it back?")
    return desk.message(anna.says("Hello?").id).conversation_id


def events_of(desk: Desk, message: resources.Message) -> list[dict[str, Any]]:
    found = desk.events_in(message.conversation_id)
    return [one for one in found if one["name"] == "delivery.fallback"]


# -- which refusals lead elsewhere ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "goes_on"),
    [
        (WindowClosed("The window is closed."), True),
        (ContactStopped("They blocked us."), True),
        (AddressInvalid("Nobody is there."), True),
        (Unsupported("a picture"), True),
        (Rejected("Not this way."), True),
        (ResponseUnexpected("What?"), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_refusal_for_good_leads_to_the_next_address_where_it_is_about_the_channel(
    desk: Desk, both: str, provider: ToyProvider, error: SendError, goes_on: bool
) -> None:
    ours = desk.replies(both, "Yes, size 41")
    provider.refuses(error)
    sends_out(desk)
    found = desk.waits_until(ours, "sent", "failed")
    if not goes_on:
        assert (found.status, found.code, found.fallback_from) == ("failed", error.code, None)
        assert provider.calls == []
        return
    assert found.status == "sent"
    assert provider.texts_to("anna-home") == ["Yes, size 41"]
    assert found.fallback_from == resources.FallbackFrom(
        address="toy:anna", connector="toy", kind="toy", code=error.code, reason=error.message
    )


def test_a_message_that_took_another_route_shows_its_first_and_its_present_place(
    desk: Desk, both: str, provider: ToyProvider, letters: Customer
) -> None:
    ours = desk.replies(both, "Yes", client_id="c-1")
    provider.refuses(WindowClosed("The window is closed."))
    sends_out(desk)
    desk.waits_until(ours, "sent")
    now = desk.message(ours.id)
    assert (now.connector, now.kind, now.address) == ("letters", "letter", "letter:anna-home")
    assert (now.conversation_id, now.client_id, now.text) == (both, "c-1", "Yes")
    (event,) = events_of(desk, ours)
    assert event == {
        "name": "delivery.fallback",
        "message_id": ours.id,
        "from": {"connector": "toy", "kind": "toy", "address": "toy:anna"},
        "to": {"connector": "letters", "kind": "letter", "address": "letter:anna-home"},
        "code": "window_closed",
        "reason": "The window is closed.",
    }
    assert "letters" in desk.conversation(both).connectors
    told = [one.payload for one in desk.events if one.name == "message.updated"]
    assert any(one.message.connector == "letters" for one in told)
    assert desk.count(deliveries) == 1
    again = desk.sends(both, "Yes", client_id="c-1")
    assert (again.message.id, again.is_new) == (ours.id, False)


def test_answers_that_take_another_route_arrive_in_the_order_they_were_written(
    desk: Desk, letters: Customer, provider: ToyProvider
) -> None:
    window = desk.customer("anna-page", "window")
    letters.says("Dear all")
    said = window.says("Hi")
    same_person(desk, letters, window)
    sets_reach(desk, window, last_inbound_at=a_moment_ago(days=8))
    sent = [desk.replies(said.conversation_id, str(number)) for number in range(5)]
    sends_out(desk)
    eventually(lambda: provider.texts_to("anna-home") == list("01234"))
    assert [desk.waits_until(one, "sent").attempts for one in sent] == [1] * 5


def test_every_address_is_tried_once_and_the_failure_says_what_was_tried(
    desk: Desk, both: str, provider: ToyProvider, anna: Customer
) -> None:
    window = desk.customer("anna-page", "window")
    window.says("And here")
    same_person(desk, anna, window)
    ours = desk.replies(both, "Yes", connector="toy")
    provider.refuses(ContactStopped("They blocked the toy."))
    provider.refuses(AddressInvalid("Nobody lives there."))
    provider.refuses(Rejected("The page says no."))
    sends_out(desk)
    found = desk.waits_until(ours, "failed")
    assert [call.path for call in provider.tried] == ["anna", "anna-home", "anna-page"]
    assert found.code == "rejected"
    for part in ("The page says no.", "toy", "They blocked the toy.", "letters", "Nobody lives"):
        assert part in found.reason
    assert found.fallback_from is not None
    assert (found.fallback_from.connector, found.fallback_from.code) == ("toy", "contact_stopped")
    assert [one["to"]["connector"] for one in events_of(desk, ours)] == ["letters", "window"]


def test_without_another_address_the_message_fails(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    ours = desk.replies(anna.says("Hello").conversation_id, "Hi")
    provider.refuses(WindowClosed("The window is closed."))
    sends_out(desk)
    found = desk.waits_until(ours, "failed")
    assert (found.reason, found.fallback_from) == ("The window is closed.", None)
    assert events_of(desk, ours) == []


def test_with_fallback_turned_off_the_message_fails(
    desk: Desk, both: str, provider: ToyProvider
) -> None:
    ours = desk.replies(both, "Yes")
    provider.refuses(WindowClosed("The window is closed."))
    sends_out(desk, Fallback(enabled=False, kinds=RULES.kinds))
    found = desk.waits_until(ours, "failed")
    assert (found.code, found.fallback_from) == ("window_closed", None)


def test_after_a_day_without_its_channel_a_message_takes_another_route(
    desk: Desk, both: str, provider: ToyProvider
) -> None:
    ours = desk.replies(both, "Yes")
    desk.sets_delivery(ours, created_at=a_moment_ago(hours=25))
    provider.refuses(ConnectionFailed("Away."))
    sends_out(desk)
    desk.waits_until(ours, "sent")
    assert provider.texts_to("anna-home") == ["Yes"]


def test_a_throttled_message_waits_for_its_own_channel(
    desk: Desk, both: str, provider: ToyProvider
) -> None:
    ours = desk.replies(both, "Yes")
    provider.refuses(Throttled("Slower."))
    sends_out(desk)
    desk.waits_until(ours, "sent")
    assert provider.texts_to("anna") == ["Yes"]


def test_an_automatic_text_takes_no_other_route(
    desk: Desk, both: str, provider: ToyProvider
) -> None:
    sent = desk.store.write(
        lambda tx: send.send_message(
            tx, int(both), Draft("You are number 3."), SYSTEM, desk.connectors.outbound_channels()
        )
    )
    provider.refuses(WindowClosed("The window is closed."))
    sends_out(desk)
    assert desk.waits_until(sent.message, "failed").fallback_from is None


def test_an_album_of_which_no_file_can_leave_goes_elsewhere_as_that_channel_composes_it(
    desk: Desk, provider: ToyProvider
) -> None:
    desk.connectors = desk.open_connectors({"album": "album", "letters": "letter"})
    dora, letters = desk.customer("dora", "album"), desk.customer("dora-home", "letters")
    letters.says("Dear all")
    dora.says("Hello")
    same_person(desk, dora, letters)
    provider.refuses(RefusedTogether("One of these is odd."))
    provider.refuses(Rejected("All of these are odd."))
    ours = desk.replies(desk.message(dora.says("Hello?").id).conversation_id, "a+b")
    sends_out(desk)
    desk.waits_until(ours, "sent")
    assert provider.texts_to("dora-home") == ["a+b"]


# -- never twice ----------------------------------------------------------------------------------


def moves_on(desk: Desk, claim: ClaimedDelivery) -> bool:
    """Whether an answer goes elsewhere that its own channel has just refused."""
    step = desk.store.write(
        lambda tx: fallback.move_or_fail_delivery(
            tx,
            claim,
            WindowClosed("Closed."),
            closes_address=False,
            outbound_channels=desk.connectors.outbound_channels(),
            rules=RULES,
        )
    )
    return step is not None


def a_lost_answer(desk: Desk, ours: resources.Message) -> None:
    desk.sets_delivery(ours, unknown_since=a_moment_ago(minutes=2))


def a_part_that_left(desk: Desk, ours: resources.Message) -> None:
    desk.sets_delivery(ours, parts_sent=1)


def a_doubt(desk: Desk, ours: resources.Message) -> None:
    desk.sets_delivery(ours, maybe_twice=True)


def a_report(desk: Desk, ours: resources.Message) -> None:
    desk.sets_delivery(ours, reported={"status": "delivered"})


def an_id_of_the_provider(desk: Desk, ours: resources.Message) -> None:
    def write(tx: Any) -> None:
        tx.execute(
            external_ids.insert().values(
                connector="toy",
                external_id="p-1",
                address_id=1,
                message_id=int(ours.id),
                part=0,
                status="failed",
            )
        )

    desk.store.write(write)


@pytest.mark.parametrize(
    "trace", [a_lost_answer, a_part_that_left, a_doubt, a_report, an_id_of_the_provider]
)
def test_a_message_that_may_have_left_takes_no_other_route(
    desk: Desk, both: str, trace: Callable[[Desk, resources.Message], None]
) -> None:
    ours = desk.replies(both, "Yes")
    trace(desk, ours)
    claim = claim_now(desk)
    assert claim is not None
    assert not moves_on(desk, claim)
    found = desk.delivery(ours)
    assert (found.status, found.code, found.fallback_from) == ("failed", "window_closed", None)


def test_a_call_whose_answer_is_lost_is_never_sent_by_another_channel(
    desk: Desk, both: str, provider: ToyProvider
) -> None:
    ours = desk.replies(both, "Yes")
    provider.loses_the_answer()
    provider.refuses(ContactStopped("They blocked us."))
    sends_out(desk)
    found = desk.waits_until(ours, "failed")
    assert found.fallback_from is None
    assert provider.texts == ["Yes"]


def test_a_long_text_that_broke_off_in_the_middle_stays_on_its_channel(
    desk: Desk, both: str, provider: ToyProvider
) -> None:
    ours = desk.replies(both, "first|second")
    provider.takes_one_more_first()
    provider.refuses(WindowClosed("Closed."))
    sends_out(desk)
    desk.waits_until(ours, "failed")
    assert provider.texts == ["first"]
    assert provider.texts_to("anna-home") == []


def test_a_worker_that_lost_its_claim_moves_no_delivery(desk: Desk, both: str) -> None:
    ours = desk.replies(both, "Yes")
    stale = claim_now(desk)
    assert stale is not None
    desk.sets_delivery(ours, attempts=stale.attempts + 1)
    assert not moves_on(desk, stale)
    assert desk.message(ours.id).connector == "toy"


# -- where it may go -----------------------------------------------------------------------------


def sets_reach(desk: Desk, customer: Customer, **values: Any) -> None:
    address_id = people_id(desk, customer)
    statement = (
        update(reaches)
        .where(reaches.c.address_id == address_id, reaches.c.connector == customer.connector)
        .values(values)
    )
    assert desk.store.write(lambda tx: tx.execute(statement).rowcount) == 1


def people_id(desk: Desk, customer: Customer) -> int:
    with desk.store.read() as connection:
        person = contact_addresses.find_contact_address(connection, customer.address)
    assert person is not None
    return person.address_id


def opted_out(desk: Desk, letters: Customer) -> None:
    letters.stops()


def is_blocked(desk: Desk, letters: Customer) -> None:
    sets_reach(desk, letters, stopped_at=a_moment_ago(hours=1), stopped_reason="Blocked.")


def said_stop_to_another_number(desk: Desk, letters: Customer) -> None:
    address_id = people_id(desk, letters)
    desk.store.write(
        lambda tx: address_state.close_address(tx, address_id, "letters-2", "STOP", opted_out=True)
    )


def is_only_asserted(desk: Desk, letters: Customer) -> None:
    statement = (
        update(addresses)
        .where(addresses.c.id == people_id(desk, letters))
        .values(evidence="asserted")
    )
    desk.store.write(lambda tx: tx.execute(statement).rowcount)


def is_turned_off(desk: Desk, letters: Customer) -> None:
    desk.connectors = desk.open_connectors({"toy": "toy", "window": "window"})


def is_somebody_else_again(desk: Desk, letters: Customer) -> None:
    with desk.store.read() as connection:
        found = links.links_of_contact(connection, letters.id)
    desk.unlinks(found[0])


@pytest.mark.parametrize(
    "closed",
    [
        opted_out,
        is_blocked,
        said_stop_to_another_number,
        is_only_asserted,
        is_turned_off,
        is_somebody_else_again,
    ],
)
def test_an_address_that_is_closed_or_not_proved_is_no_route(
    desk: Desk,
    both: str,
    letters: Customer,
    provider: ToyProvider,
    closed: Callable[[Desk, Customer], None],
) -> None:
    ours = desk.replies(both, "Yes", connector="toy")
    closed(desk, letters)
    provider.refuses(WindowClosed("The window is closed."))
    sends_out(desk)
    found = desk.waits_until(ours, "failed")
    assert found.fallback_from is None
    assert provider.calls == []


def test_records_that_an_agent_merged_are_one_contact(
    desk: Desk, anna: Customer, letters: Customer, provider: ToyProvider
) -> None:
    said = anna.says("Hello")
    letters.says("Dear all")
    same_person(desk, anna, letters, evidence="agent")
    ours = desk.replies(said.conversation_id, "Yes", connector="toy")
    provider.refuses(WindowClosed("Closed."))
    sends_out(desk)
    desk.waits_until(ours, "sent")
    assert provider.texts_to("anna-home") == ["Yes"]


@pytest.mark.parametrize(("days", "goes_there"), [(0.5, True), (3, True), (8, False)])
def test_a_channel_with_a_window_is_a_route_only_while_it_is_open(
    desk: Desk, anna: Customer, provider: ToyProvider, days: float, goes_there: bool
) -> None:
    window = desk.customer("anna-page", "window")
    said = anna.says("Hello")
    window.says("Hi")
    same_person(desk, anna, window)
    sets_reach(desk, window, last_inbound_at=a_moment_ago(days=days))
    ours = desk.replies(said.conversation_id, "Yes", connector="toy")
    provider.refuses(Rejected("No."))
    sends_out(desk)
    found = desk.waits_until(ours, "sent", "failed")
    assert (found.status is DeliveryStatus.SENT) is goes_there


def test_a_window_that_is_known_to_be_closed_is_not_tried(
    desk: Desk, letters: Customer, provider: ToyProvider
) -> None:
    window = desk.customer("anna-page", "window")
    letters.says("Dear all")
    said = window.says("Hi")
    same_person(desk, letters, window)
    sets_reach(desk, window, last_inbound_at=a_moment_ago(days=8))
    ours = desk.replies(said.conversation_id, "Yes", connector="window")
    sends_out(desk)
    desk.waits_until(ours, "sent")
    assert [call.path for call in provider.tried] == ["anna-home"]


def test_routes_are_in_the_configured_order_of_kinds_then_the_last_heard_first(
    desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    said = anna.says("Hello")
    older, newer = desk.customer("home", "letters"), desk.customer("work", "letters")
    window = desk.customer("page", "window")
    for one in (older, newer, window):
        one.says("Hi")
        same_person(desk, anna, one)
    sets_reach(desk, older, last_inbound_at=a_moment_ago(days=2))
    sends_out(desk, Fallback(kinds=("letter", "window")))
    provider.refuses(WindowClosed("Closed."))
    desk.waits_until(desk.replies(said.conversation_id, "one", connector="toy"), "sent")
    desk.deliverers.pop().stop()
    sends_out(desk, Fallback(kinds=("window", "letter")))
    provider.refuses(WindowClosed("Closed."))
    desk.waits_until(desk.replies(said.conversation_id, "two", connector="toy"), "sent")
    assert (provider.texts_to("work"), provider.texts_to("page")) == (["one"], ["two"])


def test_of_two_messages_with_one_key_both_stay(
    desk: Desk, anna: Customer, letters: Customer, provider: ToyProvider
) -> None:
    first = desk.replies(letters.says("Dear all").conversation_id, "by letter", client_id="k")
    second = desk.replies(anna.says("Hello").conversation_id, "by toy", client_id="k")
    same_person(desk, anna, letters)
    desk.sets_delivery(first, status="delivered")
    provider.refuses(WindowClosed("Closed."))
    sends_out(desk)
    desk.waits_until(second, "sent")
    assert provider.texts_to("anna-home") == ["by toy"]


def test_the_answer_to_a_message_of_another_channel_names_it_only_there(
    desk: Desk, both: str, anna: Customer, provider: ToyProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    composed: list[Any] = []
    toy = type(desk.toy())
    compose = toy.compose

    def remember(self: Any, message: Any) -> Any:
        composed.append((message.address.path, message.reply_to))
        return compose(self, message)

    monkeypatch.setattr(toy, "compose", remember)
    said = anna.says("This one")
    ours = desk.replies(both, "Yes", reply_to=int(said.id))
    provider.refuses(WindowClosed("Closed."))
    sends_out(desk)
    desk.waits_until(ours, "sent")
    assert composed == [("anna", said.external_id), ("anna-home", "")]


def test_the_next_answer_goes_to_the_address_of_the_message_it_answers_again(
    desk: Desk, both: str, provider: ToyProvider
) -> None:
    first = desk.replies(both, "Yes")
    provider.refuses(Rejected("Not now."))
    sends_out(desk)
    desk.waits_until(first, "sent")
    second = desk.replies(both, "And?")
    assert second.address == "toy:anna"


def test_an_undone_link_takes_back_the_messages_that_were_sent_by_it(
    desk: Desk, both: str, anna: Customer, letters: Customer, provider: ToyProvider
) -> None:
    ours = desk.replies(both, "Yes")
    provider.refuses(WindowClosed("Closed."))
    sends_out(desk)
    desk.waits_until(ours, "sent")
    is_somebody_else_again(desk, letters)
    assert "Yes" in [one.text for one in desk.timeline(letters.id)]
    assert "Yes" not in [one.text for one in desk.timeline(anna.id)]
    where = desk.message(ours.id).conversation_id
    assert desk.conversation(where).contact.id == letters.contact.id
    assert letters.says("Thank you").conversation_id == where
