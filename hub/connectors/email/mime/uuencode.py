"""Files that were written into a text by uuencode.

Source: POSIX.1-2017, uuencode; https://docs.python.org/3/library/binascii.html#binascii.a2b_uu
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_LINE = 100

_MARK = re.compile(
    rb"^(?:begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,255}?)|(end|====))[ \t]*\r?$", re.M
)


@dataclass(frozen=True, slots=True)
class Block:
    """A file in a text: from the line that begins it to after the line that ends it."""

    name: bytes
    start: int
    #: The offsets of the encoded lines.
    first: int
    last: int
    end: int
    encoding: str


def blocks(text: bytes) -> Iterator[Block]:
    """The files in a text, in their order. Each line is looked at once."""
    if b"begin" not in text:
        return
    opened: re.Match[bytes] | None = None
    for mark in _MARK.finditer(text):
        if mark.group(1) is not None:
            opened = mark
        elif opened is not None:
            block = _block(text, opened, mark)
            if block is not None:
                yield block
            opened = None


def _block(text: bytes, opened: re.Match[bytes], closed: re.Match[bytes]) -> Block | None:
    is_base64 = opened.group().startswith(b"begin-base64")
    first, last = min(opened.end() + 1, closed.start()), closed.start()
    if is_base64 != (closed.group(2) == b"===="):
        return None
    if not is_base64 and not all(map(_is_encoded, text[first:last].splitlines())):
        return None
    encoding = "base64" if is_base64 else "x-uuencode"
    return Block(opened.group(1), opened.start(), first, last, closed.end(), encoding)


def _is_encoded(line: bytes) -> bool:
    """Whether a line has the form of an encoded one; blanks at its end may have been lost."""
    if not line:
        return True
    digits = -(-_size(line) * 4 // 3)
    return len(line) <= min(MAX_LINE, digits + 5) and min(line) >= 0x20 and max(line) <= 0x60


def decode_uu(data: bytes) -> bytes:
    """The bytes in encoded lines; of broken lines, what is whole. The marks may be there or not."""
    pieces: list[bytes] = []
    for line in data.splitlines():
        if not line or line.startswith((b"begin ", b"end")):
            continue
        digits = -(-_size(line) * 4 // 3)
        try:
            # A line that something was appended to is read by the length that it states.
            pieces.append(binascii.a2b_uu(line[: digits + 1]))
        except binascii.Error:
            continue
    return b"".join(pieces)


def _size(line: bytes) -> int:
    return (line[0] - 0x20) & 0x3F
