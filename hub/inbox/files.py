"""Takes uploads and serves attachments. The media type is read from the bytes, never believed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO
from urllib.parse import quote

from flask import Response, request, send_file
from sqlalchemy import Row, select
from sqlalchemy.exc import DBAPIError
from werkzeug.datastructures import FileStorage

from hub.conversations.attachments import add_upload
from hub.conversations.views import attachment_from_row
from hub.errors import NO_ROOM, Conflict, HubError, Invalid, NotFound
from hub.inbox.services import Hub
from hub.schema import resources
from hub.store import faults
from hub.store.engine import Transaction
from hub.store.media import INLINE, TooLarge, picture_size, sniff
from hub.store.models import attachments
from hub.types import Medium

CHUNK = 64 * 1024
#: A browser may cache an attachment, a shared cache may not.
CACHE = "private, max-age=86400, immutable"


class FileTooLarge(HubError):
    """413: the file is larger than `limits.upload_max_bytes`."""

    code = "too_large"


class StorageFull(HubError):
    """507: there is no room for the file on the disk."""

    code = "storage_full"

    def __init__(self) -> None:
        super().__init__("There is no room for the file: the hub's disk is full.")


def store_upload(hub: Hub, file: FileStorage | None, uploader: str) -> resources.Attachment:
    """Keeps an uploaded file until a message uses it.

    Args:
        uploader: `agent:ID` or `visitor:NAME`; only this uploader may send it.

    Raises:
        Invalid: no file was sent.
        FileTooLarge: more than `limits.upload_max_bytes`.
        StorageFull: the disk is full.
    """
    if file is None or not file.filename:
        raise Invalid("Send one file in the multipart field `file`.", "file")
    limit = hub.config.limits.upload_max_bytes
    try:
        key, size, head = hub.media.save(_chunks(file.stream), limit)
    except TooLarge:
        raise FileTooLarge(f"A file has at most {limit // 2**20} MB.") from None
    except OSError as error:
        if error.errno in NO_ROOM:
            raise StorageFull from error
        raise
    media_type = sniff(head, file.mimetype or "")
    name = clean_name(file.filename)

    def keep(tx: Transaction) -> resources.Attachment:
        row = add_upload(
            tx,
            uploader=uploader,
            medium=medium_of(media_type),
            name=name,
            media_type=media_type,
            size=size,
            key=key,
            picture_size=picture_size(hub.media.path(key), media_type),
        )
        return attachment_from_row(row)

    try:
        return hub.store.write(keep)
    except DBAPIError as error:
        hub.media.path(key).unlink(missing_ok=True)
        if faults.state_after(error) == "full":
            raise StorageFull from error
        raise


def attachment_row(hub: Hub, attachment_id: int) -> Row[Any]:
    """The row of an attachment. Raises NotFound."""
    with hub.store.read() as connection:
        row = connection.execute(
            select(attachments).where(attachments.c.id == attachment_id)
        ).first()
    if row is None:
        raise NotFound("There is no such file.")
    return row


def serve(hub: Hub, row: Row[Any]) -> Response:
    """Answers with the bytes, inline only for media types that cannot run code in a browser.

    Args:
        row: as `attachment_row` returns it.


    Raises:
        Conflict: the file is not fetched yet, or could not be fetched.
    """
    if row.state != "stored":
        raise Conflict(
            "The file is still on its way." if row.state == "pending" else row.reason or "No file."
        )
    inline = row.media_type in INLINE
    response = send_file(
        hub.media.path(row.key),
        mimetype=row.media_type if inline else "application/octet-stream",
        conditional=True,
        etag=row.key,
    )
    disposition = "inline" if inline else "attachment"
    response.headers["Content-Disposition"] = (
        f"{disposition}; filename*=UTF-8''{quote(row.name or 'file', safe='')}"
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "same-site" if inline else "same-origin"
    response.headers["Cache-Control"] = CACHE
    return response


def clean_name(name: str) -> str:
    """A file's name without folders and control characters, at most 200 characters long."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    printable = "".join(c for c in last if c.isprintable() and c not in '<>:"|?*')
    return printable.strip(" .")[:200] or "file"


def medium_of(media_type: str) -> Medium:
    """The medium of a media type such as `image/png`; a file when it is none of the known ones."""
    top = media_type.split("/")[0]
    return {"image": Medium.IMAGE, "audio": Medium.AUDIO, "video": Medium.VIDEO}.get(
        top, Medium.FILE
    )


def uploaded_file() -> FileStorage | None:
    """The file in the field `file` of the current request."""
    return request.files.get("file")


def _chunks(stream: BinaryIO | Any) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
        yield chunk
