"""Counting and splitting text the way channels do."""

from __future__ import annotations

from collections.abc import Callable

from hub.types import TextUnit

#: Where a long text is best cut, best first.
BREAKS = ("\n\n", "\n", ". ", "! ", "? ", "؟ ", "، ", "; ", ", ", " ")


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units, in which Telegram and Messenger count."""
    return len(text) + sum(character > "\uffff" for character in text)


MEASURES: dict[TextUnit, Callable[[str], int]] = {
    TextUnit.CHARACTERS: len,
    TextUnit.UTF16: utf16_length,
    TextUnit.BYTES: lambda text: len(text.encode()),
    TextUnit.SMS_SEGMENTS: len,
}


def split_text(text: str, limit: int, unit: TextUnit = TextUnit.CHARACTERS) -> list[str]:
    """Cuts `text` into pieces of at most `limit` units, at paragraphs, sentences or words.

    No character of the text is lost but the white space at a cut; an empty text has no pieces.
    """
    measure = MEASURES[unit]
    pieces = []
    rest = text.strip()
    while measure(rest) > limit:
        head = _longest_head(rest, limit, measure)
        cut = _best_break(head)
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    if rest:
        pieces.append(rest)
    return pieces


def _longest_head(text: str, limit: int, measure: Callable[[str], int]) -> str:
    low, high = 1, min(len(text), limit)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(text[:middle]) <= limit:
            low = middle
        else:
            high = middle - 1
    return text[:low]


def _best_break(head: str) -> int:
    # A cut in the first half would waste the message, so a worse kind of break further on wins.
    for mark in BREAKS:
        position = head.rfind(mark)
        if position >= len(head) // 2:
            return position + len(mark)
    return len(head)
