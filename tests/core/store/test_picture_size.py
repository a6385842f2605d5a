"""The size of a picture, as its header tells it."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import pytest

from hub.sandbox.base.sample_files import png
from hub.store.media import PICTURE_HEADER_BYTES, picture_size

GIF = b"GIF89a" + struct.pack("<HH", 33, 44) + b"\x00\x00\x00"
WEBP_FRAME = struct.pack("<BHH", 0, 0, 0)[:3] + b"\x9d\x01\x2a" + struct.pack("<HH", 120, 80)
WEBP = (
    b"RIFF"
    + struct.pack("<I", 4 + 8 + len(WEBP_FRAME))
    + b"WEBPVP8 "
    + struct.pack("<I", len(WEBP_FRAME))
    + WEBP_FRAME
)


def jpeg(width: int, height: int, orientation: int = 0, padding: int = 0) -> bytes:
    """A JPEG up to its frame header; with the orientation of its camera where there is one."""
    segments = b""
    if orientation:
        entry = struct.pack(">HHHLL", 1, 0x0112, 3, 1, orientation << 16)
        exif = b"Exif\x00\x00MM\x00*" + struct.pack(">L", 8) + entry + b"\x00" * 4
        segments += b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    segments += b"\xff\xe0\x00\x04\x00\x00" * padding
    frame = struct.pack(">BHHB", 8, height, width, 3) + b"\x01\x11\x00" * 3
    return (
        b"\xff\xd8"
        + segments
        + b"\xff\xc0"
        + struct.pack(">H", len(frame) + 2)
        + frame
        + b"\xff\xd9"
    )


def size_of(folder: Path, content: bytes, media_type: str) -> tuple[int, int] | None:
    path = folder / "picture"
    path.write_bytes(content)
    return picture_size(path, media_type)


@pytest.mark.parametrize(
    ("content", "media_type", "size"),
    [
        (png(7, 9, lambda _x, _y: (0, 0, 0)), "image/png", (7, 9)),
        (GIF, "image/gif", (33, 44)),
        (WEBP, "image/webp", (120, 80)),
        (jpeg(640, 480), "image/jpeg", (640, 480)),
        # A browser turns it as it was taken.
        (jpeg(640, 480, orientation=6), "image/jpeg", (480, 640)),
        (jpeg(640, 480, orientation=3), "image/jpeg", (640, 480)),
    ],
    ids=["png", "gif", "webp", "jpeg", "jpeg-upright", "jpeg-upside-down"],
)
def test_the_size_of_a_picture_is_read_from_its_header(
    tmp_path: Path, content: bytes, media_type: str, size: tuple[int, int]
) -> None:
    assert size_of(tmp_path, content, media_type) == size


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"", "image/png"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0\xff\xff", "image/jpeg"),
        (jpeg(0, 5), "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        # One whose header begins behind what is read.
        (jpeg(5, 5, padding=PICTURE_HEADER_BYTES // 6 + 1), "image/jpeg"),
        (b'<svg width="5" height="5"/>', "image/svg+xml"),
        (b"%PDF-1.4", "application/pdf"),
    ],
)
def test_a_picture_that_does_not_tell_its_size_has_none(
    tmp_path: Path, content: bytes, media_type: str
) -> None:
    assert size_of(tmp_path, content, media_type) is None


def test_a_header_of_very_many_parts_costs_no_more_than_what_is_read_of_it(tmp_path: Path) -> None:
    def cost(parts: int) -> float:
        content = jpeg(5, 5, padding=parts)
        begun = time.process_time()
        for _ in range(3):
            size_of(tmp_path, content, "image/jpeg")
        return time.process_time() - begun

    full = PICTURE_HEADER_BYTES // 6
    assert cost(16 * full) < 4 * cost(full) + 0.05
