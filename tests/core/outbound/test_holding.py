"""Messages that wait: to be undone for some seconds, or for the time they are planned for."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select, update

from hub.conversations import drafts
from hub.conversations.draft_values import DraftContent, DraftKey
from hub.errors import Conflict, Invalid
from hub.outbound import cancelling, claims, holding
from hub.outbound.holding import Hold
from hub.outbound.send_times import read_send_time
from hub.schema import resources
from hub.schema.events import MessageCreated
from hub.store.engine import Transaction
from hub.store.models import deliveries, held_messages
from hub.transport.held_release import HeldRelease
from tests.core.desk import Customer, Desk, at_once, later

UNDO = Hold(undo_seconds=10)


def passes(desk: Desk, **time: float) -> None:
    """Releases what is due after this time: held messages are put ahead by it."""

    def put_ahead(tx: Transaction) -> None:
        for row in tx.execute(select(held_messages)).all():
            local = row.local_time and datetime.fromisoformat(row.local_time) - later(**time)
            tx.execute(
                update(held_messages)
                .where(held_messages.c.message_id == row.message_id)
                .values(due_at=row.due_at - later(**time), local_time=local and local.isoformat())
            )

    desk.store.write(put_ahead)
    HeldRelease(desk.store, desk.connectors).run()


def takes_back(desk: Desk, message: resources.Message) -> resources.Draft | None:
    return desk.store.write(lambda tx: holding.take_back(tx, int(message.id)))


def plans(**wanted: Any) -> Hold:
    moment = datetime.now(UTC) + timedelta(**wanted)
    return Hold(send_time=read_send_time(moment.isoformat(), None, datetime.now(UTC)), **{})


def my_draft(desk: Desk, conversation_id: str) -> resources.Draft:
    assert desk.agent.id is not None
    with desk.store.read() as connection:
        return drafts.get_draft(connection, DraftKey(desk.agent.id, int(conversation_id), "reply"))


@pytest.fixture
def anna(desk: Desk) -> Customer:
    return desk.customer("anna")


@pytest.fixture
def conversation_id(anna: Customer) -> str:
    return anna.says("Is the lamp back?").conversation_id


# -- undo ------------------------------------------------------------------------------------------


def test_a_message_leaves_when_the_time_for_undoing_is_over(
    desk: Desk, conversation_id: str
) -> None:
    held = desk.replies(conversation_id, "It is.", hold=UNDO)
    assert held.send_at is not None and held.delivery is not None
    assert (held.type, held.delivery.status.value) == ("message", "queued")
    desk.delivers()
    passes(desk, seconds=8)
    assert desk.count(deliveries) == 0
    passes(desk, seconds=3)
    assert desk.waits_until(held, "sent")
    assert [call.text for call in desk.provider.calls] == ["It is."]
    assert desk.message(held.id).send_at is None


def test_a_held_message_changes_nothing_in_its_conversation_and_shows_on_no_page(
    desk: Desk, conversation_id: str
) -> None:
    before = desk.conversation(conversation_id)
    desk.replies(conversation_id, "It is.", hold=UNDO)
    after = desk.conversation(conversation_id)
    assert after == before
    assert after.waiting_since is not None
    created = [event for event in desk.events if isinstance(event.payload, MessageCreated)]
    assert [event.address for event in created if event.payload.message.direction == "out"] == [
        None
    ]
    passes(desk, seconds=11)
    answered = desk.conversation(conversation_id)
    assert (answered.waiting_since, answered.unread_count) == (None, 0)
    assert answered.last_message is not None and answered.last_message.text == "It is."


def test_what_was_undone_never_leaves_and_is_the_draft_it_came_from(
    desk: Desk, conversation_id: str
) -> None:
    held = desk.replies(conversation_id, "It si.", connector="toy", hold=UNDO, client_id="c1")
    draft = takes_back(desk, held)
    assert draft is not None
    assert (draft.text, draft.connector, draft.conversation_id) == (
        "It si.",
        "toy",
        conversation_id,
    )
    assert my_draft(desk, conversation_id).text == "It si."
    passes(desk, seconds=60)
    assert (desk.count(deliveries), desk.count(held_messages)) == (0, 0)
    assert [message.text for message in desk.thread(conversation_id)] == ["Is the lamp back?"]


def test_undone_changed_and_sent_only_the_new_text_leaves_once(
    desk: Desk, conversation_id: str
) -> None:
    desk.delivers()
    held = desk.replies(conversation_id, "It si.", hold=UNDO, client_id="c1")
    takes_back(desk, held)
    sent = desk.replies(conversation_id, "It is.", hold=UNDO, client_id="c2")
    passes(desk, seconds=11)
    desk.waits_until(sent, "sent")
    passes(desk, seconds=60)
    assert [call.text for call in desk.provider.calls] == ["It is."]


def test_the_same_send_again_after_an_undo_sends_nothing(desk: Desk, conversation_id: str) -> None:
    held = desk.replies(conversation_id, "It is.", hold=UNDO, client_id="c1")
    takes_back(desk, held)
    with pytest.raises(Conflict, match="taken back"):
        desk.replies(conversation_id, "It is.", client_id="c1")
    assert desk.count(deliveries) == 0


def test_an_undo_that_comes_twice_or_too_late_takes_nothing_back(
    desk: Desk, conversation_id: str
) -> None:
    held = desk.replies(conversation_id, "It is.", hold=UNDO)
    assert takes_back(desk, held) is not None
    assert takes_back(desk, held) is None
    left = desk.replies(conversation_id, "It is.", hold=UNDO)
    passes(desk, seconds=11)
    assert takes_back(desk, left) is None


def test_of_an_undo_and_a_leaving_at_once_exactly_one_happens(
    desk: Desk, conversation_id: str
) -> None:
    seed = random.randrange(10**9)
    print("seed", seed)
    chance = random.Random(seed)
    channels = desk.connectors.outbound_channels()
    for number in range(12):
        held = desk.replies(conversation_id, f"Number {number}", hold=UNDO)
        message_id = int(held.id)

        def leaves(message_id: int = message_id) -> Any:
            return desk.store.write(lambda tx: holding.release_message(tx, message_id, channels))

        def undoes(message_id: int = message_id) -> Any:
            return desk.store.write(lambda tx: holding.take_back(tx, message_id))

        both = [leaves, undoes]
        chance.shuffle(both)
        results = at_once(*both)
        came_back = any(result is not None for result in results)
        left = desk.count(deliveries, deliveries.c.message_id == message_id)
        assert left == (0 if came_back else 1)


def test_an_undo_keeps_the_words_that_were_typed_since(desk: Desk, conversation_id: str) -> None:
    held = desk.replies(conversation_id, "First", hold=UNDO, draft_version=0)
    assert desk.agent.id is not None
    key = DraftKey(desk.agent.id, int(conversation_id), "reply")
    content = DraftContent(text="Second")
    desk.store.write(lambda tx: drafts.save_draft(tx, key, content, 1))
    draft = takes_back(desk, held)
    assert draft is not None and draft.text == "First"
    assert my_draft(desk, conversation_id).text == "First\n\nSecond"


def test_a_later_message_does_not_overtake_one_that_waits_to_be_undone(
    desk: Desk, conversation_id: str
) -> None:
    desk.delivers()
    desk.replies(conversation_id, "first", hold=Hold(undo_seconds=20))
    desk.replies(conversation_id, "second", hold=Hold(undo_seconds=5))
    last = desk.replies(conversation_id, "third")
    passes(desk, seconds=19)
    assert desk.provider.calls == []
    passes(desk, seconds=2)
    desk.waits_until(last, "sent")
    assert [call.text for call in desk.provider.calls] == ["first", "second", "third"]


def test_a_message_is_released_though_the_clock_was_set_back_since(
    desk: Desk, conversation_id: str
) -> None:
    held = desk.replies(conversation_id, "It is.", hold=UNDO)
    passes(desk, days=-3)
    assert desk.message(held.id).send_at is None


def test_the_text_of_a_held_message_can_be_changed(desk: Desk, conversation_id: str) -> None:
    desk.delivers()
    held = desk.replies(conversation_id, "It si.", hold=UNDO)
    changed = desk.store.write(lambda tx: holding.change_text(tx, int(held.id), "It is."))
    assert changed
    passes(desk, seconds=11)
    desk.waits_until(held, "sent")
    assert [call.text for call in desk.provider.calls] == ["It is."]
    assert desk.message(held.id).edits == []


# -- resolving with an answer ----------------------------------------------------------------------


def test_an_answer_resolves_its_conversation_when_it_leaves(
    desk: Desk, anna: Customer, conversation_id: str
) -> None:
    desk.replies(conversation_id, "Done.", resolve=True)
    assert desk.conversation(conversation_id).status == "resolved"
    anna.says("One more thing")
    held = desk.replies(conversation_id, "Done, too.", resolve=True, hold=UNDO)
    assert desk.conversation(conversation_id).status == "open"
    takes_back(desk, held)
    assert desk.conversation(conversation_id).status == "open"
    desk.replies(conversation_id, "Done, really.", resolve=True, hold=UNDO)
    passes(desk, seconds=11)
    assert desk.conversation(conversation_id).status == "resolved"


# -- what was not seen -----------------------------------------------------------------------------


def test_an_answer_to_what_is_not_the_newest_is_refused_with_the_newest(desk: Desk) -> None:
    customer = desk.customer("anna")
    seen = customer.says("Red, please")
    unseen = customer.says("No: green")
    with pytest.raises(Conflict) as refused:
        desk.replies(seen.conversation_id, "Red it is.", seen_id=int(seen.id))
    assert refused.value.members["message"]["id"] == unseen.id
    sent = desk.sends(seen.conversation_id, "Green it is.", seen_id=int(unseen.id))
    assert sent.is_new


def test_a_colleagues_answer_stops_mine_and_my_own_does_not(desk: Desk) -> None:
    seen = desk.customer("anna").says("Red, please")
    desk.replies(seen.conversation_id, "One moment.", seen_id=int(seen.id))
    desk.replies(seen.conversation_id, "Red it is.", seen_id=int(seen.id))
    me, desk.agent = desk.agent, desk.hires("Zoe")
    theirs = desk.replies(seen.conversation_id, "Sold out.")
    desk.agent = me
    with pytest.raises(Conflict) as refused:
        desk.replies(seen.conversation_id, "It ships today.", seen_id=int(seen.id))
    assert refused.value.members["message"]["id"] == theirs.id


def test_a_repeated_send_is_answered_though_something_came_since(desk: Desk) -> None:
    customer = desk.customer("anna")
    seen = customer.says("Red, please")
    first = desk.sends(seen.conversation_id, "Yes", seen_id=int(seen.id), client_id="c")
    customer.says("Thanks")
    again = desk.sends(seen.conversation_id, "Yes", seen_id=int(seen.id), client_id="c")
    assert (again.is_new, again.message.id) == (False, first.message.id)


# -- later -----------------------------------------------------------------------------------------


def test_a_planned_message_leaves_at_its_time(desk: Desk, conversation_id: str) -> None:
    desk.delivers()
    planned = desk.replies(conversation_id, "Good morning", hold=plans(hours=5))
    meanwhile = desk.replies(conversation_id, "Until tomorrow")
    desk.waits_until(meanwhile, "sent")
    passes(desk, hours=4.9)
    assert desk.message(planned.id).send_at is not None
    passes(desk, hours=0.2)
    desk.waits_until(planned, "sent")
    assert [call.text for call in desk.provider.calls] == ["Until tomorrow", "Good morning"]


def test_a_planned_message_becomes_a_draft_when_the_customer_wrote_meanwhile(
    desk: Desk, anna: Customer, conversation_id: str
) -> None:
    moment = read_send_time(
        (datetime.now(UTC) + timedelta(hours=5)).isoformat(), None, datetime.now(UTC)
    )
    waits = Hold(send_time=moment, sends_anyway=False)
    stopped = desk.replies(conversation_id, "Any news?", hold=waits)
    anna.says("Here is the news")
    anyway = desk.replies(conversation_id, "Bye", hold=Hold(send_time=moment))
    fresh = desk.replies(conversation_id, "Thanks", hold=waits)
    passes(desk, hours=6)
    assert my_draft(desk, conversation_id).text == "Any news?"
    assert desk.count(deliveries, deliveries.c.message_id == int(stopped.id)) == 0
    (event,) = [
        event for event in desk.events_in(conversation_id) if event["name"] == "message.not_sent"
    ]
    assert (event["code"], event["agent"]) == ("customer_wrote", "Kadri")
    for message in (anyway, fresh):
        assert desk.delivery(message).status.value == "queued"


@pytest.mark.parametrize("trouble", ["the customer stopped", "the channel is off"])
def test_a_planned_message_that_cannot_leave_is_told_to_its_author(
    desk: Desk, conversation_id: str, trouble: str
) -> None:
    desk.replies(conversation_id, "Good morning", hold=plans(hours=5))
    connectors = desk.connectors
    if trouble == "the customer stopped":
        desk.customer("anna").stops()
    else:
        connectors = desk.open_connectors({"other": "toy"})
    with time_machine.travel(later(hours=6), tick=True):
        HeldRelease(desk.store, connectors).run()
    (event,) = [
        event for event in desk.events_in(conversation_id) if event["name"] == "message.not_sent"
    ]
    assert event["reason"] and event["agent_id"] == str(desk.agent.id)
    assert my_draft(desk, conversation_id).text == "Good morning"


@pytest.mark.parametrize(
    ("text", "zone", "due"),
    [
        # Spring and autumn, chosen with the offset of the other season.
        ("2027-03-29T09:00:00+02:00", "Europe/Tallinn", "2027-03-29T06:00:00+00:00"),
        ("2027-11-02T09:00:00+03:00", "Europe/Tallinn", "2027-11-02T07:00:00+00:00"),
        ("2027-03-15T09:00:00-05:00", "America/New_York", "2027-03-15T13:00:00+00:00"),
        # A moment stays the moment.
        ("2027-03-29T06:00:00Z", "Europe/Tallinn", "2027-03-29T06:00:00+00:00"),
        ("2027-03-29T09:00:00+02:00", None, "2027-03-29T07:00:00+00:00"),
        # The hour that the clocks leave out, and the one that comes twice.
        ("2027-03-28T03:30:00+02:00", "Europe/Tallinn", "2027-03-28T01:30:00+00:00"),
        ("2027-10-31T03:30:00+03:00", "Europe/Tallinn", "2027-10-31T00:30:00+00:00"),
    ],
)
def test_a_time_keeps_its_wall_clock(text: str, zone: str | None, due: str) -> None:
    now = datetime(2027, 1, 5, tzinfo=UTC)
    assert read_send_time(text, zone, now).due_at() == datetime.fromisoformat(due)


def test_a_planned_message_waits_when_the_rules_of_its_zone_changed(
    desk: Desk, conversation_id: str
) -> None:
    planned = desk.replies(conversation_id, "Good morning", hold=plans(hours=5))
    ahead = (datetime.now(UTC) + timedelta(hours=6)).replace(tzinfo=None).isoformat()
    desk.store.write(lambda tx: tx.execute(update(held_messages).values(local_time=ahead)).rowcount)
    passes(desk, hours=5.1)
    assert desk.message(planned.id).send_at is not None
    passes(desk, hours=1)
    assert desk.message(planned.id).send_at is None


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("2027-01-04T23:59:59Z", None),
        ("2027-01-05T01:00:00+02:00", "Europe/Tallinn"),
        ("2028-02-01T00:00:00Z", None),
        ("2027-02-01T09:00:00", "Europe/Tallinn"),
        ("tomorrow", None),
        ("2027-02-01T09:00:00Z", "Europe/Atlantis"),
        ("2027-02-01T09:00:00Z", "../etc/passwd"),
        ("2027-02-01T09:00:00Z", "Europe"),
        ("9999-12-31T23:59:59-12:00", None),
        ("0001-01-01T00:00:00+12:00", "Asia/Tokyo"),
    ],
)
def test_a_time_that_has_passed_or_is_none_is_refused(text: str, zone: str | None) -> None:
    with pytest.raises(Invalid):
        read_send_time(text, zone, datetime(2027, 1, 5, tzinfo=UTC))


def test_a_note_cannot_be_planned(desk: Desk, conversation_id: str) -> None:
    with pytest.raises(Invalid):
        desk.replies(conversation_id, "For us", type="note", hold=plans(hours=1))
    desk.replies(conversation_id, "For us", type="note", hold=UNDO)
    assert desk.thread(conversation_id)[-1].send_at is None


# -- in line, and not sent yet ---------------------------------------------------------------------


def cancels(desk: Desk, message: resources.Message) -> resources.Draft | None:
    return desk.store.write(lambda tx: cancelling.cancel_queued(tx, int(message.id)))


def test_a_message_that_waits_for_its_provider_can_be_taken_back(
    desk: Desk, conversation_id: str
) -> None:
    waited_since = desk.conversation(conversation_id).waiting_since
    queued = desk.replies(conversation_id, "It si.", cc=None)
    draft = cancels(desk, queued)
    assert draft is not None and draft.text == "It si."
    assert my_draft(desk, conversation_id).text == "It si."
    conversation = desk.conversation(conversation_id)
    assert conversation.waiting_since == waited_since
    assert conversation.last_message is not None
    assert conversation.last_message.text == "Is the lamp back?"
    sent = desk.replies(conversation_id, "It is.")
    desk.delivers()
    desk.waits_until(sent, "sent")
    assert [call.text for call in desk.provider.calls] == ["It is."]


@pytest.mark.parametrize("state", ["sending", "sent", "failed", "one part", "unknown"])
def test_a_message_that_has_left_or_may_have_is_not_taken_back(
    desk: Desk, conversation_id: str, state: str
) -> None:
    message = desk.replies(conversation_id, "It si.")
    values: dict[str, Any] = {
        "one part": {"parts_sent": 1},
        "unknown": {"unknown_since": datetime.now(UTC)},
    }.get(state, {"status": state})
    desk.sets_delivery(message, **values)
    assert cancels(desk, message) is None
    assert my_draft(desk, conversation_id).text == ""


def test_of_a_claim_and_a_cancel_at_once_exactly_one_happens(
    desk: Desk, conversation_id: str
) -> None:
    for number in range(8):
        message = desk.replies(conversation_id, f"Number {number}")
        until = datetime.now(UTC) + timedelta(minutes=5)

        def claims_it(message: resources.Message = message, until: datetime = until) -> int:
            ids = [int(message.id)]
            return len(
                desk.store.write(lambda tx: claims.claim_deliveries(tx, ids, ["toy"], until))
            )

        def cancels_it(message: resources.Message = message) -> int:
            return int(cancels(desk, message) is not None)

        assert sum(at_once(claims_it, cancels_it)) == 1
        if desk.count(deliveries, deliveries.c.message_id == int(message.id)):
            desk.sets_delivery(message, status="sent")
