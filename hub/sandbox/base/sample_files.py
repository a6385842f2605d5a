"""Small real files, made by code: a picture, a face, a voice note, a form."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from itertools import pairwise

Pixel = tuple[int, int, int]

# A shoe from the heel (0) to the toe (1): how high its upper edge is.
SHOE = (
    (0.0, 0.45),
    (0.04, 0.85),
    (0.07, 1.0),
    (0.14, 0.90),
    (0.24, 0.92),
    (0.31, 0.78),
    (0.45, 0.58),
    (0.62, 0.42),
    (0.80, 0.36),
    (0.92, 0.26),
    (0.98, 0.12),
    (1.0, 0.0),
)
THUMB = """
..............
.......##.....
......###.....
......###.....
.....###......
....####......
.#.#########..
.#.#########..
.#.#########..
.#.########...
.#.########...
.#..######....
..............
..............
"""


def png(width: int, height: int, pixel: Callable[[int, int], Pixel]) -> bytes:
    """Draws a PNG; `pixel` gives the colour (red, green, blue) at x and y."""

    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(
        b"\0" + bytes(value for x in range(width) for value in pixel(x, y)) for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def photo(width: int = 320, height: int = 240, seed: int = 0) -> bytes:
    """Draws two shoes on a wooden floor as a PNG. `seed` changes their colour."""
    upper = _colour(seed)
    sole, lace, shadow = (250, 248, 242), (255, 255, 255), (196, 178, 152)

    def pixel(x: int, y: int) -> Pixel:
        for left, floor in ((0.06, 0.62), (0.36, 0.86)):
            u = (x / width - left) / 0.58
            v = (floor - y / height) / 0.40
            if not 0 <= u <= 1:
                continue
            if -0.04 <= v < 0.14:
                return sole
            if -0.10 <= v < -0.04:
                return shadow
            top = 0.14 + 0.86 * _interpolated(SHOE, u)
            if 0.14 <= v <= top:
                tied = 0.30 < u < 0.66 and v > top - 0.16 and int(u * 55 + v * 12) % 5 < 2
                return lace if tied else upper
        plank = y * 6 // height
        grain = (x + plank * 97) * 2 // width % 2 * 5 + plank % 2 * 6
        return 222 - grain, 203 - grain, 176 - grain

    return png(width, height, pixel)


def thumb() -> bytes:
    """Draws a thumb up in large pixels as a PNG."""
    size = 8
    rows = THUMB.split()

    def pixel(x: int, y: int) -> Pixel:
        return (0, 110, 235) if rows[y // size][x // size] == "#" else (255, 255, 255)

    return png(len(rows[0]) * size, len(rows) * size, pixel)


def face(name: str, size: int = 96) -> bytes:
    """Draws a profile picture as a PNG: head and shoulders in a colour that belongs to the name."""
    ground = _colour(sum(name.encode()))

    def pixel(x: int, y: int) -> Pixel:
        u, v = x / size - 0.5, y / size
        head = u * u + (v - 0.38) ** 2 < 0.034
        shoulders = (u / 0.36) ** 2 + ((v - 1.0) / 0.36) ** 2 < 1
        return (246, 246, 246) if head or shoulders else ground

    return png(size, size, pixel)


def voice(seconds: float = 1.0) -> bytes:
    """Makes silence as Ogg Opus, 20 ms to the packet.

    Source: RFC 7845
    """
    frames = max(1, round(seconds * 50))
    silence = b"\xf8\xff\xfe"
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 0, 48000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 7) + b"sandbox" + struct.pack("<I", 0)
    pages = [_ogg_page([head], 0, 0, 2), _ogg_page([tags], 1, 0, 0)]
    for start in range(0, frames, 50):
        packets = [silence] * min(50, frames - start)
        last = start + 50 >= frames
        end = (start + len(packets)) * 960
        pages.append(_ogg_page(packets, len(pages), end, 4 if last else 0))
    return b"".join(pages)


def pdf(text: str = "Return form") -> bytes:
    """Makes a PDF of one page with one line of ASCII text."""
    line = text.replace("\\", "").replace("(", "").replace(")", "")
    stream = f"BT /F1 24 Tf 72 720 Td ({line}) Tj ET".encode("ascii", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    body, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(body)
    return body + b"xref\n0 6\n0000000000 65535 f \n" + table + trailer


def image_size(data: bytes) -> tuple[int, int] | None:
    """Returns width and height of a PNG, GIF, JPEG or WebP, None for any other file."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return width, height
    if data[:6] in (b"GIF87a", b"GIF89a") and len(data) >= 10:
        width, height = struct.unpack("<HH", data[6:10])
        return width, height
    if data[:2] == b"\xff\xd8":
        return _jpeg_size(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp_size(data)
    return None


def _interpolated(curve: tuple[tuple[float, float], ...], at: float) -> float:
    for (left, low), (right, high) in pairwise(curve):
        if at <= right:
            share = (at - left) / (right - left)
            # Eased, so that the corners of the curve are round.
            share = share * share * (3 - 2 * share)
            return low + (high - low) * share
    return 0.0


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return None


def _webp_size(data: bytes) -> tuple[int, int] | None:
    if data[12:16] == b"VP8X" and len(data) >= 30:
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        return width, height
    if data[12:16] == b"VP8L" and len(data) >= 25:
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if data[12:16] == b"VP8 " and len(data) >= 30:
        width, height = struct.unpack("<HH", data[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return None


def _colour(seed: int) -> Pixel:
    palette = ((94, 129, 172), (163, 109, 140), (91, 142, 125), (176, 125, 82), (120, 111, 166))
    return palette[seed % len(palette)]


def _ogg_page(packets: list[bytes], number: int, position: int, flags: int) -> bytes:
    sizes = bytes(len(packet) for packet in packets)
    head = struct.pack("<4sBBqIII", b"OggS", 0, flags, position, 1, number, 0)
    page = head + bytes([len(sizes)]) + sizes + b"".join(packets)
    return page[:22] + struct.pack("<I", _ogg_crc(page)) + page[26:]


def _ogg_crc(data: bytes) -> int:
    # Ogg's checksum is CRC-32 unreflected, without the final inversion: zlib's does not fit.
    crc = 0
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc
