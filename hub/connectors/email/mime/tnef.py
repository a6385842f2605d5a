"""The files in a `winmail.dat`, and the text that came in it. Linear; raises nothing.

Reads the attributes of files and the properties that name them. A message attached to the message
is a file that is a packet itself. The libraries for it read properties nobody needs here and copy
each file; their last releases are five years old.

Source: MS-OXTNEF (https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxtnef)
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

SIGNATURE = b"\x78\x9f\x3e\x22"
MAX_FILES = 200
MAX_PROPERTIES = 2_000

# Attributes, by the lower half of their ids.
_NEW_FILE, _TITLE, _DATA, _FILE_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
_BODY, _MESSAGE_PROPERTIES, _CODE_PAGE, _SUBJECT_LINE = 0x800C, 0x9003, 0x9007, 0x8004
# Properties, by the upper half of their tags.
_LONG_NAME, _NAME, _MEDIA_TYPE, _CONTENT_ID, _OBJECT = 0x3707, 0x3704, 0x370E, 0x3712, 0x3701
_TEXT, _HTML, _RTF = 0x1000, 0x1013, 0x1009
#: What a mail has in its header block: the property and the name of the field.
_ENVELOPE = {
    0x0C1A: "from", 0x0042: "from", 0x5D01: "address", 0x0C1F: "address", 0x0E04: "to",
    0x0037: "subject",
}  # fmt: skip
_SENT_AT = 0x0039
#: Sizes of the values of fixed length, by type.
_FIXED = {
    0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8,
    0x48: 16,
}  # fmt: skip
_STRING, _UNICODE, _EMBEDDED, _BINARY, _TIME = 0x1E, 0x1F, 0x0D, 0x102, 0x40
_MULTIPLE, _NAMED = 0x1000, 0x8000
#: Bytes before the content of an embedded message: the id of its interface.
_INTERFACE = 16
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class PackedFile:
    """A file or a text in the packet: its name, and the offsets of its bytes."""

    name: str = ""
    media_type: str = ""
    content_id: str = ""
    charset: str = ""
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Contents:
    """All that is read of a packet. The texts are the body of the mail, where it has no other.

    Args:
        texts: of the media type `text/rtf` what Outlook compressed.
        envelope: `from`, `address`, `to`, `subject` and `date`, as far as they are there.
    """

    files: tuple[PackedFile, ...] = ()
    texts: tuple[PackedFile, ...] = ()
    envelope: Mapping[str, str] = field(default_factory=dict)


def read_packet(data: bytes) -> Contents:
    """The files and the texts in a packet, as far as it is whole."""
    if not data.startswith(SIGNATURE):
        return Contents()
    files: list[PackedFile] = []
    texts: list[PackedFile] = []
    envelope: dict[str, str] = {}
    charset = "cp1252"
    for attribute, start, end in _attributes(data):
        if attribute == _NEW_FILE:
            if len(files) == MAX_FILES:
                break
            files.append(PackedFile())
        elif attribute == _CODE_PAGE and end - start >= 4:
            charset = f"cp{int.from_bytes(data[start : start + 4], 'little')}"
        elif attribute == _BODY:
            texts.append(
                PackedFile("", "text/plain", "", charset, start, _before_nul(data, start, end))
            )
        elif attribute == _SUBJECT_LINE:
            envelope.setdefault("subject", _text(data[start:end], charset))
        elif attribute == _MESSAGE_PROPERTIES:
            texts += _texts(data, start, end, charset)
            envelope |= _envelope(data, start, end, charset)
        elif files:
            _note(files[-1], attribute, data, start, end, charset)
    return Contents(
        tuple(file for file in files if file.start < file.end),
        tuple(text for text in texts if text.start < text.end),
        {name: value for name, value in envelope.items() if value},
    )


def _attributes(data: bytes) -> Iterator[tuple[int, int, int]]:
    position = 6
    while position + 9 <= len(data):
        _, attribute, length = struct.unpack_from("<BLL", data, position)
        start = position + 9
        if start + length > len(data):
            return
        yield attribute & 0xFFFF, start, start + length
        position = start + length + 2


def _note(
    file: PackedFile, attribute: int, data: bytes, start: int, end: int, charset: str
) -> None:
    if attribute == _TITLE and not file.name:
        file.name = _text(data[start:end], charset)
    elif attribute == _DATA:
        file.start, file.end = start, end
    elif attribute == _FILE_PROPERTIES:
        for name, kind, first, last in _properties(data, start, end):
            if name == _LONG_NAME or (name == _NAME and not file.name):
                file.name = _string(data[first:last], kind, charset) or file.name
            elif name == _MEDIA_TYPE:
                file.media_type = _string(data[first:last], kind, charset)
            elif name == _CONTENT_ID:
                file.content_id = _string(data[first:last], kind, charset)
            elif name == _OBJECT and kind == _EMBEDDED and file.start == file.end:
                file.start, file.end = first + _INTERFACE, last
            elif name == _OBJECT and kind == _BINARY and file.start == file.end:
                file.start, file.end = first, last


def _texts(data: bytes, start: int, end: int, charset: str) -> Iterator[PackedFile]:
    for name, kind, first, last in _properties(data, start, end):
        if name == _TEXT and kind == _UNICODE:
            yield PackedFile("", "text/plain", "", "utf-16-le", first, last - 2)
        elif name == _TEXT and kind == _STRING:
            yield PackedFile("", "text/plain", "", charset, first, _before_nul(data, first, last))
        elif name == _HTML and kind == _BINARY:
            yield PackedFile("", "text/html", "", "", first, last)
        elif name == _RTF and kind == _BINARY:
            yield PackedFile("", "text/rtf", "", "", first, last)


def _envelope(data: bytes, start: int, end: int, charset: str) -> dict[str, str]:
    envelope: dict[str, str] = {}
    for name, kind, first, last in _properties(data, start, end):
        if name in _ENVELOPE and kind in (_STRING, _UNICODE):
            envelope.setdefault(_ENVELOPE[name], _string(data[first:last], kind, charset))
        elif name == _SENT_AT and kind == _TIME:
            envelope["date"] = _time(int.from_bytes(data[first:last], "little"))
    return envelope


def _time(ticks: int) -> str:
    """A time of Windows, for people. Source: MS-DTYP, 2.3.3 (FILETIME)."""
    try:
        at = _EPOCH + timedelta(microseconds=ticks // 10)
    except OverflowError:
        return ""
    return at.strftime("%Y-%m-%d %H:%M UTC")


def _properties(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Each property that has one value: its name, its type, the offsets of the value."""
    reader = _Reader(data, start, end)
    count = reader.number()
    for _ in range(min(count, MAX_PROPERTIES)):
        tag = reader.number()
        kind, name = tag & 0xFFFF, tag >> 16
        if name >= _NAMED:
            reader.skip_name()
        values = reader.values(kind)
        if reader.is_over:
            return
        if values is not None and not kind & _MULTIPLE:
            yield name, kind, *values


class _Reader:
    """Steps over the properties of a block; `is_over` from the first that is not whole."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self._data, self._position, self._end = data, start, end
        self.is_over = False

    def number(self) -> int:
        self._step(4)
        return 0 if self.is_over else struct.unpack_from("<L", self._data, self._position - 4)[0]

    def skip_name(self) -> None:
        """Steps over the name of a property that programs define for themselves."""
        self._step(16)
        if self.number() == 1:
            self._step_padded(self.number())
        else:
            self.number()

    def values(self, kind: int) -> tuple[int, int] | None:
        """Steps over the values of a property; the offsets of the last one."""
        base = kind & ~_MULTIPLE
        size = _FIXED.get(base)
        is_multiple = bool(kind & _MULTIPLE)
        counted = is_multiple or size is None
        offsets = None
        for _ in range(min(self.number(), MAX_PROPERTIES) if counted else 1):
            length = size if size is not None else self.number()
            first = self._position
            self._step_padded(length)
            if self.is_over:
                return None
            offsets = (first, first + length)
        return offsets

    def _step_padded(self, length: int) -> None:
        self._step(length + -length % 4)

    def _step(self, length: int) -> None:
        self._position += length
        self.is_over = self.is_over or self._position > self._end


def _string(value: bytes, kind: int, charset: str) -> str:
    return _text(value, "utf-16-le" if kind == _UNICODE else charset)


def _text(value: bytes, charset: str) -> str:
    try:
        text = value[:1_000].decode(charset, "replace")
    except LookupError:
        text = value[:1_000].decode("cp1252", "replace")
    return text.partition("\x00")[0].strip()


def _before_nul(data: bytes, start: int, end: int) -> int:
    at = data.find(b"\x00", start, end)
    return end if at < 0 else at
