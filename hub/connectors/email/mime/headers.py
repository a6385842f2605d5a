"""A mail's header block: read tolerantly, each value decoded on its own, without exceptions.

Source: RFC 5322, 2.2 and 3.6; RFC 2047 (encoded words); RFC 2231 (parameters).
"""

from __future__ import annotations

import re
from binascii import a2b_qp
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice

from hub.connectors.email.mime.address_lists import Mailbox, read_list
from hub.connectors.email.mime.charsets import clean, decode, one_line
from hub.connectors.email.mime.parameters import read_parameters
from hub.connectors.email.mime.transfer import decode_base64

#: What is beyond these is in the original only.
MAX_FIELDS = 1_000
MAX_VALUE = 32_768
MAX_BLOCK = 262_144
MAX_WORDS = 100
MAX_MAILBOXES = 1_000
MAX_PARAMETERS = 8_192
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

    Args:
        is_cut: whether there was more than the limits of this module allow.
    """

    fields: tuple[tuple[str, str], ...] = ()
    is_cut: bool = False

    def raw(self, name: str) -> str:
        """The first field of that name, "" without one."""
        return next(self.all(name), "")

    def all(self, name: str) -> Iterator[str]:
        """The value of each field of that name."""
        return (value for field, value in self.fields if field == name)

    def has(self, name: str) -> bool:
        """Whether there is a field of that name."""
        return any(field == name for field, _ in self.fields)

    def with_field(self, name: str, value: str) -> Headers:
        """The block with this value in place of all fields of that name."""
        remaining_fields = (field for field in self.fields if field[0] != name)
        return Headers((*remaining_fields, (name, value)), self.is_cut)

    def with_raw_bytes_in(self, charset: str) -> Headers:
        """The block with its raw bytes read in this character set; unchanged where that is ""."""
        if not charset or all(value.isascii() for _, value in self.fields):
            return self
        fields = tuple(
            (name, value)
            if value.isascii()
            else (name, decode(value.encode("ascii", "surrogateescape"), charset))
            for name, value in self.fields
        )
        return Headers(fields, self.is_cut)

    def text(self, name: str, limit: int = 1_000) -> str:
        """The field for people: decoded, on one line."""
        return decoded(self.raw(name), limit)

    def media_type(self) -> str:
        """`type/subtype` in lower case; `text/plain` where it is missing or broken."""
        value = self.raw("content-type").split(";", 1)[0].strip().lower()
        return value if re.fullmatch(r"[\w.+-]+/[\w.+-]+", value) else "text/plain"

    def parameter(self, name: str, of: str = "content-type") -> str:
        """A parameter of a structured field, in any of the forms that RFC 2231 gives it."""
        parameter = read_parameters(self.raw(of)[:MAX_PARAMETERS]).get(name)
        if parameter is None:
            return ""
        if parameter.encoded is not None:
            return decode(parameter.encoded, parameter.charset)
        return decoded(parameter.text, 1_000)


def read_headers(data: bytes, start: int = 0, end: int | None = None) -> tuple[Headers, int]:
    """The header block that begins at `start`, and the offset of what follows the blank line.

    Args:
        end: the offset at which the mail or the part ends.
    """
    end = len(data) if end is None else end
    fields: list[tuple[str, list[bytes]]] = []
    position, size, is_cut = start, 0, False
    while position < end:
        line_end = data.find(b"\n", position, end)
        line_end = end if line_end < 0 else line_end + 1
        first = data[position : position + 1]
        if first in b"\r\n" and not data[position:line_end].strip(b"\r\n"):
            position = line_end
            break
        text_start = position
        is_field = False
        if not (first in b" \t" and fields):
            match = _NAME.match(data, position, line_end)
            if match is None:
                if position == start and data.startswith((b"From ", b">From "), position):
                    position = line_end
                    continue
                # A line that is no field: the sender forgot the blank line, the text starts here.
                break
            is_field, text_start = True, match.end()
        if size < MAX_BLOCK and (len(fields) < MAX_FIELDS or not is_field):
            if is_field:
                fields.append((match.group(1).decode("ascii").lower(), []))  # type: ignore[union-attr]
            fields[-1][1].append(data[text_start : min(line_end, text_start + MAX_VALUE)])
            size += len(fields[-1][1][-1])
        else:
            is_cut = True
        position = line_end
    values = [(name, b"".join(lines)) for name, lines in fields]
    is_cut = is_cut or any(len(value) > MAX_VALUE for _, value in values)
    return Headers(tuple((name, _unfolded(value)) for name, value in values), is_cut), position


def decoded(value: str, limit: int = 1_000) -> str:
    """A field's value for people: encoded words decoded wherever they stand, on one line.

    Neighbours of one character set are joined before they are decoded, because senders cut
    characters of several bytes in two. Source: RFC 2047; 5 forbids words within quotes, yet many
    programs write them there. Words beyond `MAX_WORDS` stay as they are.
    """
    value = value[:MAX_VALUE]
    texts: list[str] = []
    position, waiting, charset = 0, b"", ""
    for _, match in zip(range(MAX_WORDS), _ENCODED_WORD.finditer(value), strict=False):
        gap = value[position : match.start()]
        label = match.group(1).partition("*")[0].lower()
        if gap.strip() or label != charset:
            texts.append(decode(waiting, charset))
            waiting = b""
        if gap.strip() or not (position and not gap.strip()):
            texts.append(_plain(gap))
        waiting += _word_bytes(match.group(2), match.group(3))
        charset, position = label, match.end()
    texts.append(decode(waiting, charset) if waiting else "")
    return one_line("".join(texts) + _plain(value[position:]), limit)


def mailboxes(headers: Headers, *names: str) -> Iterator[Mailbox]:
    """The addresses in the fields of these names, in that order, at most `MAX_MAILBOXES`."""
    values = (value for name in names for value in headers.all(name))
    return islice((box for value in values for box in read_list(value)), MAX_MAILBOXES)


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


def _unfolded(value: bytes) -> str:
    text = value[:MAX_VALUE].decode("ascii", "surrogateescape")
    return _FOLD.sub(" ", text.strip()).replace("\x00", "").strip()


def _plain(text: str) -> str:
    # Pieces of a value may be characters already, others still bytes.
    return clean(text) if text.isascii() else decode(text.encode("utf-8", "surrogateescape"))


def _word_bytes(encoding: str, payload: str) -> bytes:
    data = payload.encode("ascii", "surrogateescape")
    if encoding in "qQ":
        return a2b_qp(data, header=True)
    return decode_base64(data)
