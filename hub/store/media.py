"""Files: kept under random names, served by links that are signed and run out."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import filetype
from itsdangerous import BadSignature, URLSafeTimedSerializer

#: A browser shows only these in place; anything else is a download.
INLINE = frozenset(
    {
        "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif",
        "audio/mpeg", "audio/ogg", "audio/wav", "audio/webm", "audio/mp4", "audio/aac", "audio/amr",
        "video/mp4", "video/webm", "video/quicktime", "video/ogg",
    }
)  # fmt: skip
#: How long a signed link lives: time enough for a provider to fetch, or a page to be read.
LINK_SECONDS = 24 * 3600


class TooLarge(Exception):
    """The stream went on past the size allowed. Nothing of it is kept."""


class MediaFolder:
    """A folder of files under random names, two levels deep."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, chunks: Iterable[bytes], max_bytes: int) -> tuple[str, int, bytes]:
        """Writes a stream and makes it durable.

        Returns: its key, its size, and its first bytes (for sniffing).
        Raises: TooLarge.
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

    def read(self, key: str) -> bytes:
        return self.path(key).read_bytes()

    def path(self, key: str) -> Path:
        """Raises ValueError for anything that is not a key: no path ever comes from outside."""
        if len(key) != 40 or not key.isalnum():
            raise ValueError("this is not the key of a file")
        return self._folder / key[:2] / key


def sniff(head: bytes, declared: str) -> str:
    """The type of a file by its first bytes; what was declared only where bytes say nothing.

    A text that claims to be a picture is not shown as one.
    """
    guess = filetype.guess(head)
    if guess is not None:
        return str(guess.mime)
    base = declared.split(";")[0].strip().lower()
    if base.startswith(("image/", "audio/", "video/")) or "/" not in base or len(base) > 100:
        return "application/octet-stream"
    return base


class MediaLinks:
    """Links to files for those who have no account: customers' pages and providers."""

    def __init__(self, public_url: str, secret: str) -> None:
        self._public_url = public_url
        self._serializer = URLSafeTimedSerializer(secret, salt="media")

    def path(self, attachment_id: int | str, name: str = "") -> str:
        token = self._serializer.dumps(int(attachment_id))
        return f"/media/{token}/{quote(name or 'file', safe='')}"

    def public_url(self, attachment_id: int | str, name: str = "") -> str:
        return self._public_url + self.path(attachment_id, name)

    def attachment_id(self, token: str) -> int | None:
        """Which file a link is for; None when it is forged or has run out."""
        try:
            found = self._serializer.loads(token, max_age=LINK_SECONDS)
        except BadSignature:
            return None
        return found if isinstance(found, int) else None
