"""The words of an RTF body, or the page that Outlook wrapped into one. Linear; raises nothing.

The libraries for it either build a tree of the whole body or know nothing of wrapped pages.

Source: MS-OXRTFEX (https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxrtfex),
RTF specification 1.9.1
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

#: Groups within groups that are told apart; deeper ones share a state.
MAX_DEPTH = 500

_TOKEN = re.compile(
    rb"\\(?:([A-Za-z]{1,32})(-?[0-9]{1,9})? ?|'([0-9A-Fa-f]{2})|([^A-Za-z']))"
    rb"|([{}])|([^\\{}\r\n]+)|[\r\n]+|\\",
    re.S,
)
#: Control words that stand for a character.
_CHARACTERS = {
    b"par": "\n", b"line": "\n", b"row": "\n", b"sect": "\n", b"page": "\n", b"tab": "\t",
    b"cell": "\t", b"lquote": "\u2018", b"rquote": "\u2019", b"ldblquote": "\u201c",
    b"rdblquote": "\u201d", b"bullet": "\u2022", b"endash": "\u2013", b"emdash": "\u2014",
    b"enspace": "\u2002", b"emspace": "\u2003", b"zwj": "\u200d", b"zwnj": "\u200c",
}  # fmt: skip
_SIGNS = {b"~": "\xa0", b"_": "\u2011", b"\\": "\\", b"{": "{", b"}": "}", b"\r": "\n", b"\n": "\n"}
#: Groups that hold no words of the body. Of a group that begins with `\*` only pages are read.
_OTHER_GROUPS = frozenset({
    b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"header", b"headerl", b"headerr",
    b"headerf", b"footer", b"footerl", b"footerr", b"footerf", b"object", b"objdata", b"fldinst",
    b"filetbl", b"listtable", b"listoverridetable", b"revtbl", b"xe", b"tc", b"mhtmltag",
})  # fmt: skip
#: The character sets of fonts by Windows' number; others are that of the body.
_CHARSETS = {
    77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gb18030", 136: "cp950",
    161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257",
    204: "cp1251", 222: "cp874", 238: "cp1250",
}  # fmt: skip
_PAIRS = re.compile("[\ud800-\udbff][\udc00-\udfff]")


@dataclass(frozen=True, slots=True)
class RtfContent:
    """The content of an RTF body.

    Args:
        is_page: whether it is HTML.
    """

    text: str
    is_page: bool


@dataclass(frozen=True, slots=True)
class _Group:
    """What holds for the words of a group.

    Args:
        is_skipped: no word of it counts.
        is_marked: it began with `\\*`: it counts only where its next word says so.
        is_double: its words repeat for readers of RTF what the page says in its own way.
        is_markup: it is a piece of the page: its fonts say nothing.
        fallback: how many characters stand after one of Unicode, for readers that do not know it.
    """

    is_skipped: bool = False
    is_marked: bool = False
    is_double: bool = False
    is_markup: bool = False
    charset: str = ""
    fallback: int = 1


def read_rtf(data: bytes) -> RtfContent:
    """The words in an RTF body, and whether they are those of a page."""
    reader = _Reader()
    position = 0
    while (match := _TOKEN.match(data, position)) is not None:
        position = match.end() + reader.read(match)
    return reader.content()


class _Reader:
    """Reads one token after the other."""

    def __init__(self) -> None:
        self._group = _Group()
        self._outer: list[_Group] = []
        self._depth = 0
        self._pieces: list[str] = []
        self._waiting = bytearray()
        self._left_to_skip = 0
        self._is_page = False
        self._charset = "cp1252"
        self._fonts: dict[int, str] = {}
        #: The font that the table of fonts is describing.
        self._font: int | None = None

    def read(self, token: re.Match[bytes]) -> int:
        """Takes a token. Returns how many bytes of data stand behind it."""
        control, number, code, sign, bracket, text = token.groups()
        if text is not None:
            self._text(text)
        elif control is not None:
            value = None if number is None else int(number)
            if control == b"bin":
                return max(0, value or 0)
            self._control(control, value)
        elif code is not None:
            self._text(bytes((int(code, 16),)))
        elif bracket == b"{":
            self._open()
        elif bracket == b"}":
            self._close()
        elif sign == b"*":
            self._group = replace(self._group, is_marked=True)
        elif sign is not None and sign in _SIGNS:
            self._character("&nbsp;" if self._is_page and sign == b"~" else _SIGNS[sign])
        return 0

    def content(self) -> RtfContent:
        self._flush()
        text = "".join(self._pieces)
        return RtfContent(_PAIRS.sub(_joined, text), self._is_page)

    def _open(self) -> None:
        self._flush()
        self._left_to_skip = 0
        self._depth += 1
        if self._depth <= MAX_DEPTH:
            self._outer.append(self._group)

    def _close(self) -> None:
        self._flush()
        self._left_to_skip = 0
        if self._depth <= MAX_DEPTH and self._outer:
            self._group = self._outer.pop()
        self._depth = max(0, self._depth - 1)

    def _control(self, control: bytes, value: int | None) -> None:
        group = self._group
        if group.is_marked:
            is_page = control == b"htmltag"
            self._group = replace(
                group,
                is_marked=False,
                is_markup=is_page,
                is_skipped=group.is_skipped or not is_page,
            )
        elif control in _CHARACTERS:
            self._character(_CHARACTERS[control])
        elif control == b"u":
            self._character(chr((value or 0) & 0xFFFF))
            self._left_to_skip = group.fallback
        elif control == b"f" and value is not None:
            self._choose_font(value)
        elif control == b"fcharset" and self._font is not None:
            self._fonts[self._font] = _CHARSETS.get(value or 0, "")
        elif control == b"plain":
            self._flush()
            self._group = replace(group, charset="")
        elif control == b"uc":
            self._group = replace(group, fallback=max(0, min(value or 0, 10)))
        elif control == b"htmlrtf":
            self._flush()
            self._group = replace(group, is_double=value != 0)
        elif control == b"fromhtml":
            self._is_page = True
        elif control == b"ansicpg":
            self._charset = f"cp{value}"
        elif control == b"mac":
            self._charset = "mac_roman"
        elif control in _OTHER_GROUPS:
            self._group = replace(group, is_skipped=True)

    def _choose_font(self, number: int) -> None:
        if self._group.is_skipped:
            self._font = number  # in the table of fonts
            return
        self._flush()
        self._group = replace(self._group, charset=self._fonts.get(number, ""))

    def _text(self, text: bytes) -> None:
        skipped = min(self._left_to_skip, len(text))
        self._left_to_skip -= skipped
        if self._counts():
            self._waiting += text[skipped:]

    def _character(self, character: str) -> None:
        if self._left_to_skip:
            self._left_to_skip -= 1
        elif self._counts():
            self._flush()
            self._pieces.append(character)

    def _counts(self) -> bool:
        group = self._group
        return not (group.is_skipped or group.is_marked or (group.is_double and self._is_page))

    def _flush(self) -> None:
        if not self._waiting:
            return
        charset = "" if self._group.is_markup else self._group.charset
        try:
            text = self._waiting.decode(charset or self._charset, "replace")
        except LookupError:
            text = self._waiting.decode("cp1252", "replace")
        self._pieces.append(text)
        self._waiting.clear()


def _joined(pair: re.Match[str]) -> str:
    return pair.group().encode("utf-16-le", "surrogatepass").decode("utf-16-le")
