"""A mail's header block: read tolerantly, each value decoded on its own, without exceptions.

Source: RFC 5322, 2.2 and 3.6; RFC 2047 (encoded words); RFC 2231 (parameters).
"""

from __future__ import annotations

import re
from binascii import a2b_qp
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.message import Message
from email.utils import parsedate_to_datetime

from hub.connectors.email.mime.charsets import clean, decode, one_line
from hub.connectors.email.mime.transfer import decode_base64

MAX_HEADERS = 1_000
MAX_VALUE = 65_536
#: A date outside of these comes from a clock that was never set.
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)

_NAME = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_FOLD = re.compile(r"\r?\n[ \t]?")


@dataclass(frozen=True, slots=True)
class Headers:
    """The fields in their order; names in lower case, values unfolded but not decoded.

    Bytes outside of ASCII stand as surrogates, as the standard library has them.
    """

    fields: tuple[tuple[str, str], ...] = ()

    def raw(self, name: str) -> str:
        """The first field of that name, "" without one."""
        return next(self.all(name), "")

    def all(self, name: str) -> Iterator[str]:
        """The value of each field of that name."""
        return (value for field, value in self.fields if field == name)

    def has(self, name: str) -> bool:
        """Whether there is a field of that name."""
        return any(field == name for field, _ in self.fields)

    def text(self, name: str, limit: int = 1_000) -> str:
        """The field for people: decoded, on one line."""
        return decoded(self.raw(name), limit)

    def media_type(self) -> str:
        """`type/subtype` in lower case; `text/plain` where it is missing or broken."""
        value = self.raw("content-type").split(";", 1)[0].strip().lower()
        return value if re.fullmatch(r"[\w.+-]+/[\w.+-]+", value) else "text/plain"

    def parameter(self, name: str, of: str = "content-type") -> str:
        """A parameter of a structured field, in any of the forms that RFC 2231 gives it."""
        value = self.raw(of)[:8_192]
        if name not in value.lower():
            return ""
        holder = Message()
        holder[of] = value
        try:
            parameter = holder.get_param(name, "", of)
            if isinstance(parameter, tuple):
                charset, _, data = parameter
                return decode(data.encode("latin-1", "replace"), charset or "")
            return decoded(str(parameter), 1_000)
        except (ValueError, LookupError, TypeError, AttributeError, MessageError):
            return ""


def read_headers(data: bytes) -> tuple[Headers, int]:
    """The header block at the start of `data` and the length of it, blank line included."""
    fields: list[tuple[str, list[bytes]]] = []
    position = 0
    while position < len(data):
        end = data.find(b"\n", position)
        end = len(data) if end < 0 else end + 1
        line = data[position:end]
        if not line.strip(b"\r\n"):
            position = end
            break
        if line[:1] in b" \t" and fields:
            fields[-1][1].append(line)
        elif match := _NAME.match(line):
            if len(fields) < MAX_HEADERS:
                name = match.group(1).decode("ascii").lower()
                fields.append((name, [line[match.end() :]]))
        elif not (position == 0 and line.startswith((b"From ", b">From "))):
            # A line that is no field: the sender forgot the blank line, the text starts here.
            break
        position = end
    return Headers(tuple((name, _unfolded(lines)) for name, lines in fields)), position


def decoded(value: str, limit: int = 1_000) -> str:
    """A field's value for people: encoded words decoded wherever they stand, on one line.

    Neighbours of one character set are joined before they are decoded, because senders cut
    characters of several bytes in two. Source: RFC 2047; 5 forbids words within quotes, yet many
    programs write them there.
    """
    value = value[:MAX_VALUE]
    text, position, waiting, charset = "", 0, b"", ""
    for match in _ENCODED_WORD.finditer(value):
        gap = value[position : match.start()]
        label = match.group(1).partition("*")[0].lower()
        if gap.strip() or label != charset:
            text += decode(waiting, charset)
            waiting = b""
        if gap.strip() or not (position and not gap.strip()):
            text += _plain(gap)
        waiting += _word_bytes(match.group(2), match.group(3))
        charset, position = label, match.end()
    text += decode(waiting, charset) if waiting else ""
    return one_line(text + _plain(value[position:]), limit)


def date_of(headers: Headers) -> datetime | None:
    """The time at which the mail was sent; if it has none, when our server received it."""
    for value in (headers.raw("date"), headers.raw("received").rpartition(";")[2]):
        try:
            date = parsedate_to_datetime(value.strip()[:200])
            date = date.replace(tzinfo=date.tzinfo or UTC).astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        if EARLIEST < date < LATEST:
            return date
    return None


def _unfolded(lines: list[bytes]) -> str:
    value = b"".join(lines)[:MAX_VALUE].decode("ascii", "surrogateescape")
    return _FOLD.sub(" ", value.strip()).replace("\x00", "").strip()


def _plain(text: str) -> str:
    if text.isascii():
        return clean(text)
    return decode(text.encode("ascii", "surrogateescape" if _is_escaped(text) else "replace"))


def _is_escaped(text: str) -> bool:
    return all(character < "\x80" or "\udc80" <= character <= "\udcff" for character in text)


def _word_bytes(encoding: str, payload: str) -> bytes:
    data = payload.encode("ascii", "surrogateescape")
    if encoding in "qQ":
        return a2b_qp(data, header=True)
    return decode_base64(data)
