"""Message-IDs: read from the forms in which they come, made so that only we can make ours."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable

from hub.connectors.email.mime.headers import Headers

#: RFC 5322 gives no limit to References; servers refuse headers that grow without end.
MAX_REFERENCES = 20
MAX_READ = 100
MAX_ID = 400

_BRACKETED = re.compile(r"<\s*([^<>]{1,400}?)\s*>")
_OURS = re.compile(r"[^\s<>()\[\],;:\\\"\x00-\x20\x7f-\U0010ffff]{1,400}")


def message_id(headers: Headers) -> str:
    """The mail's own id without brackets, "" when it has none."""
    return next(iter(ids_in(headers.raw("message-id"))), "")


def references(headers: Headers) -> tuple[str, ...]:
    """Ids that put the mail into a thread, nearest first: In-Reply-To, then References backwards.

    Outlook and Apple Mail often send only one of the two, so both count.
    """
    answered = [each for value in headers.all("in-reply-to") for each in ids_in(value)]
    thread = [each for value in headers.all("references") for each in ids_in(value)]
    return tuple(dict.fromkeys([*answered, *reversed(thread)]))[:MAX_READ]


def ids_in(value: str) -> list[str]:
    """Every id in a header's value; those without brackets count when there are no others."""
    found = ["".join(each.split()) for each in _BRACKETED.findall(value)]
    if not found:
        # Some programs write prose here ("Your message of Monday"); an id has an at sign.
        found = [word.strip("<>,;\"'") for word in value.split() if "@" in word]
    return [_storable(each) for each in found if each][:MAX_READ]


def own_id(parts: Iterable[str], key: bytes, domain: str) -> str:
    """The id of a message of ours: always the same for the same parts, and not to be guessed."""
    named = [re.sub(r"[^A-Za-z0-9-]", "", part)[:40] for part in parts]
    seal = hmac.new(key, "\x00".join(parts).encode(), hashlib.sha256).hexdigest()[:32]
    return f"{'.'.join([*filter(None, named), seal])}@{domain}"


def chain(nearest_first: Iterable[str]) -> str:
    """References for a mail of ours: oldest first, the first and the newest kept when too many."""
    ids = [each for each in dict.fromkeys(nearest_first) if _OURS.fullmatch(each)][::-1]
    if len(ids) > MAX_REFERENCES:
        ids = [ids[0], *ids[1 - MAX_REFERENCES :]]
    return " ".join(f"<{each}>" for each in ids)


def _storable(each: str) -> str:
    return each.encode("ascii", "replace").decode("ascii")[:MAX_ID]
