"""The clocks of a policy: what runs, what stands still, what is due. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.config.hours import Hours
from hub.config.sections import Policy
from hub.router.hours import open_time_between
from hub.router.sla.clocks import Clocks, ClockUpdate, ConversationFacts, update_clocks

#: A Monday, eleven o'clock in Tallinn.
MONDAY = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
OFFICE = Hours.model_validate({"timezone": "Europe/Tallinn", "mon-fri": "09:00-17:00"})
POLICY = Policy.model_validate({"first_reply": "5m", "next_reply": "15m", "resolve": "2d"})


class Story:
    """One conversation's clocks, looked at whenever something happens."""

    def __init__(self, policy: Policy = POLICY, hours: Hours | None = None) -> None:
        self.policy, self.hours = policy, hours
        self.now = MONDAY
        self.facts = ConversationFacts(opened_at=MONDAY, waiting_since=MONDAY)
        self.clocks = Clocks()
        self.said: list[str] = []
        self.step = ClockUpdate(self.clocks)
        self.becomes()

    def becomes(self, **facts: Any) -> Story:
        from dataclasses import replace

        self.facts = replace(self.facts, **facts)
        return self.looked(changed_at=self.now)

    def after(self, wait: timedelta) -> Story:
        """Looks whenever the clocks asked for it, as the watch does."""
        end = self.now + wait
        while self.step.next_at is not None and self.step.next_at <= end:
            self.now = self.step.next_at
            self.looked(changed_at=self.now)
        self.now = end
        return self

    def looked(self, changed_at: datetime) -> Story:
        self.step = update_clocks(
            self.policy, self.hours, self.facts, self.clocks, changed_at, self.now
        )
        self.clocks = self.step.clocks
        self.said += [f"{clock} warned" for clock, _ in self.step.warnings]
        self.said += [f"{clock} breached" for clock, _ in self.step.breaches]
        return self

    def answered(self) -> Story:
        return self.becomes(waiting_since=None, is_answered=True)

    def writes(self) -> Story:
        """The customer does, which also ends every pause."""
        since = self.facts.waiting_since or self.now
        return self.becomes(waiting_since=since, stands_still=False)

    def dues(self) -> dict[str, timedelta]:
        return {clock: due - MONDAY for clock, due in self.clocks.dues.items()}


def test_the_first_reply_runs_from_the_first_message_and_stops_with_an_answer() -> None:
    story = Story()
    assert story.dues() == {"first_reply": 5 * MINUTE, "resolve": timedelta(days=2)}
    story.after(MINUTE).writes()
    assert story.dues()["first_reply"] == 5 * MINUTE
    story.after(MINUTE).answered()
    assert story.dues() == {"resolve": timedelta(days=2)}
    assert story.said == []


def test_each_later_message_has_a_clock_of_its_own() -> None:
    story = Story().answered().after(HOUR).writes()
    assert story.dues()["next_reply"] == HOUR + 15 * MINUTE
    story.after(10 * MINUTE).writes()
    assert story.dues()["next_reply"] == HOUR + 15 * MINUTE  # they wait since the first of the two
    story.answered().after(HOUR).writes()
    assert story.dues()["next_reply"] == 2 * HOUR + 25 * MINUTE


def test_it_warns_at_four_fifths_and_tells_of_the_breach_once() -> None:
    story = Story()
    assert story.step.next_at == MONDAY + 4 * MINUTE
    story.after(4 * MINUTE)
    assert story.said == ["first_reply warned"]
    assert story.step.next_at == MONDAY + 5 * MINUTE
    story.after(MINUTE)
    assert story.said == ["first_reply warned", "first_reply breached"]
    story.after(HOUR).looked(MONDAY).looked(MONDAY)
    assert story.said == ["first_reply warned", "first_reply breached"]


def test_a_second_wait_for_an_answer_can_be_too_long_again() -> None:
    story = Story(Policy.model_validate({"next_reply": "15m"})).answered()
    for _ in range(2):
        story.writes().after(HOUR).answered()
    assert story.said == ["next_reply warned", "next_reply breached"] * 2


def test_a_clock_stands_still_in_a_pause_and_goes_on_with_what_was_left() -> None:
    story = Story().answered().after(HOUR).becomes(stands_still=True)
    assert story.step.next_at is None
    story.after(timedelta(days=9))
    assert story.said == []
    story.becomes(stands_still=False)
    assert story.dues() == {"resolve": timedelta(days=11)}


def test_what_is_put_off_unanswered_has_its_rest_of_the_first_reply_left() -> None:
    story = Story().after(3 * MINUTE).becomes(stands_still=True)
    story.after(HOUR).becomes(stands_still=False)
    assert story.dues()["first_reply"] == HOUR + 5 * MINUTE


def test_the_end_of_a_conversation_is_a_pause_of_the_last_clock() -> None:
    story = Story().after(2 * HOUR).becomes(waiting_since=None, stands_still=True)
    story.after(20 * HOUR).writes()
    assert story.dues()["resolve"] == timedelta(days=2) + 20 * HOUR


def test_clocks_run_within_hours() -> None:
    story = Story(hours=OFFICE, policy=Policy.model_validate({"first_reply": "8h"}))
    # Six hours are left of Monday; the other two are Tuesday's first.
    assert story.dues() == {"first_reply": 24 * HOUR}
    story.after(6 * HOUR)
    assert story.said == []
    # A fifth of eight hours before the end, 9:24 on Tuesday.
    assert story.step.next_at == MONDAY + 24 * HOUR - 96 * MINUTE


def test_a_pause_over_night_costs_no_open_time() -> None:
    story = Story(hours=OFFICE, policy=Policy.model_validate({"first_reply": "8h"}))
    story.after(6 * HOUR).becomes(stands_still=True)
    story.after(16 * HOUR).becomes(stands_still=False)
    assert story.dues() == {"first_reply": 24 * HOUR}


def test_hours_that_never_open_promise_nothing() -> None:
    never = Hours.model_validate({"mon-sun": "closed"})
    story = Story(hours=never)
    assert story.dues() == {}
    assert story.step.next_at is None


def test_a_late_answer_is_a_breach_though_no_update_came_in_between() -> None:
    """The hub was down from before the time until after the answer."""
    story = Story()
    story.now = MONDAY + HOUR
    story.becomes(waiting_since=None, is_answered=True)
    assert story.said == ["first_reply breached"]
    assert "first_reply" not in story.dues()


def test_a_late_update_is_no_breach_where_the_answer_was_in_time() -> None:
    story = Story()
    story.facts = ConversationFacts(opened_at=MONDAY, is_answered=True)
    story.now = MONDAY + HOUR
    story.looked(changed_at=MONDAY + 3 * MINUTE)
    assert story.said == []


def test_a_clock_set_back_repeats_nothing_and_one_set_ahead_says_it_once() -> None:
    story = Story().after(10 * MINUTE)
    said = list(story.said)
    story.now = MONDAY - HOUR
    story.looked(changed_at=story.now)
    story.now = MONDAY + 12 * MINUTE
    story.looked(changed_at=story.now)
    assert story.said == said


def test_a_clock_that_runs_keeps_its_time_when_the_policy_changes() -> None:
    story = Story()
    story.policy = Policy.model_validate({"first_reply": "1m"})
    story.after(timedelta()).looked(story.now)
    assert story.dues() == {"first_reply": 5 * MINUTE}


#: What a busy machine takes for one example says nothing.
patient = settings(deadline=None)
PAUSES = st.lists(st.integers(1, 3000).map(lambda n: n * MINUTE), max_size=8)


@patient
@given(PAUSES, st.integers(1, 4000), st.booleans())
def test_however_often_it_pauses_the_clock_gives_the_time_it_promised(
    waits: list[timedelta], minutes: int, in_hours: bool
) -> None:
    policy = Policy.model_validate({"resolve": f"{minutes}m"})
    hours = OFFICE if in_hours else None
    story = Story(policy, hours)
    ran = timedelta()
    paused = False
    for wait in waits:
        if not paused and not story.said.count("resolve breached"):
            left = policy.resolve - ran  # type: ignore[operator]
            spent = wait if hours is None else open_time_between(hours, story.now, story.now + wait)
            ran += min(spent, left)
        story.after(wait)
        paused = not paused
        story.becomes(stands_still=paused)
    assert ("resolve breached" in story.said) == (ran >= timedelta(minutes=minutes))
    assert story.said.count("resolve breached") <= 1
    assert story.said.count("resolve warned") <= 1
    if paused:
        story.becomes(stands_still=False)
    if "resolve breached" not in story.said:
        due = story.clocks.dues["resolve"]
        rest = due - story.now if hours is None else open_time_between(hours, story.now, due)
        assert ran + rest == timedelta(minutes=minutes)
