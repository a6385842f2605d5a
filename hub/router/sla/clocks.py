"""Which clocks of a policy run for a conversation, and what they have to say. Pure.

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
from typing import Any, Literal

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
    """A conversation as the clocks see it. Times are aware; `waiting_since` is the customer's."""

    opened_at: datetime
    waiting_since: datetime | None = None
    #: A person has answered in it before.
    is_answered: bool = False
    stands_still: bool = False


@dataclass(frozen=True, slots=True)
class Clocks:
    """How the clocks of one conversation stand. What is not in `dues` does not run."""

    dues: dict[Clock, datetime] = field(default_factory=dict)
    paused_at: datetime | None = None
    warned: frozenset[Clock] = frozenset()
    #: Of the clocks in `dues`, those that ran out.
    overdue: frozenset[Clock] = frozenset()


@dataclass(frozen=True, slots=True)
class ClockUpdate:
    """What comes of a look at the clocks: how they stand now, and what is to be said of which."""

    clocks: Clocks
    warnings: tuple[tuple[Clock, datetime], ...] = ()
    breaches: tuple[tuple[Clock, datetime], ...] = ()
    #: When there is something to say again, if nothing changes until then.
    next_at: datetime | None = None


def update_clocks(
    policy: Policy,
    hours: Hours | None,
    facts: ConversationFacts,
    before: Clocks,
    changed_at: datetime,
    now: datetime,
) -> ClockUpdate:
    """Brings the clocks up to date and says what has fallen due since.

    Args:
        hours: those the policy names; None counts all time.
        before: how the clocks stood at the last look.
        changed_at: when the facts became what they are, at most `now`. What ran out before then
            ran out, though the answer has come meanwhile.
    """
    late = _newly_overdue(before, changed_at)
    breaches = [(clock, before.dues[clock]) for clock in CLOCKS if clock in late]
    told = replace(before, overdue=before.overdue | late)
    after = running_clocks(policy, hours, facts, told, changed_at)
    late = _newly_overdue(after, now)
    breaches += [(clock, after.dues[clock]) for clock in CLOCKS if clock in late]
    overdue = after.overdue | late
    warnings: list[tuple[Clock, datetime]] = []
    times: list[datetime] = []
    for clock, due in after.dues.items():
        if clock in overdue or after.paused_at is not None:
            continue
        warn_at = _warn_at(policy, hours, clock, due, now)
        if clock not in after.warned and warn_at <= now:
            warnings.append((clock, due))
        times.append(due if clock in after.warned or warn_at <= now else warn_at)
    warned = after.warned | {clock for clock, _ in warnings}
    return ClockUpdate(
        Clocks(after.dues, after.paused_at, warned, overdue),
        tuple(warnings),
        tuple(breaches),
        min(times, default=None),
    )


def running_clocks(
    policy: Policy, hours: Hours | None, facts: ConversationFacts, before: Clocks, at: datetime
) -> Clocks:
    """The clocks that run by these facts, `at` being when the facts became so.

    A clock that runs keeps its time, also when the policy's times are changed meanwhile.
    """
    goes_on = before.paused_at is not None and not facts.stands_still
    kept = _moved(hours, before, at) if goes_on else before.dues
    dues: dict[Clock, datetime] = {}
    anew: set[Clock] = set()
    for clock, start in _running(facts):
        duration = getattr(policy, clock)
        due = None if duration is None else due_at(hours, start, duration)
        if due is None:
            continue
        # The customer may have been answered and have written again since the last look.
        if clock in kept and (clock != "next_reply" or kept[clock] >= due):
            dues[clock] = kept[clock]
        else:
            dues[clock] = due
            anew.add(clock)
    stood = before.paused_at if not goes_on else None
    return Clocks(
        dues,
        (stood or at) if facts.stands_still else None,
        (before.warned & dues.keys()) - anew,
        (before.overdue & dues.keys()) - anew,
    )


def start_clocks(policy: Policy, hours: Hours | None, at: datetime) -> Clocks:
    """The clocks of a conversation that comes under another policy at a moment.

    The replies' clocks start from what the customer says, with the next look.
    """
    due = None if policy.resolve is None else due_at(hours, at, policy.resolve)
    return Clocks({} if due is None else {"resolve": due})


def due_at(hours: Hours | None, start: datetime, duration: timedelta) -> datetime | None:
    """When a clock runs out. None: the hours never give it so much time."""
    return start + duration if hours is None else add_open_time(hours, start, duration)


def _running(facts: ConversationFacts) -> list[tuple[Clock, datetime]]:
    found: list[tuple[Clock, datetime]] = [("resolve", facts.opened_at)]
    if facts.waiting_since is not None:
        reply: Clock = "next_reply" if facts.is_answered else "first_reply"
        found.append((reply, facts.waiting_since))
    return found


def _newly_overdue(clocks: Clocks, by: datetime) -> frozenset[Clock]:
    """Those that had run out by then, and of which nobody has been told."""
    until = by if clocks.paused_at is None else clocks.paused_at
    return frozenset(
        clock for clock, due in clocks.dues.items() if due <= until and clock not in clocks.overdue
    )


def _moved(hours: Hours | None, before: Clocks, to: datetime) -> dict[Clock, datetime]:
    """The dues after a pause: what was left when it began is left when it ends."""
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
    found = due_at(hours, now, early)
    return due if found is None else found


# -- in a conversation's row -----------------------------------------------------------------------


def clocks_from_row(row: Any) -> Clocks:
    dues = {clock: getattr(row, f"{clock}_due") for clock in CLOCKS}
    return Clocks(
        dues={clock: due for clock, due in dues.items() if due is not None},
        paused_at=row.sla_paused_at,
        warned=frozenset(row.sla_warned),
        overdue=frozenset(row.sla_overdue),
    )


def clock_columns(step: ClockUpdate) -> dict[str, Any]:
    """What the conversation's row keeps of it."""
    clocks = step.clocks
    return {
        **{f"{clock}_due": clocks.dues.get(clock) for clock in CLOCKS},
        "sla_paused_at": clocks.paused_at,
        "sla_warned": sorted(clocks.warned),
        "sla_overdue": sorted(clocks.overdue),
        "sla_next_at": step.next_at,
    }
