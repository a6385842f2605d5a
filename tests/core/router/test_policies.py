"""Which policy's clocks a conversation is under, as its rules say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from hub.router.sla.watch import SlaWatch
from hub.schema import resources
from tests.core.desk import Desk
from tests.core.router.office import Office

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


class Promises(Office):
    """An office whose clock can be turned, with clocks that are looked at when it is."""

    def __init__(self, desk: Desk, clock: time_machine.Traveller) -> None:
        super().__init__(
            desk,
            routing=[
                {"name": "dear", "when": {"words": "gold"}, "sla": "dear"},
                {"name": "free", "when": {"words": "hint"}, "sla": "free"},
            ],
            sla={
                "default": {"first_reply": "5m", "resolve": "2d"},
                "dear": {"first_reply": "1m", "next_reply": "2m", "resolve": "4h"},
                "free": {},
            },
        )
        self.clock = clock
        self.watch = SlaWatch(desk.store, lambda: self.config)

    def after(self, wait: timedelta) -> None:
        self.clock.shift(wait)
        self.assigns()
        self.watch.sweep()

    def sla(self, conversation: str) -> resources.Sla:
        found = self.desk.conversation(conversation).sla
        assert found is not None
        return found


@pytest.fixture
def office(desk: Desk) -> Iterator[Promises]:
    with time_machine.travel(MONDAY, tick=False) as clock:
        yield Promises(desk, clock)


@pytest.mark.parametrize("is_looked_at_first", [False, True], ids=["rules first", "clocks first"])
def test_a_reopened_conversation_under_another_policy_starts_its_clocks_anew(
    office: Promises, is_looked_at_first: bool
) -> None:
    anna = office.customer("anna")
    found = anna.says("hello").conversation_id
    office.after(2 * MINUTE)
    assert office.sla(found).first_reply_due == MONDAY + 5 * MINUTE
    office.desk.changes(found, status="resolved")
    office.after(HOUR)
    anna.says("I am a gold customer")
    again = MONDAY + 2 * MINUTE + HOUR
    if is_looked_at_first:
        office.watch.sweep()
    office.after(timedelta())
    sla = office.sla(found)
    assert (sla.first_reply_due, sla.resolve_due) == (again + MINUTE, again + 4 * HOUR)
    assert sla.breached == []
    office.after(MINUTE)
    assert office.sla(found).breached == ["first_reply"]


def test_a_reopened_conversation_under_the_same_policy_has_the_time_left(
    office: Promises,
) -> None:
    anna = office.customer("anna")
    found = anna.says("hello").conversation_id
    office.after(timedelta())
    office.after(2 * MINUTE)
    office.desk.changes(found, status="resolved")
    office.after(HOUR)
    anna.says("hello again")
    office.after(timedelta())
    sla = office.sla(found)
    assert sla.resolve_due == MONDAY + HOUR + 48 * HOUR


def test_a_policy_without_times_runs_no_clock(office: Promises) -> None:
    anna = office.customer("anna")
    found = anna.says("hello").conversation_id
    office.after(timedelta())
    office.desk.changes(found, status="resolved")
    anna.says("just a hint")
    office.after(timedelta())
    sla = office.sla(found)
    assert (sla.first_reply_due, sla.next_reply_due, sla.resolve_due) == (None, None, None)
