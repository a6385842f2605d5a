"""What an agent types into a search: words, and operators such as `from:` and `before:`. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from hub.errors import Invalid

#: The words that `is:` takes, with what they ask of a conversation.
STATES = ("unread", "open", "pending", "snoozed", "resolved", "assigned", "unassigned", "waiting")
#: How many operators of one query are obeyed; the rest are words.
MAX_OPERATORS = 16

_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
_PART = re.compile(r'(?<!\S)([A-Za-z]+):(?:"([^"]*)"|(\S+))(?!\S)')


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A search with its operators.

    Args:
        text: the words that are no operator.
        senders: names or addresses of authors, each of which must fit.
        recipients: names or addresses of those written to.
        channels: names of connectors, or kinds of channels.
        labels: labels that the conversation has, all of them.
        states: words of `STATES`, all of which hold.
        before: messages are earlier than this.
        after: messages are not earlier than this.
        has_file: messages have a file.
    """

    text: str = ""
    senders: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    before: datetime | None = None
    after: datetime | None = None
    has_file: bool = False

    @property
    def asks_for_messages(self) -> bool:
        """Whether a word or an operator is about messages, and not only about conversations."""
        return bool(
            self.text.strip()
            or self.senders
            or self.recipients
            or self.before
            or self.after
            or self.has_file
        )

    @property
    def has_operators(self) -> bool:
        """Whether there is anything but words."""
        return self != SearchQuery(text=self.text)


def parse_query(text: str, zone: tzinfo = UTC) -> SearchQuery:
    """Reads a search. What is no operator, or has a value that it does not take, is words.

    Args:
        text: such as `invoice from:anna before:2026-11-02`; a value with spaces is quoted.
        zone: in which the days of `before:` and `after:` begin and end.
    """
    fields: dict[str, list[str]] = {name: [] for name in ("from", "to", "channel", "label", "is")}
    moments: dict[str, datetime] = {}
    has_file = False
    plain: list[str] = []
    end = 0
    for count, part in enumerate(_PART.finditer(text)):
        name, value = part[1].lower(), (part[2] if part[2] is not None else part[3]).strip()
        if count >= MAX_OPERATORS or not value:
            continue
        if name in ("before", "after"):
            moment = _edge(name, value, zone)
            if moment is None:
                continue
            moments[name] = moment
        elif name == "has" and value.lower() in ("file", "files", "attachment"):
            has_file = True
        elif name == "is" and value.lower() in STATES:
            fields["is"].append(value.lower())
        elif name in fields and name != "is":
            fields[name].append(value)
        else:
            continue
        plain.append(text[end : part.start()])
        end = part.end()
    plain.append(text[end:])
    return SearchQuery(
        text=" ".join(" ".join(plain).split()),
        senders=tuple(fields["from"]),
        recipients=tuple(fields["to"]),
        channels=tuple(fields["channel"]),
        labels=tuple(fields["label"]),
        states=tuple(fields["is"]),
        before=moments.get("before"),
        after=moments.get("after"),
        has_file=has_file,
    )


def _edge(name: str, value: str, zone: tzinfo) -> datetime | None:
    try:
        return day_edge(name, value, zone)
    except Invalid:
        return None


def day_edge(name: str, value: str, zone: tzinfo) -> datetime:
    """The moment at which a period begins or ends.

    Args:
        name: `before` or `after`. `before` a day ends where the day begins; `after` a day begins
            where the day ends.
        value: a day, `2026-11-02`, or a time as RFC 3339.
        zone: the agent's own, for days.

    Raises:
        Invalid: it is neither.
    """
    try:
        if _DATE.fullmatch(value):
            year, month, day = map(int, value.split("-"))
            # Midnight is asked for on each day: a day on which the clocks change has 23 hours.
            midnight = datetime(year, month, day)  # noqa: DTZ001 - the zone is added below
            if name == "after":
                midnight += timedelta(days=1)
            return midnight.replace(tzinfo=zone).astimezone(UTC)
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=zone)
    except (ValueError, OverflowError):
        raise Invalid("Give a day as 2026-11-02, or a time as RFC 3339.", name) from None


def read_zone(name: str) -> tzinfo:
    """A time zone by its name. Raises Invalid."""
    load: Callable[[str], tzinfo] = ZoneInfo
    try:
        return load(name)
    except (ValueError, KeyError, OSError):
        raise Invalid("Give a time zone as Europe/Tallinn.", "zone") from None
