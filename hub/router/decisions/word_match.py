"""Finds words and patterns in the texts of customers, in any script. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from hub.schema import folding

_SPACES = re.compile(r"\s+")

#: Scripts that write without spaces between words: a word stands wherever its letters do.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
_HANGUL = re.compile("[\u1100-\u11ff\uac00-\ud7af]")
_ARABIC = re.compile("[\u0600-\u06ff]")
#: What Arabic writes together with the word that follows: and, so; by, like, for; the.
_ARABIC_PREFIX = re.compile("(?:[وف])?(?:[بکل])?(?:ال|لل)?")


@lru_cache(maxsize=512)
def fold_text(text: str) -> str:
    """The form of a text in which it is compared: case, accents and spacing do not count."""
    return _SPACES.sub(" ", folding.fold(text)).strip()


def contains_phrase(text: str, phrase: str) -> bool:
    """Whether a phrase stands in a text as words of its own. Both are folded."""
    start = 0
    while phrase and (at := text.find(phrase, start)) >= 0:
        if _begins(text, at) and _ends(text, at + len(phrase)):
            return True
        start = at + 1
    return False


def matches_pattern(pattern: str, value: str) -> bool:
    """Whether a value has the form of a pattern, in which `*` stands for anything.

    Case does not count. Takes time in proportion to the value, whatever the pattern.
    """
    first, *following = pattern.casefold().split("*")
    value = value.casefold()
    if not following:
        return value == first
    *between, last = following
    if len(value) < len(first) + len(last):
        return False
    if not (value.startswith(first) and value.endswith(last)):
        return False
    at, end = len(first), len(value) - len(last)
    for part in between:
        at = value.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


def _begins(text: str, at: int) -> bool:
    if at == 0 or not _is_word(text[at - 1]) or _UNSPACED.match(text[at]):
        return True
    if not _is_word(text[at]):
        return True
    if _ARABIC.match(text[at]):
        start = at
        while start and _is_word(text[start - 1]):
            start -= 1
        return _ARABIC_PREFIX.fullmatch(text[start:at]) is not None
    return False


def _ends(text: str, end: int) -> bool:
    last = text[end - 1]
    if end == len(text) or not _is_word(text[end]) or not _is_word(last):
        return True
    # Korean writes its particles after the word, without a space.
    return _UNSPACED.match(last) is not None or _HANGUL.match(last) is not None


def _is_word(character: str) -> bool:
    # Vowel signs of Indian scripts are marks, and part of their word.
    return unicodedata.category(character)[0] in "LMN" or character == "_"
