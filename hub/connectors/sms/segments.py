"""The number of text messages in a text, as the customer's network counts and bills them.

Source: 3GPP TS 23.038 (the alphabets) and 23.040 (long messages);
https://www.twilio.com/docs/glossary/what-sms-character-limit
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: Written as an escape and a character, so each costs two.
EXTENDED = frozenset("^{}\\[~]|€\f")

#: Units in a message that stands alone, and in a part of a longer one, whose header takes the rest.
LIMITS: dict[str, tuple[int, int]] = {"gsm7": (160, 153), "ucs2": (70, 67)}


@dataclass(frozen=True, slots=True)
class Segments:
    """The segments of a text.

    Args:
        units: septets (gsm7) or UTF-16 code units (ucs2).
        count: segments.
        left: how many more units fit before the next segment begins.
    """

    encoding: Literal["gsm7", "ucs2"]
    units: int
    count: int
    left: int


def count_segments(text: str) -> Segments:
    """The segments of a text, as a phone counts: one character outside GSM-7 makes all UCS-2."""
    encoding: Literal["gsm7", "ucs2"]
    if all(character in BASIC or character in EXTENDED for character in text):
        encoding, costs = "gsm7", [2 if character in EXTENDED else 1 for character in text]
    else:
        encoding, costs = "ucs2", [2 if character > "\uffff" else 1 for character in text]
    alone, part = LIMITS[encoding]
    units = sum(costs)
    if units <= alone:
        return Segments(encoding, units, 1 if text else 0, alone - units)
    count, used = _fill(costs, part)
    return Segments(encoding, units, count, part - used)


def _fill(costs: Iterable[int], size: int) -> tuple[int, int]:
    """Segments needed and units used in the last one: an escape or a surrogate pair never
    straddles two segments, so a segment may end one unit early."""
    count, used = 1, 0
    for cost in costs:
        if used + cost > size:
            count, used = count + 1, 0
        used += cost
    return count, used
