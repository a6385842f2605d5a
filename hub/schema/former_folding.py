"""How the search index folded texts before `folding`. Never changed.

The index keeps no copy of its texts, so a row is removed by the very words that it was indexed by:
this gives those of the rows that `search_refold` has not reached yet.
"""

from __future__ import annotations

import re
import unicodedata

MAX_INDEXED = 20_000

_SAME = str.maketrans(
    {
        "ł": "l",
        "đ": "d",
        "ø": "o",
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ı": "i",
        "ي": "ی",
        "ى": "ی",
        "ئ": "ی",
        "ك": "ک",
        "ة": "ه",
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
        "ؤ": "و",
        "ـ": None,
        "\u200c": " ",
        "\u200d": None,
    }
)
_LETTERS_AND_DIGITS = re.compile(r"[^\W_]+")


def former_fold(value: str) -> str:
    """The words of a text as they were indexed."""
    plain = value[:MAX_INDEXED].casefold().translate(_SAME)
    if not plain.isascii():
        plain = "".join(
            character
            for character in unicodedata.normalize("NFKD", plain)
            if not unicodedata.combining(character)
        ).translate(_SAME)
    return " ".join(_LETTERS_AND_DIGITS.findall(plain))
