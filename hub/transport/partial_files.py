"""Keeps the part of a file that an attempt to fetch it got, for the next attempt."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

from hub.store.media import TooLarge
from hub.transport.download import Download, Fetched

#: No attempt to fetch a file goes on with a part that is older, in seconds.
FORGET_SECONDS = 24 * 3600.0
HEAD_BYTES = 4096


class PartialFiles:
    """A folder with the bytes of each file that is not complete, and what its host said of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def forget_old(self) -> None:
        """Deletes parts that nothing goes on with."""
        if self._folder.is_dir():
            for path in self._folder.iterdir():
                if path.stat().st_mtime < time.time() - FORGET_SECONDS:
                    path.unlink(missing_ok=True)

    def of(self, file_id: int) -> Fetched | None:
        """What earlier attempts got of a file."""
        try:
            size = self.path(file_id).stat().st_size
            note = json.loads(self._note(file_id).read_text())
        except (OSError, ValueError):
            return None
        return Fetched(size, str(note["validator"]), note["total"]) if size else None

    def save(self, file_id: int, download: Download, max_bytes: int) -> int:
        """Writes the bytes that come, behind those that are there where the download says so.

        Returns:
            The size of the whole file.

        Raises:
            TooLarge: it has more than `max_bytes`.
            SendError: the bytes stopped coming; those that came are kept.
        """
        self._folder.mkdir(mode=0o700, exist_ok=True)
        note = {"validator": download.validator, "total": download.total}
        self._note(file_id).write_text(json.dumps(note))
        size = download.start
        with self.path(file_id).open("ab" if size else "wb") as file:
            for chunk in download:
                size += len(chunk)
                if size > max_bytes:
                    raise TooLarge
                file.write(chunk)
        return size

    def head(self, file_id: int) -> bytes:
        """The first bytes of a file."""
        with self.path(file_id).open("rb") as file:
            return file.read(HEAD_BYTES)

    def delete(self, file_id: int) -> None:
        """Deletes what is left of a file."""
        self.path(file_id).unlink(missing_ok=True)
        self._note(file_id).unlink(missing_ok=True)

    def path(self, file_id: int) -> Path:
        """Where the bytes of a file are."""
        return self._folder / str(file_id)

    def _note(self, file_id: int) -> Path:
        return self._folder / f"{file_id}.json"


def whole(content: bytes) -> Download:
    """A file whose bytes are at hand."""

    def chunks() -> Iterator[bytes]:
        yield content

    return Download(chunks(), 0, "", len(content))
