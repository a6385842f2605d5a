"""The files that a bot sends, with the size limits of Telegram.

Source: https://core.telegram.org/bots/api#sending-files
"""

from __future__ import annotations

import mimetypes

import filetype
from werkzeug.datastructures import FileStorage

from hub.sandbox.base import sample_files
from hub.sandbox.base.cdn import Cdn
from hub.sandbox.telegram.chats import TelegramFile
from hub.sandbox.telegram.parameters import Parameters
from hub.sandbox.telegram.updates import BotApiError

MEGABYTE = 1024 * 1024
PHOTO_BYTES = 10 * MEGABYTE
OTHER_BYTES = 50 * MEGABYTE
DOWNLOAD_BYTES = 20 * MEGABYTE
PHOTO_SIDES = 10_000
PHOTO_RATIO = 20
UNKNOWN = "application/octet-stream"


class Files:
    """All files at Telegram, by id and by path."""

    def __init__(self, cdn: Cdn) -> None:
        self._cdn = cdn
        self._files: dict[str, TelegramFile] = {}

    def store(
        self, data: bytes, media_type: str, name: str, field_name: str, duration: int = 1
    ) -> TelegramFile:
        file = TelegramFile.from_media(self._cdn.put(data, media_type, name), field_name, duration)
        self._files[file.file_id] = file
        return file

    def find(self, file_id: str) -> TelegramFile | None:
        return self._files.get(file_id.removesuffix("_s"))

    def by_path(self, path: str) -> TelegramFile | None:
        return next((file for file in self._files.values() if file.path == path), None)

    def uploaded_file(
        self, parameters: Parameters, name: str, value: str, kind: str
    ) -> TelegramFile:
        """Returns the file that a parameter stands for; its value is an id, a URL or attach://part.

        Raises:
            BotApiError: there is no file, it is too large or no picture, or it is a URL: the
                sandbox has no way to the Internet, and Telegram has none to loopback.
        """
        part = value.removeprefix("attach://") if value.startswith("attach://") else name
        upload = parameters.files.get(part)
        if upload is not None:
            data = upload.read()
            file_name = upload.filename or "file"
            self._check_size(data, kind)
            return self.store(data, _media_type(upload, data, kind), file_name, kind)
        if value.startswith(("http://", "https://")):
            raise BotApiError(400, "Bad Request: failed to get HTTP URL content")
        stored = self.find(value) if value else None
        if stored is None:
            raise BotApiError(
                400,
                f"Bad Request: there is no {kind} in the request"
                if not value
                else "Bad Request: wrong remote file identifier specified: "
                "can't unserialize it. Wrong last symbol",
            )
        return stored

    def _check_size(self, data: bytes, kind: str) -> None:
        if not data:
            raise BotApiError(400, "Bad Request: file must be non-empty")
        if len(data) > OTHER_BYTES:
            raise BotApiError(413, "Request Entity Too Large")
        if kind != "photo":
            return
        if len(data) > PHOTO_BYTES:
            raise BotApiError(400, f"Bad Request: file is too big for a photo: {len(data)} bytes")
        size = sample_files.image_size(data)
        if size is None:
            raise BotApiError(400, "Bad Request: IMAGE_PROCESS_FAILED")
        width, height = size
        long, short = max(width, height), max(1, min(width, height))
        if width + height > PHOTO_SIDES or long / short > PHOTO_RATIO:
            raise BotApiError(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")


def _media_type(upload: FileStorage, data: bytes, kind: str) -> str:
    """Returns the type of the part, else that of the bytes, else that of the file name.

    Telegram too looks into the bytes.
    """
    declared = upload.mimetype or ""
    if declared not in ("", UNKNOWN):
        return declared
    from_name = mimetypes.guess_type(upload.filename or "")[0]
    return filetype.guess_mime(data) or from_name or ("audio/ogg" if kind == "voice" else UNKNOWN)
