"""Arithmetic of opening hours: open or closed, the next opening, spans of open time. Pure.

Hours are what the clock on the wall shows. Where the clock jumps ahead, a time that it leaves out
is the moment of the jump; where it is set back, a span that begins or ends in the hour that comes
twice has both of them. A holiday is closed from midnight to midnight, also for what began the
evening before, and what would begin on it does not begin.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.config.hours import DAY_END, Hours, Span

#: Hours that are closed for longer count as never open.
MAX_CLOSED = timedelta(days=366)
#: The longest that a clock may run.
MAX_CLOCK = timedelta(days=3660)

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def is_open(hours: Hours, at: datetime) -> bool:
    """Whether the hours are open at a moment: the opening time is open, the closing time not."""
    span = next(_open_spans(hours, at, _DAY), None)
    return span is not None and span[0] <= at


def opens_at(hours: Hours, after: datetime) -> datetime | None:
    """The first open moment from `after` on, which may be `after`. None: not within a year."""
    span = next(_open_spans(hours, after, MAX_CLOSED), None)
    return None if span is None else max(span[0], after.astimezone(UTC))


def add_open_time(hours: Hours, start: datetime, duration: timedelta) -> datetime | None:
    """The moment at which `duration` of open time has passed since `start`.

    At the end of a day's last hour it is that hour's end, not the next morning. None: there is
    not so much open time within ten years.
    """
    start, left = start.astimezone(UTC), duration
    if duration <= timedelta():
        return start
    for begin, stop in _open_spans(hours, start, MAX_CLOCK):
        begin = max(begin, start)
        if stop - begin >= left:
            return begin + left
        left -= stop - begin
    return None


def open_time_between(hours: Hours, start: datetime, end: datetime) -> timedelta:
    """The open time between two moments; zero when `end` is not after `start`."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    total = timedelta()
    if end <= start:
        return total
    # A start in 1970, from a machine that booted without a clock, costs no more than ten years.
    for begin, stop in _open_spans(hours, start, min(end - start, MAX_CLOCK)):
        if begin >= end:
            break
        total += min(stop, end) - max(begin, start)
    return total


# -- from the week to moments ----------------------------------------------------------------------


def _open_spans(
    hours: Hours, after: datetime, within: timedelta
) -> Iterator[tuple[datetime, datetime]]:
    """The spans of open time that end after `after`, in order and apart, as moments in UTC.

    Args:
        within: only days that begin up to this much later are looked at.
    """
    if not any(hours.week):
        return
    zone = ZoneInfo(hours.timezone)
    holidays = frozenset(hours.holidays)
    after = after.astimezone(UTC)
    day = after.astimezone(zone).date() - _DAY  # a span of yesterday may go on after midnight
    last = (after + within).astimezone(zone).date()
    reached = datetime.min.replace(tzinfo=UTC)
    while day <= last:
        if day not in holidays:
            for span in hours.week[day.weekday()]:
                begin, stop = _span_moments(day, span, day + _DAY in holidays, zone)
                begin = max(begin, reached)  # in an hour that comes twice two spans can overlap
                if begin < stop:
                    reached = stop
                    if stop > after:
                        yield begin, stop
        day += _DAY


def _span_moments(
    day: date, span: Span, is_cut_at_midnight: bool, zone: ZoneInfo
) -> tuple[datetime, datetime]:
    start, end = span
    midnight = datetime.combine(day, time())
    if is_cut_at_midnight:
        end = min(end, DAY_END)
    return (
        _wall_moment(midnight + timedelta(minutes=start), zone, last=False),
        _wall_moment(midnight + timedelta(minutes=end), zone, last=True),
    )


def _wall_moment(shown: datetime, zone: ZoneInfo, *, last: bool) -> datetime:
    """When the clock on the wall shows this: the first or the last time, or when it jumps over it.

    Source: PEP 495, https://peps.python.org/pep-0495/
    """
    first = shown.replace(tzinfo=zone)
    second = shown.replace(tzinfo=zone, fold=1)
    before, after = first.utcoffset(), second.utcoffset()
    if before == after:
        return first.astimezone(UTC)
    early, late = sorted((first.astimezone(UTC), second.astimezone(UTC)))
    if first.astimezone(UTC) == early:
        return late if last else early
    return _jump(early, late, zone)


def _jump(early: datetime, late: datetime, zone: ZoneInfo) -> datetime:
    """The moment between the two at which the clock was put ahead."""
    old = early.astimezone(zone).utcoffset()
    while late - early > _SECOND:
        middle = early + (late - early) // 2
        if middle.astimezone(zone).utcoffset() == old:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)
