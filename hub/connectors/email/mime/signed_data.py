"""The content of an S/MIME message that is signed and not encrypted; its signature is not checked.

Reads the few elements on the way to the content and steps over all others, in linear time and
without recursion; a library that reads the whole structure does neither.

Source: RFC 5652, 5.1 (SignedData), RFC 8551, 3.5 (S/MIME); X.690, 8.1 (lengths).
"""

from __future__ import annotations

from dataclasses import dataclass

_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_OBJECT, _SEQUENCE, _OCTETS, _OCTET_PIECES, _EXPLICIT = 0x06, 0x30, 0x04, 0x24, 0xA0


@dataclass(frozen=True, slots=True)
class _Element:
    tag: int
    start: int
    #: None where the element goes on to a mark of its end.
    end: int | None


def content_of(data: bytes) -> bytes:
    """The bytes that were signed, "" where there are none: encrypted, detached or broken."""
    try:
        return _content(data)
    except (IndexError, ValueError):
        return b""


def _content(data: bytes) -> bytes:
    kind = _element(data, _inside(data, 0, _SEQUENCE))
    if kind.tag != _OBJECT or kind.end is None or data[kind.start : kind.end] != _SIGNED_DATA:
        return b""
    version = _inside(data, _inside(data, kind.end, _EXPLICIT), _SEQUENCE)
    algorithms = _after(data, version)
    content_type = _element(data, _inside(data, _after(data, algorithms), _SEQUENCE))
    if content_type.end is None:
        return b""
    return _octets(data, _inside(data, content_type.end, _EXPLICIT))


def _element(data: bytes, position: int) -> _Element:
    tag, length = data[position], data[position + 1]
    start = position + 2
    if length == 0x80:
        return _Element(tag, start, None)
    if length > 0x80:
        size = length & 0x7F
        if size > 8:
            raise ValueError("a length of more than 8 bytes")
        length = int.from_bytes(data[start : start + size], "big")
        start += size
    return _Element(tag, start, start + length)


def _inside(data: bytes, position: int, tag: int) -> int:
    element = _element(data, position)
    if element.tag != tag:
        raise ValueError(f"{element.tag:#x} where {tag:#x} was due")
    return element.start


def _after(data: bytes, position: int) -> int:
    """The offset of what follows an element, over those that it holds where it tells no length."""
    depth = 0
    while True:
        element = _element(data, position)
        if element.end is None:
            depth += 1
            position = element.start
        else:
            position = element.end
            depth -= element.tag == 0
        if depth == 0:
            return position


def _octets(data: bytes, position: int) -> bytes:
    """A string of bytes, in one piece or in many, up to what no longer belongs to it."""
    element = _element(data, position)
    if element.tag == _OCTETS:
        return data[element.start : element.end]
    if element.tag != _OCTET_PIECES:
        return b""
    end = len(data) if element.end is None else min(element.end, len(data))
    position = element.start
    pieces: list[bytes] = []
    while position + 1 < end:
        piece = _element(data, position)
        if piece.tag == _OCTETS and piece.end is not None:
            pieces.append(data[piece.start : min(piece.end, end)])
            position = piece.end
        elif piece.tag == _OCTET_PIECES:
            position = piece.start
        else:
            break
    return b"".join(pieces)
