"""Stores files under random names, and signs links to them that expire."""

from __future__ import annotations

import io
import os
import secrets
import tempfile
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import filetype
from itsdangerous import BadSignature, URLSafeTimedSerializer

#: A browser may show these types in the page; all others are downloads.
INLINE = frozenset(
    {
        "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif",
        "audio/mpeg", "audio/ogg", "audio/wav", "audio/webm", "audio/mp4", "audio/aac", "audio/amr",
        "video/mp4", "video/webm", "video/quicktime", "video/ogg",
    }
)  # fmt: skip
#: The pictures whose size is read from their headers.
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
#: How much of a picture is read for its size: a photo's notes and thumbnail stand before it.
PICTURE_HEADER_BYTES = 256 * 1024
MAX_PICTURE_SIDE = 100_000
#: How long a signed link is valid: long enough for a provider to fetch and for a page to stay open.
LINK_SECONDS = 24 * 3600


class TooLarge(Exception):
    """The stream is longer than the allowed size. No part of it is stored."""


class MediaFolder:
    """A folder of files under random names, two levels deep."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, chunks: Iterable[bytes], max_bytes: int) -> tuple[str, int, bytes]:
        """Writes a stream to a new file, durably.

        Args:
            max_bytes: the allowed size.

        Returns: the key of the file, its size in bytes, and its first bytes for `sniff`.
        Raises:
            TooLarge: the stream is longer than `max_bytes`.
        """
        handle, temporary = tempfile.mkstemp(dir=self._folder)
        size, head = 0, b""
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in chunks:
                    size += len(chunk)
                    if size > max_bytes:
                        raise TooLarge
                    if len(head) < 4096:
                        head += chunk[:4096]
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            key = secrets.token_hex(20)
            path = self.path(key)
            path.parent.mkdir(exist_ok=True)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        return key, size, head

    def adopt(self, path: Path) -> str:
        """Moves a complete file into the folder, durably. Returns its key."""
        with path.open("rb") as file:
            os.fsync(file.fileno())
        key = secrets.token_hex(20)
        target = self.path(key)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        path.replace(target)
        return key

    @property
    def partial(self) -> Path:
        """The folder of files that are not complete yet."""
        return self._folder / "partial"

    def read(self, key: str) -> bytes:
        """Reads a whole file. Raises ValueError and OSError."""
        return self.path(key).read_bytes()

    def path(self, key: str) -> Path:
        """The path of a file.

        Raises:
            ValueError: the text is not a key. So no text from outside can lead to another path.
        """
        if len(key) != 40 or not key.isalnum():
            raise ValueError("this is not the key of a file")
        return self._folder / key[:2] / key


def sniff(head: bytes, declared: str) -> str:
    """The media type of a file by its first bytes; the declared type where they do not show it.

    A text that is declared as an image, audio or video is `application/octet-stream`.
    """
    guess = filetype.guess(head)
    if guess is not None:
        return str(guess.mime)
    base = declared.split(";")[0].strip().lower()
    if base.startswith(("image/", "audio/", "video/")) or "/" not in base or len(base) > 100:
        return "application/octet-stream"
    return base


def picture_size(path: Path, media_type: str) -> tuple[int, int] | None:
    """The size at which a browser shows a picture, so that a page can keep room for it.

    Reads the beginning of the file alone. None where it does not tell, or is no picture.

    Returns: width and height in pixels, turned as the picture says that it was taken.
    """
    if media_type not in PICTURES:
        return None
    # Imported late: a hub without pictures does without it.
    import imagesize

    with path.open("rb") as file:
        beginning = io.BytesIO(file.read(PICTURE_HEADER_BYTES))
    width, height = imagesize.get(beginning)  # -1 and -1 where the header is broken
    is_plausible = 0 < width <= MAX_PICTURE_SIDE and 0 < height <= MAX_PICTURE_SIDE
    return (width, height) if is_plausible else None


class MediaLinks:
    """Signed links to files, for clients without an account: customers' pages and providers."""

    def __init__(self, public_url: str, secret: str) -> None:
        self._public_url = public_url
        self._serializer = URLSafeTimedSerializer(secret, salt="media")

    def path(self, attachment_id: int | str, name: str = "") -> str:
        """A new link to a file, without the host. `name` is the name under which it is saved."""
        token = self._serializer.dumps(int(attachment_id))
        return f"/media/{token}/{quote(name or 'file', safe='')}"

    def public_url(self, attachment_id: int | str, name: str = "") -> str:
        return self._public_url + self.path(attachment_id, name)

    def attachment_id(self, token: str) -> int | None:
        """The file of a link; None when the link is forged or has expired."""
        try:
            attachment_id = self._serializer.loads(token, max_age=LINK_SECONDS)
        except BadSignature:
            return None
        return attachment_id if isinstance(attachment_id, int) else None
