"""The character set that the bytes themselves show, whatever their label says.

Source: ISO/IEC 2022 and RFC 1468, 1557 (escapes); RFC 3629 (the form of UTF-8).
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from functools import lru_cache

#: Characters of several bytes that make valid UTF-8 more likely than a label of one kind.
SINGLE_BYTE_EVIDENCE, MULTI_BYTE_EVIDENCE = 2, 6
#: Bytes that a guess looks at where a text is short.
SHORT_SAMPLE = 160

_ESCAPES = re.compile(rb"\x1b(?:\$[@AB]|\$\([@BDOPQ]|\([IJ]|\$\)C)")
_KOREAN = b"\x1b$)C"
_NEW_JIS = re.compile(rb"\x1b\$\([OPQ]")
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_LETTERS = re.compile(r"\w{3,}")
_NOT_CHINESE = re.compile("[\u3041-\u30ff]|[\u4e00-\u9fff] (?=[\u4e00-\u9fff])")
#: Letters of the scripts that write their vowels, taken apart from their accents.
_SPOKEN = re.compile("[a-z\u03b1-\u03c9\u0430-\u044f]")
_VOWEL = re.compile("[aeiouyæøœ\u0131αεηιουωаеиоуыэюяєі]")
_CONSONANTS = re.compile(
    "(?:(?![aeiouyæøœ\u0131αεηιουωаеиоуыэюяєі])[a-zα-ωа-яґђ][\u0300-\u036f]?){5}"
)
#: Bytes of Cyrillic letters in KOI8 and Windows; ideographs use the others as much as these.
_CYRILLIC = bytes([0xA3, 0xA8, 0xB3, 0xB8, *range(0xC0, 0x100)])

MULTI_BYTE = ("gb18030", "big5hkscs", "cp932", "cp949", "euc_jp")
#: Sets of Latin letters, then all others; of two that fit equally well, the first counts.
LATIN = ("cp1252", "cp1250", "cp1254", "cp1257")
NOT_LATIN = (
    "cp1251", "koi8_u", "cp1253", "cp1255", "cp1256", "iso8859-5", "cp866", "cp874", *MULTI_BYTE,
)  # fmt: skip
#: Sets of which every row of bytes is text, so that no decoding ever contradicts them.
_MULTI_BYTE_PREFIXES = ("gb", "big5", "cp93", "cp94", "euc", "shift", "johab", "hz")


def by_evidence(data: bytes, name: str) -> str:
    """The character set that the bytes show; `name`, that of their label, where they show none."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if name.startswith(("utf-16", "utf-32")) and b"\x00" not in data:
        return "utf-8"
    if data.isascii():
        return _by_escapes(data) or name
    if name and not name.startswith("utf"):
        needed = MULTI_BYTE_EVIDENCE if is_multi_byte(name) else SINGLE_BYTE_EVIDENCE
        if characters_of_utf8(data) >= needed:
            return "utf-8"
    return name


def _by_escapes(data: bytes) -> str:
    if b"\x1b" not in data or not _ESCAPES.search(data):
        return ""
    if _KOREAN in data:
        return "iso2022_kr"
    return "iso2022_jp_2004" if _NEW_JIS.search(data) else "iso2022_jp_ext"


def is_multi_byte(name: str) -> bool:
    """Whether a character of this set may take several bytes; UTF-8 is not meant."""
    return name.startswith(_MULTI_BYTE_PREFIXES)


def characters_of_utf8(data: bytes) -> int:
    """The number of characters of several bytes, 0 where the bytes are not valid UTF-8.

    The bytes may end within a character, as the beginning of a long text does.
    """
    try:
        text, _ = codecs.utf_8_decode(data, "strict", False)
    except UnicodeDecodeError:
        return 0
    return sum(character > "\x7f" for character in text)


def guess_short(data: bytes) -> str:
    """The set in which a short text reads best: letters of one script, capitals at their places."""
    sample = data[:SHORT_SAMPLE]
    runs = _HIGH_RUN.findall(sample)
    names: tuple[str, ...] = LATIN
    # No language writes three letters with accents in a row.
    if max(map(len, runs), default=0) >= 3:
        names = (*NOT_LATIN, *LATIN)
        joined = b"".join(runs)
        if len(joined) >= 4 and not joined.translate(None, _CYRILLIC):
            names = tuple(name for name in names if name not in MULTI_BYTE)
    return min(names, key=lambda name: _strangeness(sample, name))


def _strangeness(sample: bytes, name: str) -> float:
    try:
        text = codecs.getincrementaldecoder(name)().decode(sample)
    except UnicodeError:
        return float("inf")
    # Chinese has neither kana nor spaces.
    total = 3.0 * len(_NOT_CHINESE.findall(text)) if name in {"gb18030", "big5hkscs"} else 0.0
    before = ("", False)
    for character in text:
        script, is_capital, strange = _kind(character)
        total += strange
        if before[0] and script and before[0] != script:
            total += 3
        if is_capital and before[0]:
            total += 0.2 if before[1] else 2
        before = (script, is_capital)
    return total + sum(map(_unspeakable, _LETTERS.findall(text)))


def _unspeakable(letters: str) -> float:
    """More than 0 for a word that nobody could speak: almost none is a vowel."""
    if letters.isascii() or "LETTER" not in unicodedata.name(letters[-1], ""):
        return 0
    plain = unicodedata.normalize("NFD", letters.lower())
    if not _SPOKEN.search(plain):
        return 0
    vowels = len(_VOWEL.findall(plain))
    return (1.5 if vowels * 4 < len(letters) else 0) + (1 if _CONSONANTS.search(plain) else 0)


@lru_cache(maxsize=8_192)
def _kind(character: str) -> tuple[str, bool, float]:
    """The script of a letter, whether it is a capital, and how strange it is in any text."""
    if character < "\x80":
        is_letter = character.isalpha()
        return ("LATIN" if is_letter else "", character.isupper(), 0)
    category = unicodedata.category(character)
    name = unicodedata.name(character, "")
    script = name.split(" ", 1)[0]
    if script in {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}:
        # Japanese mixes its scripts; the more frequent ideographs have the lower numbers.
        return ("CJK", False, 0.9 if _is_frequent(character) else 2)
    if script == "HANGUL":
        return (script, False, 0.9)
    if name.startswith(("HALFWIDTH", "BOX DRAWINGS")):
        return ("HALFWIDTH", False, 3)
    if category[0] == "L":
        return (script, category == "Lu", 0.55 if script == "THAI" else 0.5)
    if category[0] == "M":
        return (script, False, 2 if script == "HEBREW" else 0.6)
    return ("", False, 0.8 if category[0] in "PZ" else 3)


def _is_frequent(character: str) -> bool:
    if not "\u4e00" <= character <= "\u9fff":
        return True
    for name, end in (("gb2312", 0xD8), ("big5", 0xC9), ("shift_jis", 0x98)):
        try:
            if character.encode(name)[0] < end:
                return True
        except UnicodeError:
            continue
    return False
