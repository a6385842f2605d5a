"""Counts and splits text in the units of the channels."""

from __future__ import annotations

from collections.abc import Callable

from hub.types import TextUnit

#: The places at which a long text is cut, best first.
BREAKS = ("\n\n", "\n", ". ", "! ", "? ", "؟ ", "، ", "; ", ", ", " ")


def utf16_length(text: str) -> int:
    """The length in UTF-16 code units, the unit of Telegram and Messenger."""
    return len(text) + sum(character > "\uffff" for character in text)


MEASURES: dict[TextUnit, Callable[[str], int]] = {
    TextUnit.CHARACTERS: len,
    TextUnit.UTF16: utf16_length,
    TextUnit.BYTES: lambda text: len(text.encode()),
    TextUnit.SMS_SEGMENTS: len,
}


def split_text(text: str, limit: int, unit: TextUnit = TextUnit.CHARACTERS) -> list[str]:
    """Cuts a text into pieces, at paragraphs, sentences or words where it can.

    Args:
        limit: the greatest length of a piece, in units.

    Returns:
        The pieces. Only the white space at a cut is lost; an empty text has no pieces.
    """
    measure = MEASURES[unit]
    pieces = []
    tail = text.strip()
    while measure(tail) > limit:
        head = _longest_head(tail, limit, measure)
        cut = _best_break(head)
        pieces.append(tail[:cut].rstrip())
        tail = tail[cut:].lstrip()
    if tail:
        pieces.append(tail)
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
