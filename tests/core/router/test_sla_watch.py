"""The clocks of a policy on a store: what they say is said once, also where two look at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from prometheus_client import REGISTRY
from sqlalchemy import select, update

from hub.config import Config
from hub.conversations import actions, views
from hub.router.sla.watch import SlaWatch
from hub.schema import resources
from hub.schema.events import SlaBreached, SlaWarning
from hub.store.models import conversations, messages
from tests.core.desk import Customer, Desk, at_once

#: A Monday, eleven o'clock in Tallinn.
MONDAY = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
CONFIG = Config.model_validate(
    {
        "hours": {"office": {"timezone": "Europe/Tallinn", "mon-fri": "09:00-17:00"}},
        "sla": {
            "default": {"first_reply": "5m", "next_reply": "15m", "resolve": "2h"},
            "office": {"first_reply": "2h", "resolve": "8h", "within": "office"},
            "vip": {"first_reply": "1m"},
        },
    }
)


class Office:
    """A desk with a clock that can be turned, and a watch that looks when it is told to."""

    def __init__(self, desk: Desk, clock: time_machine.Traveller) -> None:
        self.desk, self.clock = desk, clock
        self.config = CONFIG
        self.watch = SlaWatch(desk.store, lambda: self.config)

    def opens(self, customer: Customer, policy: str | None = "default") -> str:
        conversation_id = customer.says("hello").conversation_id
        self.promises(conversation_id, policy)
        return conversation_id

    def promises(self, conversation_id: str, policy: str | None) -> None:
        """What the router does when it decides."""
        now = datetime.now(UTC)
        self.desk.sets_conversation(conversation_id, sla=policy, sla_next_at=now)
        self.watch.sweep()

    def after(self, wait: timedelta) -> None:
        self.clock.shift(wait)
        self.watch.sweep()

    def sla(self, conversation_id: str) -> resources.Sla:
        with self.desk.store.read() as connection:
            found = views.get_conversation(connection, int(conversation_id)).sla
        assert found is not None
        return found

    def said(self) -> list[str]:
        return [
            f"{event.name} {event.payload.clock}"
            for event in self.desk.events
            if isinstance(event.payload, SlaWarning | SlaBreached)
        ]

    def timeline(self, conversation_id: str) -> list[dict[str, Any]]:
        with self.desk.store.read() as connection:
            rows = connection.execute(
                select(messages.c.extra)
                .where(
                    messages.c.conversation_id == int(conversation_id), messages.c.type == "event"
                )
                .order_by(messages.c.id)
            ).scalars()
            events = [row["event"] for row in rows]
        return [event for event in events if event["name"].startswith("sla.")]


@pytest.fixture
def office(desk: Desk) -> Iterator[Office]:
    with time_machine.travel(MONDAY, tick=False) as clock:
        yield Office(desk, clock)


def counted(name: str, policy: str, clock: str) -> float:
    return REGISTRY.get_sample_value(name, {"policy": policy, "clock": clock}) or 0.0


def test_a_conversation_shows_when_its_clocks_run_out(office: Office, anna: Customer) -> None:
    sla = office.sla(office.opens(anna))
    assert sla.first_reply_due == MONDAY + 5 * MINUTE
    assert sla.next_reply_due is None
    assert sla.resolve_due == MONDAY + 2 * HOUR
    assert sla.breached == []


def test_without_a_policy_no_clock_runs(office: Office, anna: Customer) -> None:
    conversation_id = anna.says("hello").conversation_id
    office.after(timedelta(days=9))
    with office.desk.store.read() as connection:
        assert views.get_conversation(connection, int(conversation_id)).sla is None
    assert office.said() == []


def test_warning_and_breach_are_said_once_on_screens_in_the_timeline_and_in_metrics(
    office: Office, anna: Customer
) -> None:
    before = counted("hub_sla_breaches_total", "default", "first_reply")
    warned = counted("hub_sla_warnings_total", "default", "first_reply")
    conversation_id = office.opens(anna)
    office.after(4 * MINUTE)
    office.after(timedelta(seconds=1))
    assert office.said() == ["sla.warning first_reply"]
    office.after(MINUTE)
    office.after(MINUTE)
    assert office.said() == ["sla.warning first_reply", "sla.breached first_reply"]
    assert [event["name"] for event in office.timeline(conversation_id)] == [
        "sla.warning",
        "sla.breached",
    ]
    told = office.timeline(conversation_id)[1]
    assert told["clock"] == "first_reply"
    assert told["policy"] == "default"
    assert told["due"] == "2026-01-05T09:05:00Z"
    assert office.sla(conversation_id).breached == ["first_reply"]
    assert counted("hub_sla_breaches_total", "default", "first_reply") == before + 1
    assert counted("hub_sla_warnings_total", "default", "first_reply") == warned + 1


def test_the_event_carries_the_conversation_as_it_stands(office: Office, anna: Customer) -> None:
    office.opens(anna)
    office.after(6 * MINUTE)
    payload = office.desk.events[-1].payload
    assert isinstance(payload, SlaBreached)
    assert payload.due == MONDAY + 5 * MINUTE
    assert payload.conversation.sla is not None
    assert payload.conversation.sla.breached == ["first_reply"]


def test_an_answer_stops_the_clock_and_the_next_message_starts_another(
    office: Office, anna: Customer
) -> None:
    conversation_id = office.opens(anna)
    office.after(2 * MINUTE)
    office.desk.replies(conversation_id, "Hello, what size?")
    office.after(MINUTE)
    assert office.sla(conversation_id).first_reply_due is None
    office.after(10 * MINUTE)
    anna.says("42")
    office.watch.sweep()
    assert office.sla(conversation_id).next_reply_due == MONDAY + 28 * MINUTE
    office.after(15 * MINUTE)
    assert office.said()[-1] == "sla.breached next_reply"
    office.desk.replies(conversation_id, "Here it is.")
    office.after(MINUTE)
    sla = office.sla(conversation_id)
    assert sla.next_reply_due is None
    assert sla.breached == ["next_reply"]  # that is not forgotten


def test_a_note_is_no_answer(office: Office, anna: Customer) -> None:
    conversation_id = office.opens(anna)
    office.desk.replies(conversation_id, "Who knows this one?", type="note")
    office.after(5 * MINUTE)
    assert office.sla(conversation_id).breached == ["first_reply"]


@pytest.mark.parametrize("status", ["pending", "snoozed"])
def test_the_clocks_stand_still_while_it_waits(office: Office, anna: Customer, status: str) -> None:
    conversation_id = office.opens(anna)
    office.after(MINUTE)
    office.desk.replies(conversation_id, "Please send us a picture.")
    changes: dict[str, Any] = {"status": status}
    if status == "snoozed":
        changes["snoozed_until"] = MONDAY + timedelta(days=3)
    office.desk.changes(conversation_id, **changes)
    office.watch.sweep()
    assert office.sla(conversation_id).resolve_due is None
    office.after(timedelta(days=2))
    assert office.said() == []
    anna.says("Here it is.")
    office.watch.sweep()
    sla = office.sla(conversation_id)
    assert sla.resolve_due == MONDAY + 2 * HOUR + timedelta(days=2)
    assert sla.next_reply_due == MONDAY + timedelta(days=2) + 16 * MINUTE


def test_a_snooze_that_ends_by_itself_lets_the_clocks_go_on(office: Office, anna: Customer) -> None:
    conversation_id = office.opens(anna)
    office.desk.changes(conversation_id, snoozed_until=MONDAY + HOUR)
    office.after(HOUR)
    ending = partial(actions.end_snooze, conversation_id=int(conversation_id))
    assert office.desk.store.write(ending)
    office.watch.sweep()
    assert office.sla(conversation_id).first_reply_due == MONDAY + HOUR + 5 * MINUTE


def test_resolving_stops_all_clocks_and_reopening_goes_on(office: Office, anna: Customer) -> None:
    conversation_id = office.opens(anna)
    office.desk.changes(conversation_id, status="resolved")
    office.after(20 * HOUR)
    assert office.said() == []
    assert anna.says("One more thing").conversation_id == conversation_id
    office.watch.sweep()
    assert office.sla(conversation_id).resolve_due == MONDAY + 22 * HOUR


def test_a_policy_within_hours_waits_for_the_morning(office: Office, anna: Customer) -> None:
    office.clock.move_to(MONDAY + 6 * HOUR + 30 * MINUTE)  # half past five in Tallinn
    conversation_id = office.opens(anna, "office")
    assert office.sla(conversation_id).first_reply_due == MONDAY + 24 * HOUR
    office.after(12 * HOUR)
    assert office.said() == []


def test_another_channel_of_the_same_person_changes_no_clock(
    office: Office, desk: Desk, anna: Customer
) -> None:
    conversation_id = office.opens(anna)
    other = desk.customer("anna-elsewhere", "other")
    other.starts()
    other.says("x")
    desk.links_up(anna, other)
    before = office.sla(conversation_id)
    office.after(MINUTE)
    anna.says("now from here")
    office.watch.sweep()
    assert office.sla(conversation_id) == before


def test_a_merge_keeps_the_clocks_of_the_wait_and_undoing_restores_both(
    office: Office, desk: Desk, anna: Customer, boris: Customer
) -> None:
    first = office.opens(anna)
    office.after(MINUTE)
    second = office.opens(boris)
    desk.replies(second, "Yes?")
    office.watch.sweep()
    link = desk.links_up(anna, boris)
    office.watch.sweep()
    kept = first if desk.conversation(first).status == "open" else second
    assert office.sla(kept).resolve_due is not None
    desk.unlinks(link)
    office.after(MINUTE)
    assert office.sla(first).first_reply_due == MONDAY + 5 * MINUTE
    assert office.sla(second).first_reply_due is None
    assert office.sla(second).resolve_due == MONDAY + 2 * HOUR + MINUTE


def test_a_wait_goes_on_after_a_merge_into_an_answered_conversation(
    office: Office, desk: Desk, anna: Customer, boris: Customer
) -> None:
    first = office.opens(anna)
    desk.replies(first, "Yes?")
    office.after(MINUTE)
    assert office.sla(first).next_reply_due is None
    boris.says("I wrote by chat before")
    desk.links_up(anna, boris)
    office.watch.sweep()
    assert office.sla(first).next_reply_due == MONDAY + 16 * MINUTE


def test_a_breach_while_no_watch_ran_is_reported_by_the_next(
    office: Office, anna: Customer
) -> None:
    office.opens(anna)
    office.clock.shift(HOUR)
    later = SlaWatch(office.desk.store, lambda: CONFIG)
    later.sweep()
    assert office.said() == ["sla.breached first_reply"]
    later.sweep()
    office.watch.sweep()
    assert office.said() == ["sla.breached first_reply"]


def test_two_watches_report_each_breach_once(office: Office, desk: Desk) -> None:
    for number in range(10):
        office.opens(desk.customer(f"visitor-{number}"))
    watches = [SlaWatch(desk.store, lambda: CONFIG) for _ in range(4)]
    office.clock.shift(5 * MINUTE)
    at_once(*(watch.sweep for watch in watches))
    assert office.said() == ["sla.breached first_reply"] * 10


def test_a_policy_that_left_the_file_promises_nothing_any_more(
    office: Office, anna: Customer
) -> None:
    conversation_id = office.opens(anna)
    office.config = Config()
    office.after(HOUR)
    assert office.said() == []
    assert office.sla(conversation_id).first_reply_due is None


def test_more_than_a_batch_is_looked_at(office: Office, desk: Desk) -> None:
    from hub.router.sla import watch

    first = office.opens(desk.customer("first"))
    statement = update(conversations).values(sla_next_at=MONDAY - HOUR)
    desk.store.write(lambda tx: tx.execute(statement).rowcount)
    assert office.watch.sweep() == 1 < watch.BATCH
    assert office.watch.sweep() == 0
    assert office.sla(first).first_reply_due == MONDAY + 5 * MINUTE


def test_the_watch_hears_what_happens(desk: Desk, anna: Customer) -> None:
    """In real time, by its own thread: an event wakes it, nobody has to tell it the hour."""
    watch = SlaWatch(desk.store, lambda: CONFIG)
    watch.start()
    try:
        conversation_id = anna.says("hello").conversation_id
        desk.sets_conversation(conversation_id, sla="default", sla_next_at=datetime.now(UTC))
        anna.says("anybody?")

        def shown() -> bool:
            with desk.store.read() as connection:
                sla = views.get_conversation(connection, int(conversation_id)).sla
            return sla is not None and sla.first_reply_due is not None

        desk.waits_for(shown)
    finally:
        watch.stop()


def test_a_short_promise_gets_its_warning_before_its_breach(
    desk: Desk, anna: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In real time, while nothing else would look for an hour."""
    monkeypatch.setattr(SlaWatch, "interval", HOUR)
    config = Config.model_validate({"sla": {"quick": {"first_reply": "1s"}}})
    watch = SlaWatch(desk.store, lambda: config)
    watch.start()
    try:
        conversation_id = anna.says("hello").conversation_id
        desk.sets_conversation(conversation_id, sla="quick", sla_next_at=datetime.now(UTC))
        watch.wake()
        desk.waits_for(
            lambda: [event.name for event in desk.events if isinstance(event.payload, SlaBreached)]
        )
    finally:
        watch.stop()
    names = [event.name for event in desk.events if event.name.startswith("sla.")]
    assert names == ["sla.warning", "sla.breached"]
