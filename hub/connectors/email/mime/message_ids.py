"""Message-IDs: read in the forms in which they come, and made so that only this hub makes them.

Source: RFC 5322, 3.6.4
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable

from hub.connectors.email.addresses import ascii_domain
from hub.connectors.email.mime.headers import Headers

#: RFC 5322 gives no limit to References; servers refuse headers that grow without end.
MAX_REFERENCES = 20
MAX_READ = 100
MAX_ID = 400

_BRACKETED = re.compile(r"<([^<>]{1,998})>")
_OWN_LOCAL_PART = re.compile(r"(?:[A-Za-z0-9-]{1,40}\.){0,2}[0-9a-f]{32}")
_OURS = re.compile(r"[^\s<>()\[\],;:\\\"\x00-\x20\x7f-\U0010ffff]{1,400}")


def message_id(headers: Headers) -> str:
    """The mail's own id without brackets, "" when it has none."""
    return next(iter(ids_in(headers.raw("message-id"))), "")


def references(headers: Headers) -> tuple[str, ...]:
    """Ids that put the mail into a thread, nearest first: In-Reply-To, then References backwards.

    Outlook and Apple Mail often send only one of the two, so both count.
    """
    answered = [id_ for value in headers.all("in-reply-to") for id_ in ids_in(value)]
    thread = [id_ for value in headers.all("references") for id_ in ids_in(value)]
    return tuple(dict.fromkeys([*answered, *reversed(thread)]))[:MAX_READ]


def ids_in(value: str) -> list[str]:
    """Every id in a header's value; those without brackets count when there are no others."""
    ids = ["".join(match.split()) for match in _BRACKETED.findall(value)]
    if not ids:
        # Some programs write prose here ("Your message of Monday"); an id has an at sign.
        ids = [token.strip("<>,;\"'") for token in value.split() if "@" in token]
    return [_storable(id_) for id_ in ids if id_][:MAX_READ]


def own_id(parts: Iterable[str], key: bytes, domain: str) -> str:
    """The id of a mail of ours: always the same for the same parts, and not to be guessed.

    Args:
        parts: what the id names: the conversation and the message.
        key: the secret that seals it.
        domain: the part after the at sign.
    """
    named = [re.sub(r"[^A-Za-z0-9-]", "", part)[:40] for part in parts]
    seal = hmac.new(key, "\x00".join(parts).encode(), hashlib.sha256).hexdigest()[:32]
    return f"{'.'.join([*filter(None, named), seal])}@{domain}"


def has_own_form(id_: str, ours: str) -> bool:
    """Whether an id has the form of those that `own_id` makes for mails from our address."""
    local, _, domain = id_.rpartition("@")
    our_domain = ascii_domain(ours.rpartition("@")[2])
    return domain == our_domain and _OWN_LOCAL_PART.fullmatch(local) is not None


def chain(nearest_first: Iterable[str]) -> str:
    """References for a mail of ours: oldest first, the first and the newest kept when too many."""
    # An id with an encoded word would be decoded on its way out, line ends included.
    ids = [id_ for id_ in dict.fromkeys(nearest_first) if _OURS.fullmatch(id_) and "=?" not in id_][
        ::-1
    ]
    if len(ids) > MAX_REFERENCES:
        ids = [ids[0], *ids[1 - MAX_REFERENCES :]]
    return " ".join(f"<{id_}>" for id_ in ids)


def _storable(id_: str) -> str:
    return id_.encode("ascii", "replace").decode("ascii")[:MAX_ID]
