"""When a message leaves that is not to leave at once. Pure.

A time to send keeps its wall clock: nine in the morning in Tallinn is nine there, whether the
clocks were changed since it was chosen or are changed before it comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hub.errors import Invalid

MAX_UNDO_SECONDS = 30
#: A message can be planned so far ahead.
LONGEST_AHEAD = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class SendTime:
    """A time on the wall of a zone, as ISO 8601 without an offset."""

    local_time: str
    zone: str

    def due_at(self) -> datetime:
        """The moment at which the wall clock shows the time, by the rules of the zone of today.

        A time that a clock change leaves out comes as much later as the clock is put ahead; of one
        that comes twice it is the first.
        """
        local = datetime.fromisoformat(self.local_time)
        return local.replace(tzinfo=_zone(self.zone)).astimezone(UTC)


def read_send_time(text: str, zone: str | None, now: datetime) -> SendTime:
    """Reads the time of a message that is to be sent later.

    Args:
        text: RFC 3339. With `Z` it is a moment, shown in the zone; with another offset its digits
            are the wall clock in the zone, though the offset may be that of another season.
        zone: an IANA name; None for the offset of the text.

    Raises:
        Invalid: no such time or zone, or the time has passed or is too far ahead.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("Give the time as in 2027-05-04T09:00:00+03:00.", "send_at") from None
    if moment.tzinfo is None:
        raise Invalid("The time needs its offset, as 2027-05-04T09:00:00+03:00.", "send_at")
    try:
        if zone is None:
            local = moment.astimezone(UTC)
        elif text[-1:] in "Zz":
            local = moment.astimezone(_zone(zone))
        else:
            local = moment
        sent = SendTime(local.replace(tzinfo=None).isoformat(), zone or "UTC")
        due_at = sent.due_at()
    except OverflowError:
        raise Invalid("There is no such time.", "send_at") from None
    if due_at <= now:
        raise Invalid("This time has passed. Choose a later one.", "send_at")
    if due_at > now + LONGEST_AHEAD:
        raise Invalid("A message can be planned a year ahead at most.", "send_at")
    return sent


def _zone(name: str) -> ZoneInfo:
    """Raises Invalid."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # a name that is none may be a path or a folder
        raise Invalid("There is no such time zone.", "zone") from None
