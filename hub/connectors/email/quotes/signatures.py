"""Where a signature begins, and the lines of it that are content all the same."""

from __future__ import annotations

import re

from hub.connectors.email.quotes.signature_phrases import (
    CLOSING_WITH_NAME,
    CLOSINGS,
    POSTSCRIPT,
    SENT_FROM,
)

MAX_SIGNATURE_LINES = 12

_ITEM = re.compile(r"\s*(?:[-*•·]\s?\S|\d{1,3}[.)]\s)")


def without_signature(lines: list[str], written: list[int]) -> list[int]:
    """Without a signature at the end, and without the line that a phone adds.

    A postscript below a signature stays.
    """
    for find in (_dashes, _sent_from, _closing):
        start = find(lines, written)
        if start is not None and any(lines[n].strip() for n in written[:start]):
            written = written[:start] + _from_postscript(lines, written[start:])
    return written


def signature_start(lines: list[str], least: int) -> int:
    """The line of two hyphens behind an answer, or the number of lines."""
    written = list(range(least, len(lines)))
    start = _dashes(lines, written)
    return len(lines) if start is None else written[start]


def _dashes(lines: list[str], written: list[int]) -> int | None:
    """The line of two hyphens. Source: RFC 3676, 4.3.

    Without the space that makes it a mark it may as well be a separator of the sender: where it
    stands twice, or above a list.
    """
    starts = [at for at, n in enumerate(written) if lines[n].rstrip() in {"--", "—"}]
    marks = [at for at in starts if lines[written[at]].startswith("-- ")]
    if not marks and len(starts) != 1:
        return None
    start = (marks or starts)[-1 if len(marks) < 2 else 0]
    below = [lines[n] for n in written[start + 1 :] if lines[n].strip()]
    if len(below) > MAX_SIGNATURE_LINES:
        return None
    if not marks and sum(bool(_ITEM.match(line)) for line in below) >= 2:
        return None
    return start


def _sent_from(lines: list[str], written: list[int]) -> int | None:
    filled = [at for at, n in enumerate(written) if lines[n].strip()][-2:]
    for at in filled:
        line = lines[written[at]].strip()
        if len(line) <= 120 and SENT_FROM.match(line) and not line.endswith(("?", "？")):
            return at
    return None


def _closing(lines: list[str], written: list[int]) -> int | None:
    """A closing formula alone on its line, with nothing but a name and a card after it."""
    filled = [at for at, n in enumerate(written) if lines[n].strip()][-MAX_SIGNATURE_LINES:]
    for at in filled:
        line = lines[written[at]].strip().rstrip(",.!;–—-،:").strip()
        if not (CLOSINGS.fullmatch(line) or CLOSING_WITH_NAME.fullmatch(line)):
            continue
        below = written[at + 1 :]
        card = below[: len(below) - len(_from_postscript(lines, below))]
        if all(_is_card(lines[n]) for n in card):
            return at
    return None


def _is_card(line: str) -> bool:
    return len(line) <= 80 and not line.rstrip().endswith(("?", "؟"))


def _from_postscript(lines: list[str], written: list[int]) -> list[int]:
    for at, number in enumerate(written):
        if POSTSCRIPT.match(lines[number]):
            return written[at:]
    return []
