"""The plainest form of a text: one for the rules' words, for search, and for comparing. Pure.

Two texts that people write for the same word have the same form: with or without accents, with a
stroke through a letter or without, as a ligature or as two letters, on an Arabic keyboard or a
Persian one, full width or not, with other digits. Letters that differ in meaning stay apart: the
voicing marks of Japanese, the tones of Thai, the vowel signs of Indian scripts.
"""

from __future__ import annotations

import re
import unicodedata

#: Letters that Unicode does not decompose -> what a keyboard without them writes.
_LETTERS = {
    "ł": "l",
    "ƚ": "l",
    "ø": "o",
    "ɵ": "o",
    "đ": "d",
    "ð": "d",
    "ɖ": "d",
    "ɗ": "d",
    "ħ": "h",
    "ŧ": "t",
    "þ": "th",
    "ı": "i",
    "ɨ": "i",
    "ȷ": "j",
    "ɉ": "j",
    "æ": "ae",
    "œ": "oe",
    "ĳ": "ij",
    "ß": "ss",
    "ŋ": "n",
    "ɲ": "n",
    "ɓ": "b",
    "ƀ": "b",
    "ƙ": "k",
    "ĸ": "k",
    "ǥ": "g",
    "ɍ": "r",
    "ʉ": "u",
    "ɏ": "y",
    "ƴ": "y",
    "ƶ": "z",
    "ȼ": "c",
    "ⱥ": "a",
    "ə": "e",
    "ǝ": "e",
    "ɇ": "e",
    "ґ": "г",
    # Arabic letters that keyboards of Arabic, Persian, Urdu and Kurdish write differently.
    "ي": "ی",
    "ى": "ی",
    "ې": "ی",
    "ۍ": "ی",
    "ے": "ی",
    "ك": "ک",
    "ڪ": "ک",
    "ة": "ه",
    "ۃ": "ه",
    "ہ": "ه",
    "ھ": "ه",
    "ە": "ه",
    "ٱ": "ا",
}
#: Characters between the letters of a word that people also leave out, or that nobody sees: the
#: stretching of Arabic, soft hyphens, joiners, marks of the direction.
_NOTHING = "\u0640\u00ad\u200d\u2060\ufeff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
#: Characters for which people also type a space: they part a Persian word, or words of Thai.
_PARTING = "\u200c\u200b"
#: The first digit of each script whose people also write 0 to 9.
_ZEROES = "\u0660\u06f0\u0966\u09e6\u0a66\u0ae6\u0b66\u0be6\u0c66\u0ce6\u0d66\u0e50\u0ed0\u1040"
#: Accents, and the points of Hebrew, Arabic and Syriac. The marks of other scripts are letters.
_MARKS = (
    "\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0711\u0730-\u074a\u08d3-\u08e1\u08e3-\u08ff"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f"
)
_REMOVED = re.compile(f"[{_MARKS}{_NOTHING}]+")
_FOLDED = str.maketrans(
    {
        **_LETTERS,
        **dict.fromkeys(_PARTING, " "),
        **{chr(ord(zero) + digit): str(digit) for zero in _ZEROES for digit in range(10)},
    }
)


def fold(text: str) -> str:
    """The plainest form of a text. Folding it again changes nothing."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", _REMOVED.sub("", plain).translate(_FOLDED))
