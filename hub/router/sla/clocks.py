"""The clocks of an SLA policy: which run for a conversation, and which are due. Pure.

- `first_reply` runs from the customer's first message to the first answer by a person.
- `next_reply` runs from a message that an answered customer sends to the answer to it.
- `resolve` runs from the beginning to the end of the conversation, also between two answers: an
  agent who said "I will find out" has not done so yet.

All of them run in open time, and stand still while the conversation waits for the customer
(`pending`), for its hour (`snoozed`), or for nothing (`resolved`): what was left then is what is
left when it goes on. A channel or an agent changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from hub.config.hours import Hours
from hub.config.sections import Policy
from hub.router.hours import add_open_time, open_time_between

Clock = Literal["first_reply", "next_reply", "resolve"]
CLOCKS: tuple[Clock, ...] = ("first_reply", "next_reply", "resolve")

#: A warning comes with a fifth of the time left: of five minutes one, in which a short answer can
#: still be written; of two days half a working day. A setting of its own would be one more number
#: to keep in step with every policy, and nobody plans by it.
WARN_AT = 0.8


@dataclass(frozen=True, slots=True)
class ConversationFacts:
    """A conversation as the clocks see it.

    Args:
        waiting_since: when the customer wrote the message that has no answer yet.
        is_answered: an agent has answered in it before.
        stands_still: it is pending, snoozed, resolved or merged: no clock runs.
    """

    opened_at: datetime
    waiting_since: datetime | None = None
    is_answered: bool = False
    stands_still: bool = False


@dataclass(frozen=True, slots=True)
class Clocks:
    """The state of the clocks of one conversation.

    Args:
        dues: when each clock that runs is due.
        paused_at: since when all of them stand still.
        warned: the clocks in `dues` for which a warning went out.
        overdue: the clocks in `dues` that ran out.
    """

    dues: dict[Clock, datetime] = field(default_factory=dict)
    paused_at: datetime | None = None
    warned: frozenset[Clock] = frozenset()
    overdue: frozenset[Clock] = frozenset()


@dataclass(frozen=True, slots=True)
class ClockUpdate:
    """The result of an update of the clocks.

    Args:
        warnings: each clock that needs a warning, and when it is due.
        breaches: each clock that has run out, and when it was due.
        next_at: when the next update is needed, if nothing changes until then.
    """

    clocks: Clocks
    warnings: tuple[tuple[Clock, datetime], ...] = ()
    breaches: tuple[tuple[Clock, datetime], ...] = ()
    next_at: datetime | None = None


def update_clocks(
    policy: Policy,
    hours: Hours | None,
    facts: ConversationFacts,
    before: Clocks,
    changed_at: datetime,
    now: datetime,
) -> ClockUpdate:
    """Brings the clocks up to date, with the warnings and breaches since the last update.

    Args:
        hours: those the policy names; None counts all time.
        before: the clocks as the last update left them.
        changed_at: when the facts became as they are, at most `now`. A clock that ran out before
            is a breach, though the answer has come meanwhile.
    """
    late = _newly_overdue(before, changed_at)
    breaches = [(clock, before.dues[clock]) for clock in CLOCKS if clock in late]
    reported = replace(before, overdue=before.overdue | late)
    after = running_clocks(policy, hours, facts, reported, changed_at)
    late = _newly_overdue(after, now)
    breaches += [(clock, after.dues[clock]) for clock in CLOCKS if clock in late]
    overdue = after.overdue | late
    warnings: list[tuple[Clock, datetime]] = []
    moments: list[datetime] = []
    for clock, due in after.dues.items():
        if clock in overdue or after.paused_at is not None:
            continue
        warn_at = _warn_at(policy, hours, clock, due, now)
        if clock not in after.warned and warn_at <= now:
            warnings.append((clock, due))
        moments.append(due if clock in after.warned or warn_at <= now else warn_at)
    warned = after.warned | {clock for clock, _ in warnings}
    return ClockUpdate(
        Clocks(after.dues, after.paused_at, warned, overdue),
        tuple(warnings),
        tuple(breaches),
        min(moments, default=None),
    )


def running_clocks(
    policy: Policy, hours: Hours | None, facts: ConversationFacts, before: Clocks, at: datetime
) -> Clocks:
    """The clocks that run by these facts.

    A clock that runs keeps its due time, also when the policy changes meanwhile.

    Args:
        at: when the facts became as they are.
    """
    goes_on = before.paused_at is not None and not facts.stands_still
    current = _moved(hours, before, at) if goes_on else before.dues
    dues: dict[Clock, datetime] = {}
    restarted: set[Clock] = set()
    for clock, start in _running(facts):
        duration = getattr(policy, clock)
        due = None if duration is None else due_at(hours, start, duration)
        if due is None:
            continue
        # The customer may have been answered and have written again since the last look.
        if clock in current and (clock != "next_reply" or current[clock] >= due):
            dues[clock] = current[clock]
        else:
            dues[clock] = due
            restarted.add(clock)
    paused_at = before.paused_at if not goes_on else None
    return Clocks(
        dues,
        (paused_at or at) if facts.stands_still else None,
        (before.warned & dues.keys()) - restarted,
        (before.overdue & dues.keys()) - restarted,
    )


def start_clocks(policy: Policy, hours: Hours | None, at: datetime) -> Clocks:
    """The clocks of a conversation that comes under another policy at a moment.

    The clocks of replies start from the customer's message, with the next update.
    """
    due = None if policy.resolve is None else due_at(hours, at, policy.resolve)
    return Clocks({} if due is None else {"resolve": due})


def due_at(hours: Hours | None, start: datetime, duration: timedelta) -> datetime | None:
    """When a clock runs out; None when the hours never have so much open time."""
    return start + duration if hours is None else add_open_time(hours, start, duration)


def _running(facts: ConversationFacts) -> list[tuple[Clock, datetime]]:
    running: list[tuple[Clock, datetime]] = [("resolve", facts.opened_at)]
    if facts.waiting_since is not None:
        reply: Clock = "next_reply" if facts.is_answered else "first_reply"
        running.append((reply, facts.waiting_since))
    return running


def _newly_overdue(clocks: Clocks, by: datetime) -> frozenset[Clock]:
    """The clocks that had run out by a moment and are not reported as overdue yet."""
    until = by if clocks.paused_at is None else clocks.paused_at
    return frozenset(
        clock for clock, due in clocks.dues.items() if due <= until and clock not in clocks.overdue
    )


def _moved(hours: Hours | None, before: Clocks, to: datetime) -> dict[Clock, datetime]:
    """The dues after a pause: each clock has as much time left as when the pause began."""
    assert before.paused_at is not None
    moved = {}
    for clock, due in before.dues.items():
        left = _time_left(hours, before.paused_at, due)
        new = due if clock in before.overdue else due_at(hours, to, left)
        moved[clock] = due if new is None else new
    return moved


def _time_left(hours: Hours | None, now: datetime, due: datetime) -> timedelta:
    return max(due - now, timedelta()) if hours is None else open_time_between(hours, now, due)


def _warn_at(
    policy: Policy, hours: Hours | None, clock: Clock, due: datetime, now: datetime
) -> datetime:
    duration: timedelta = getattr(policy, clock) or timedelta()
    early = _time_left(hours, now, due) - duration * (1 - WARN_AT)
    if early <= timedelta():
        return now
    warn_at = due_at(hours, now, early)
    return due if warn_at is None else warn_at


# -- in a conversation's row -----------------------------------------------------------------------


class ClockColumns(Protocol):
    """The columns of a conversation that keep its clocks, beside `<clock>_due` for each clock."""

    @property
    def sla_paused_at(self) -> datetime | None: ...
    @property
    def sla_warned(self) -> list[Clock]: ...
    @property
    def sla_overdue(self) -> list[Clock]: ...


def clocks_from_row(row: ClockColumns) -> Clocks:
    """The clocks as the columns of a conversation keep them."""
    dues = {clock: getattr(row, f"{clock}_due") for clock in CLOCKS}
    return Clocks(
        dues={clock: due for clock, due in dues.items() if due is not None},
        paused_at=row.sla_paused_at,
        warned=frozenset(row.sla_warned),
        overdue=frozenset(row.sla_overdue),
    )


def clock_columns(step: ClockUpdate) -> dict[str, Any]:
    """The columns of a conversation that keep an update."""
    clocks = step.clocks
    return {
        **{f"{clock}_due": clocks.dues.get(clock) for clock in CLOCKS},
        "sla_paused_at": clocks.paused_at,
        "sla_warned": sorted(clocks.warned),
        "sla_overdue": sorted(clocks.overdue),
        "sla_next_at": step.next_at,
    }
