"""What the hub says on its own, and when: a greeting, a place in the queue, that nobody is there.

Pure. Each is said at most once in a conversation. It is never said where a person is about to
answer, and a customer on the web chat sees their place in the queue live instead of being told.
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

#: Who is given to somebody in this time was not waiting.
QUEUED_AFTER = timedelta(seconds=3)
#: What is said to one address in a day at most, over all its conversations. More than two
#: conversations need it, and no machine that answers ours gets further.
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
    """A conversation in which the customer spoke last.

    Args:
        channel: the kind of channel they wrote on.
        is_page: it is a page, which shows the place in the queue itself.
        is_new: they have just begun it.
        is_routed: the rules have looked at it.
        is_held: by an agent who is online.
        is_closed: its team's hours are.
        waited: since it came into the queue; None while it is not in one.
        is_served: somebody is online who serves the queue.
        said: what was said in it before.
    """

    channel: str
    is_page: bool = False
    is_new: bool = False
    is_routed: bool = False
    is_held: bool = False
    is_closed: bool = False
    waited: timedelta | None = None
    is_served: bool = False
    said: frozenset[str] = frozenset()


def replies_due(config: Config, now_is: ReplyContext) -> list[ReplyKind]:
    """What is to be said now, in order."""
    said: list[ReplyKind] = []
    if now_is.is_new and config.replies.greeting:
        said.append("greeting")
    if now_is.is_routed and not now_is.is_held:
        if now_is.is_closed:
            said.append("offline")
        elif _is_queued(config, now_is):
            said.append("queued")
    return [kind for kind in said if kind not in now_is.said]


def _is_queued(config: Config, now_is: ReplyContext) -> bool:
    is_waiting = now_is.waited is not None and now_is.waited >= QUEUED_AFTER
    is_told = announces_queue(config, now_is.is_served)
    return is_waiting and is_told and not now_is.is_page


def announces_queue(config: Config, is_served: bool) -> bool:
    """Whether who waits is told.

    A text that nobody chose is said only where somebody set up a queue and somebody serves it.
    """
    if "queued" in config.replies.model_fields_set:
        return True
    is_set_up = bool(config.teams or config.routing or config.hours)
    return is_served and (is_set_up or config.assignment != Assignment())


def team_hours(config: Config, team: str | None) -> list[Hours]:
    """The hours in which somebody may be there for a team's conversations; empty: always.

    Where no team has it, any team may answer; where there are no teams, the hours are the hub's.
    """
    if team is not None and team in config.teams:
        names = [config.teams[team].hours]
    elif config.teams:
        names = [one.hours for one in config.teams.values()]
    else:
        names = list(config.hours)
    if None in names:
        return []
    return [config.hours[name] for name in names if name is not None]


def are_closed(hours: list[Hours], now: datetime) -> bool:
    return bool(hours) and not any(is_open(one, now) for one in hours)


def opening_text(hours: list[Hours], now: datetime, zone: str, locale: str) -> str:
    """When the first of them opens, in words; empty when none ever does.

    Args:
        zone: the customer's own time zone; where it is unknown, that of the hours.
    """
    found = [(at, one.timezone) for one in hours if (at := opens_at(one, now)) is not None]
    if not found:
        return ""
    at, theirs = min(found)
    return formats.format_opening(at, now, zone if _is_zone(zone) else theirs, locale)


def fill_template(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders filled. A sentence that lacks a value is left out.

    Without a `name` only the name goes: a greeting is one also without it.
    """
    if not values.get("name"):
        text = _NAME.sub("", text).lstrip(" ,،")
    sentences = _SENTENCE.findall(text) or [text]
    kept = [one for one in sentences if all(values.get(name) for name in placeholder_names(one))]
    return "".join(kept).strip().format_map(values) if kept else ""


def placeholder_names(text: str) -> list[str]:
    return [name for _, name, _, _ in string.Formatter().parse(text) if name]


def is_machine_address(path: str) -> bool:
    """Whether nobody reads what is sent there, or a machine does."""
    return _MACHINES.fullmatch(path) is not None


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True
