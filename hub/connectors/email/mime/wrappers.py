"""Parts that hold others in a form of their own: signed messages, `winmail.dat`, uuencoded text."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from hub.connectors.email.mime.files import Place
from hub.connectors.email.mime.headers import Headers
from hub.connectors.email.mime.parts import SMIME, TNEF, Part, is_text, name_of
from hub.connectors.email.mime.signed_data import content_of
from hub.connectors.email.mime.tnef import SIGNATURE, PackedFile, read_packet
from hub.connectors.email.mime.transfer import SIGNED
from hub.connectors.email.mime.uuencode import Block, blocks


def opened(part: Part) -> Iterator[Part]:
    """What a leaf holds; nothing for an ordinary one. A part without headers is yet to be read."""
    name = name_of(part).lower()
    if part.media_type in SMIME or name.endswith(".p7m"):
        return _signed(part)
    if part.media_type in TNEF or name == "winmail.dat":
        return _packed(part)
    if part.media_type == "text/plain" and is_text(part):
        return _uuencoded(part)
    return iter(())


def _signed(part: Part) -> Iterator[Part]:
    data = part.content()
    content = content_of(data)
    if content.strip():
        outer = Place(0, len(data), SIGNED, part.place)
        yield Part(content, Headers(), 0, len(content), outer=outer)


def _packed(part: Part) -> Iterator[Part]:
    data = part.content()
    contents = read_packet(data)
    for text in contents.texts:
        kind = f"{text.media_type}; charset={text.charset}" if text.charset else text.media_type
        fields = (("content-type", kind),)
        yield Part(data, Headers(fields), text.start, text.end, outer=part.place)
    for number, file in enumerate(contents.files, 1):
        yield Part(data, _headers(file, number, data), file.start, file.end, outer=part.place)


def _headers(file: PackedFile, number: int, data: bytes) -> Headers:
    is_packet = data.startswith(SIGNATURE, file.start)
    media_type = "application/ms-tnef" if is_packet else file.media_type.lower()
    name = file.name or (f"message-{number}.dat" if is_packet else f"attachment-{number}")
    disposition = f"attachment; filename*=utf-8''{quote(name, safe='')}"
    fields = [
        ("content-type", media_type or "application/octet-stream"),
        ("content-disposition", disposition),
    ]
    if file.content_id:
        fields.append(("content-id", f"<{file.content_id}>"))
    return Headers(tuple(fields))


def _uuencoded(part: Part) -> Iterator[Part]:
    """The text of a part without the files in it, and those files."""
    is_encoded = part.encoding in {"base64", "quoted-printable"}
    text = part.content() if is_encoded else part.body
    files = list(blocks(text))
    if not files:
        return
    outer = part.place
    position = 0
    headers = Headers((("content-type", part.headers.raw("content-type") or "text/plain"),))
    for block in files:
        yield Part(text, headers, position, block.start, outer=outer)
        yield Part(text, _file_headers(block), block.first, block.last, outer=outer)
        position = block.end
    yield Part(text, headers, position, len(text), outer=outer)


def _file_headers(block: Block) -> Headers:
    name = quote(block.name, safe="")
    return Headers(
        (
            ("content-type", "application/octet-stream"),
            ("content-disposition", f"attachment; filename*=''{name}"),
            ("content-transfer-encoding", block.encoding),
        )
    )
