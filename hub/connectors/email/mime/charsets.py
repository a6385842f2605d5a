"""Bytes to text, also with a wrong or unknown label: no exception, no lone surrogate.

Source: https://encoding.spec.whatwg.org, RFC 2045, 5.1
"""

from __future__ import annotations

import codecs
import re
from itertools import islice

from hub.connectors.email.mime.charset_evidence import by_evidence, guess_short

#: Labels that senders use for a larger set than the label names, as browsers read them.
#: Source: https://encoding.spec.whatwg.org/#names-and-labels
WIDER = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
}
#: Names seen in mail that Python does not know.
ALIASES = {
    "x-unknown": "",
    "unknown-8bit": "",
    "ansi": "cp1252",
    "cp-850": "cp850",
    "ks_c_5601-1987": "cp949",
    "x-sjis": "cp932",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-6-i": "iso8859-6",
    "x-mac-cyrillic": "mac_cyrillic",
    "macintosh": "mac_roman",
    "x-gbk": "gb18030",
    "utf8mb4": "utf-8",
}
#: UTF-7 hides markup from filters and is not sent; the others are not character sets of mail.
REFUSED = frozenset(
    {"utf-7", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"}
)
#: Bytes that a guess looks at; a longer sample guesses no better.
SAMPLE = 4_096
#: Bytes beyond ASCII from which on a guess by statistics is better than one by the form of words.
LONG_ENOUGH = 200

_ASCII = bytes(range(0x80))
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_META = re.compile(rb"<meta[^>]{0,200}charset\s{0,8}=\s{0,8}[\"']?([A-Za-z0-9_:-]{2,40})", re.I)
_STATED = re.compile(
    rb"charset\s{0,8}=\s{0,8}[\"']?([A-Za-z0-9_:.-]{2,40})|=\?([A-Za-z0-9_:.-]{2,40})\?[bBqQ]\?",
    re.I,
)
#: How far into a mail a character set is looked for, and how many names are read.
STATED_WITHIN, MAX_STATED = 65_536, 50
_UNWANTED = dict.fromkeys([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F])
_UNWANTED |= dict.fromkeys(range(0xFFFE, 0x10000))
_UNWANTED |= dict.fromkeys(range(0xD800, 0xE000), "�")


def decode(data: bytes, charset: str = "") -> str:
    """Text of `data`: by what its bytes show, else by its label, else UTF-8, else a guess."""
    name = by_evidence(data, _known(charset))
    for candidate in (name, "utf-8"):
        if candidate:
            try:
                return clean(data.decode(candidate))
            except (UnicodeError, ValueError):
                pass
    # A few broken bytes in a text of its own character set are not worth a guess.
    for candidate in dict.fromkeys((name, "utf-8")):
        if candidate and (text := _nearly_whole(data, candidate)):
            return clean(text)
    return clean(data.decode(_guess(data), "replace"))


def _nearly_whole(data: bytes, name: str) -> str:
    """The text in this character set, "" where it breaks too many characters."""
    text = data.decode(name, "replace")
    broken = text.count("\ufffd")
    if name != "utf-8":
        return text if broken * 50 <= len(text) else ""
    whole = sum(character > "\x7f" for character in text) - broken
    return text if broken * 2 <= whole else ""


def stated_charset(mail: bytes) -> str:
    """The character set that a mail names first in its fields, encoded words and pages.

    Programs that write raw bytes into a field write them in the character set of the text. UTF-8
    and the sets of Western Europe count for nothing here: they are defaults of programs.

    Returns: "" where the mail names none.
    """
    if mail.isascii():
        return ""
    for match in islice(_STATED.finditer(mail, 0, STATED_WITHIN), MAX_STATED):
        name = _known((match.group(1) or match.group(2)).decode("ascii"))
        if name and not name.startswith(("utf", "cp1252", "iso8859-15", "iso2022")):
            return name
    return ""


def decode_html(data: bytes, charset: str = "") -> str:
    """As `decode`; a page without a label may name its character set itself."""
    if not _known(charset) and (match := _META.search(data, 0, 2048)):
        charset = match.group(1).decode("ascii")
    return decode(data, charset)


def clean(text: str) -> str:
    """Without NUL, other control characters and halves of characters; line ends as `\\n`."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_UNWANTED)


def one_line(text: str, limit: int) -> str:
    """Text fit for a name or a subject: one line, no control characters, at most `limit` long."""
    return " ".join(clean(text).split())[:limit].strip()


def _known(charset: str) -> str:
    label = charset.strip().strip("\"'").lower()
    label = ALIASES.get(label, label)
    if not label or "\x00" in label:
        return ""
    try:
        info = codecs.lookup(label)
    except (LookupError, ValueError):
        return ""
    # `codecs` also knows hex, zlib and rot13, which are no character sets.
    if info.name in REFUSED or not info._is_text_encoding:
        return ""
    return WIDER.get(info.name, info.name)


def _guess(data: bytes) -> str:
    sample = data[:SAMPLE]
    beyond_ascii = len(sample.translate(None, _ASCII))
    if beyond_ascii < LONG_ENOUGH or beyond_ascii * 3 < len(sample):
        return guess_short(sample[max(0, _first_beyond_ascii(sample) - 8) :])
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_exclusion=["utf_7", "utf_16", "utf_32"]).best()
    if best is None or best.encoding == "ascii":
        return "cp1252"
    return WIDER.get(best.encoding, best.encoding)


def _first_beyond_ascii(data: bytes) -> int:
    match = _BEYOND_ASCII.search(data)
    return match.start() if match else 0
