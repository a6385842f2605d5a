"""Which automatic replies are due: a greeting, a place in the queue, a note outside hours. Pure.

Each is sent at most once in a conversation. None is sent where an agent is about to answer, and a
customer on a page sees their place in the queue there instead.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from hub.config import Config
from hub.config.hours import Hours
from hub.config.sections import Assignment
from hub.router.auto_replies import formats
from hub.router.hours import is_open, opens_at

ReplyKind = Literal["greeting", "queued", "offline"]
REPLY_KINDS: tuple[ReplyKind, ...] = ("greeting", "offline", "queued")

#: A conversation that is assigned within this time did not wait.
QUEUED_AFTER = timedelta(seconds=3)
#: The most replies to one address in a day, over all its conversations: more than two conversations
#: need, and the end of an exchange with a machine that answers ours.
MAX_PER_DAY = 8

_SENTENCE = re.compile(r"[^.!?؟。…]*[.!?؟。…]+[\s\u200f]*|[^.!?؟。…]+$")
#: A name is left out with what leads to it: "Hello, {name}!" is "Hello!" then.
_NAME = re.compile(r"[,،]?\s*\{name\}")
#: Addresses that no person reads. Source: RFC 3834 section 2, RFC 2142 section 5.
_MACHINES = re.compile(
    r"(?:no-?reply|do-?not-?reply|mailer-daemon|postmaster|bounces?)(?:[+-].*)?@.*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class ReplyContext:
    """A conversation in which the last message is the customer's.

    Args:
        channel: the kind of channel that they wrote on.
        is_page: it is a page, which shows the place in the queue itself.
        is_new: that message began it.
        is_routed: the rules have looked at it.
        is_held: an agent who is online has it.
        is_closed: the hours of its team are closed.
        waited: the time in the queue; None while it is not in one.
        is_served: an agent who serves the queue is online.
        sent: the replies that were sent in it before.
    """

    channel: str
    is_page: bool = False
    is_new: bool = False
    is_routed: bool = False
    is_held: bool = False
    is_closed: bool = False
    waited: timedelta | None = None
    is_served: bool = False
    sent: frozenset[ReplyKind] = frozenset()


def replies_due(config: Config, context: ReplyContext) -> list[ReplyKind]:
    """The replies that are due now, in order."""
    due: list[ReplyKind] = []
    if context.is_new and config.replies.greeting:
        due.append("greeting")
    if context.is_routed and not context.is_held:
        if context.is_closed:
            due.append("offline")
        elif _is_queued(config, context):
            due.append("queued")
    return [kind for kind in due if kind not in context.sent]


def _is_queued(config: Config, context: ReplyContext) -> bool:
    is_waiting = context.waited is not None and context.waited >= QUEUED_AFTER
    is_announced = announces_queue(config, context.is_served)
    return is_waiting and is_announced and not context.is_page


def announces_queue(config: Config, is_served: bool) -> bool:
    """Whether waiting customers get a reply about their place.

    The default text is sent only where a queue is configured and an agent serves it.
    """
    if "queued" in config.replies.model_fields_set:
        return True
    is_set_up = bool(config.teams or config.routing or config.hours)
    return is_served and (is_set_up or config.assignment != Assignment())


def team_hours(config: Config, team: str | None) -> list[Hours]:
    """The hours in which a team's conversations may be answered; empty: always.

    Those of all teams where it has no team; those of the hub where there are no teams.
    """
    if team is not None and team in config.teams:
        names = [config.teams[team].hours]
    elif config.teams:
        names = [configured.hours for configured in config.teams.values()]
    else:
        names = list(config.hours)
    if None in names:
        return []
    return [config.hours[name] for name in names if name is not None]


def are_closed(hours: list[Hours], now: datetime) -> bool:
    return bool(hours) and not any(is_open(opening_hours, now) for opening_hours in hours)


def opening_text(hours: list[Hours], now: datetime, zone: str, locale: str) -> str:
    """When the first of these hours opens, as text; empty when none ever does.

    Args:
        zone: the customer's own time zone; where it is unknown, that of the hours.
    """
    openings = [
        (moment, opening_hours.timezone)
        for opening_hours in hours
        if (moment := opens_at(opening_hours, now)) is not None
    ]
    if not openings:
        return ""
    opening, zone_of_hours = min(openings)
    shown_zone = zone if _is_zone(zone) else zone_of_hours
    return formats.format_opening(opening, now, shown_zone, locale)


def fill_template(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders filled. A sentence that lacks a value is left out.

    Without a `name` only the name is left out: a greeting makes sense without it.
    """
    if not values.get("name"):
        text = _NAME.sub("", text).lstrip(" ,،")
    sentences = _SENTENCE.findall(text) or [text]
    complete = [
        sentence
        for sentence in sentences
        if all(values.get(name) for name in placeholder_names(sentence))
    ]
    return "".join(complete).strip().format_map(values) if complete else ""


def placeholder_names(text: str) -> list[str]:
    return [name for _, name, _, _ in string.Formatter().parse(text) if name]


def is_machine_address(path: str) -> bool:
    """Whether no person reads the mail to an address.

    Args:
        path: the mail address.
    """
    return _MACHINES.fullmatch(path) is not None


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True
