"""Parts that hold others in a form of their own: signed messages, `winmail.dat`, uuencoded text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from hub.connectors.email.mime.files import Place
from hub.connectors.email.mime.headers import Headers
from hub.connectors.email.mime.parts import RTF, SMIME, TNEF, Part, is_text, name_of
from hub.connectors.email.mime.signed_data import content_of
from hub.connectors.email.mime.tnef import SIGNATURE, PackedFile, read_packet
from hub.connectors.email.mime.transfer import SIGNED
from hub.connectors.email.mime.uuencode import Block, blocks

#: The line above a forwarded message; the reader of quotations knows it as content.
FORWARDED_MARK = "---------- Forwarded message ----------"
_SHOWN = ("date", "subject", "to")


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
    """The texts and files in a packet. A message in it is a packet of its own, to be opened too."""
    data = part.content()
    contents = read_packet(data)
    if part.is_body:
        yield _introduction(contents.envelope)
    for text in contents.texts:
        kind = f"{text.media_type}; charset={text.charset}" if text.charset else text.media_type
        fields = (("content-type", kind),)
        is_rtf = text.media_type == RTF
        yield Part(data, Headers(fields), text.start, text.end, outer=part.place, is_body=is_rtf)
    for number, file in enumerate(contents.files, 1):
        headers = _headers(file, number, data)
        is_message = headers.media_type() in TNEF
        yield Part(data, headers, file.start, file.end, outer=part.place, is_body=is_message)


def _introduction(envelope: Mapping[str, str]) -> Part:
    """The lines above a message in a message, as programs write them above what they forward."""
    sender = " ".join(
        filter(None, (envelope.get("from", ""), f"<{envelope.get('address', '')}>"))
    ).replace("<>", "")
    values = {"From": sender, **{name.title(): envelope.get(name, "") for name in _SHOWN}}
    lines = [f"{name}: {value.strip()}" for name, value in values.items() if value.strip()]
    text = "\n".join([FORWARDED_MARK, *lines]).encode("utf-8", "replace")
    fields = (("content-type", "text/plain; charset=utf-8"),)
    return Part(text, Headers(fields), 0, len(text), is_body=True)


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
