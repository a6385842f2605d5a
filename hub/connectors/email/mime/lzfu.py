"""RTF as Outlook compresses it. Linear; of broken data the part that is whole; raises nothing.

The library for it checks a sum over all bytes and refuses what was cut short, and has no limit of
what it gives.

Source: MS-OXRTFCP (https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxrtfcp)
"""

from __future__ import annotations

COMPRESSED, PLAIN = b"LZFu", b"MELA"
#: Both ends count offsets in a ring of this many bytes, which begins with common words of RTF.
RING = 4_096
FIRST_WORDS = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript "
    rb"\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_HEADER = 16


def decompressed(data: bytes, limit: int) -> bytes:
    """The RTF in a compressed body, at most `limit` bytes; nothing where it is none."""
    kind = data[8:12]
    if kind == PLAIN:
        return data[_HEADER : _HEADER + limit]
    if kind != COMPRESSED:
        return b""
    return _unpacked(data, limit)


def _unpacked(data: bytes, limit: int) -> bytes:
    text = bytearray(FIRST_WORDS)
    position, size = _HEADER, len(data)
    end = len(text) + limit
    while position < size and len(text) < end:
        flags = data[position]
        position += 1
        if not flags:
            text += data[position : position + 8]
            position += 8
            continue
        for bit in range(8):
            if not flags >> bit & 1:
                text += data[position : position + 1]
                position += 1
                continue
            if position + 2 > size:
                return bytes(text[len(FIRST_WORDS) : end])
            pair = data[position] << 8 | data[position + 1]
            position += 2
            back = (len(text) - (pair >> 4)) % RING
            if back == 0:
                return bytes(text[len(FIRST_WORDS) : end])
            _repeat(text, back, (pair & 15) + 2)
    return bytes(text[len(FIRST_WORDS) : end])


def _repeat(text: bytearray, back: int, count: int) -> None:
    """Appends `count` bytes that stand `back` bytes before the end, which may reach beyond it."""
    first = len(text) - back
    if first < 0:
        text += b" " * count  # of the ring, what nothing was written to yet
    elif back >= count:
        text += text[first : first + count]
    else:
        text += (text[first:] * (count // back + 1))[:count]
