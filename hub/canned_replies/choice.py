"""Which canned replies are offered for a conversation, in which order. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby

from hub.schema import resources
from hub.schema.folding import fold

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def versions_for(
    replies: Iterable[resources.CannedReply], language: str, kind: str | None
) -> list[resources.CannedReply]:
    """The best version of each reply: of the customer's language before one for all languages
    before another language, and made for the kind of channel before one for all kinds.

    Those that are made for other kinds of channels alone are left out.

    Args:
        language: of the customer, empty where it is unknown.
        kind: of the channel of the reply, None where it is unknown.
    """
    fitting = [reply for reply in replies if not reply.kinds or kind in reply.kinds]
    chosen = []
    for _, versions in groupby(sorted(fitting, key=_identity), key=_identity):
        scored = [(_fit(version, language), version) for version in versions]
        best = max(fit for fit, _ in scored)
        chosen += [version for fit, version in scored if fit == best]
    return chosen


def version_for(
    replies: Iterable[resources.CannedReply],
    reply: resources.CannedReply,
    language: str,
    kind: str | None,
) -> resources.CannedReply:
    """The best version of one reply; the reply itself where no version is better.

    Args:
        replies: all, of which those with the same owner and shortcut are its versions.
    """
    versions = [version for version in replies if _identity(version) == _identity(reply)]
    fitting = versions_for(versions, language, kind)
    if not fitting or any(version.id == reply.id for version in fitting):
        return reply
    return fitting[0]


def _identity(reply: resources.CannedReply) -> tuple[str, str, str]:
    return reply.scope, reply.team or reply.owner, fold(reply.shortcut)


def _fit(reply: resources.CannedReply, language: str) -> tuple[int, int]:
    if not reply.language:
        fit = 1
    elif language and reply.language.lower() == language.lower():
        fit = 3
    elif language and _primary(reply.language) == _primary(language):
        fit = 2
    else:
        fit = 0
    return fit, len(reply.kinds) > 0


def _primary(language: str) -> str:
    return language.replace("_", "-").partition("-")[0].lower()


def search(replies: Iterable[resources.CannedReply], text: str) -> list[resources.CannedReply]:
    """The replies that have all words of a text in their shortcut, title or text.

    They come by how their shortcut and title fit, then by use; without a text by use alone.
    """
    wanted = fold(text).strip().removeprefix("/")
    terms = wanted.split()
    ranked: list[tuple[int, resources.CannedReply]] = []
    for reply in replies:
        shortcut, title = fold(reply.shortcut), fold(reply.title)
        content = f"{shortcut} {title} {fold(reply.text)}"
        if all(term in content for term in terms):
            ranked.append((_rank(wanted, shortcut, title), reply))
    ranked.sort(key=lambda item: (item[0], *_by_use(item[1])))
    return [reply for _, reply in ranked]


def _rank(wanted: str, shortcut: str, title: str) -> int:
    fits: Sequence[bool] = (
        not wanted or shortcut == wanted,
        shortcut.startswith(wanted),
        title.startswith(wanted),
        wanted in title,
    )
    return next((rank for rank, is_fit in enumerate(fits) if is_fit), len(fits))


def _by_use(reply: resources.CannedReply) -> tuple[int, float, str, int]:
    last_used = (reply.last_used_at or _NEVER).timestamp()
    return -reply.used, -last_used, fold(reply.title), int(reply.id)
