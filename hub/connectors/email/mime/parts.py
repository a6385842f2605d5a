"""A mail taken apart: its parts by offset, its text, its attachments. Linear; raises nothing.

The standard library's parser reads line by line and gets slower with every nested boundary, which
a hostile mail can use; here each level is one search over the bytes, and levels are few.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape

from hub.connectors.email.mime.charsets import decode, decode_html
from hub.connectors.email.mime.files import Place
from hub.connectors.email.mime.headers import Headers, read_headers
from hub.connectors.email.mime.transfer import decode_transfer, decoded_size
from hub.connectors.html import MAX_LENGTH
from hub.types import Attachment, Medium

#: What is beyond these is in the original only.
MAX_DEPTH = 20
MAX_PARTS = 500
MAX_TEXT_PARTS = 50
MAX_ATTACHMENTS = 100
MAX_TEXT = 200_000
MAX_HTML = MAX_LENGTH
MAX_NAME = 200
MAX_BOUNDARY = 200
#: The most bytes of one character, and of one byte in a transfer encoding, soft line ends included.
BYTES_PER_CHARACTER = 4
BYTES_PER_BYTE = 4

#: The ending of the name that a part without a name gets.
EXTENSIONS = {
    "message/rfc822": ".eml",
    "text/calendar": ".ics",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/csv": ".csv",
    "text/vcard": ".vcf",
    "message/delivery-status": ".txt",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/svg+xml": ".svg",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/ms-tnef": ".dat",
    "application/pgp-signature": ".asc",
    "application/pkcs7-signature": ".p7s",
    "application/pkcs7-mime": ".p7m",
}
MEDIA = {"image": Medium.IMAGE, "audio": Medium.AUDIO, "video": Medium.VIDEO}
#: Parts that show how a mail was protected. No signature is checked here, so none is claimed.
PROTECTION = {
    "multipart/signed": "signed",
    "application/pkcs7-mime": "encrypted or signed",
    "application/x-pkcs7-mime": "encrypted or signed",
    "multipart/encrypted": "encrypted",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One node: its headers, the offsets of its body in the mail, the parts inside it."""

    mail: bytes = field(repr=False)
    headers: Headers
    start: int
    end: int
    parts: tuple[Part, ...] = ()

    @property
    def media_type(self) -> str:
        return self.headers.media_type()

    @property
    def encoding(self) -> str:
        return self.headers.raw("content-transfer-encoding").split(";", 1)[0].strip().lower()

    @property
    def body(self) -> bytes:
        return self.mail[self.start : self.end]

    def content(self, limit: int | None = None) -> bytes:
        """The decoded body; its beginning, at most `limit` bytes, where one is given."""
        end = self.end if limit is None else min(self.end, self.start + limit * BYTES_PER_BYTE)
        return decode_transfer(self.mail[self.start : end], self.encoding)[:limit]

    def walk(self) -> Iterator[Part]:
        yield self
        for part in self.parts:
            yield from part.walk()


@dataclass(slots=True)
class Budget:
    """The parts and texts that are still read of one mail.

    Args:
        is_cut: whether the mail has more.
    """

    parts: int = MAX_PARTS
    text_parts: int = MAX_TEXT_PARTS
    is_cut: bool = False

    def takes_part(self) -> bool:
        self.parts -= 1
        self.is_cut = self.is_cut or self.parts < 0
        return self.parts >= 0

    def takes_text(self) -> bool:
        self.text_parts -= 1
        self.is_cut = self.is_cut or self.text_parts < 0
        return self.text_parts >= 0

    def shorten(self, text: str, limit: int) -> str:
        self.is_cut = self.is_cut or len(text) > limit
        return text[:limit]


@dataclass(frozen=True, slots=True)
class Body:
    """The readable content of a mail. `text` is empty where only the HTML is complete."""

    text: str = ""
    html: str = ""


def read_mail(raw: bytes, budget: Budget) -> Part:
    """A mail, taken apart down to `MAX_DEPTH`; deeper or surplus parts stay one part."""
    raw = with_line_feeds(raw)
    return _read(raw, 0, len(raw), 0, budget)


def with_line_feeds(raw: bytes) -> bytes:
    """A mail whose lines end with a line feed; offsets stay."""
    return raw if b"\n" in raw else raw.replace(b"\r", b"\n")


def _read(mail: bytes, start: int, end: int, depth: int, budget: Budget) -> Part:
    headers, body = read_headers(mail, start, end)
    boundary = headers.parameter("boundary") if depth < MAX_DEPTH else ""
    if not (boundary and headers.media_type().startswith("multipart/")):
        return Part(mail, headers, body, end)
    parts: list[Part] = []
    for first, last in _between(mail, body, end, boundary[:MAX_BOUNDARY]):
        if not budget.takes_part():
            break
        parts.append(_read(mail, first, last, depth + 1, budget))
    return Part(mail, headers, body, end, tuple(parts))


def _between(mail: bytes, start: int, end: int, boundary: str) -> Iterator[tuple[int, int]]:
    opened = -1
    for at, line_end, closes in _marks(mail, start, end, boundary):
        if opened >= 0:
            yield opened, _before_line(mail, at, opened)
        opened = line_end
        if closes:
            return
    if opened >= 0:
        # The mail was cut short: the last part ends where the mail does.
        yield opened, end


def _marks(mail: bytes, start: int, end: int, boundary: str) -> Iterator[tuple[int, int, bool]]:
    """Every boundary line: its offset, the offset of the next line, whether it closes the part.

    Each line is looked at once, whatever the boundary: only its beginning can be one.
    """
    mark = b"--" + boundary.encode("utf-8", "replace")
    at = start if mail.startswith(mark, start) else _next_mark(mail, mark, start, end)
    while at >= 0:
        after = at + len(mark)
        line_end = mail.find(b"\n", after, end)
        line_end = end if line_end < 0 else line_end + 1
        suffix = mail[after : min(line_end, after + 1_000)].strip()
        if suffix in (b"", b"--"):
            yield at, line_end, suffix == b"--"
        at = _next_mark(mail, mark, line_end - 1, end)


def _next_mark(mail: bytes, mark: bytes, position: int, end: int) -> int:
    at = mail.find(b"\n" + mark, position, end)
    return at + 1 if at >= 0 else -1


def _before_line(mail: bytes, position: int, least: int) -> int:
    # The line end before a boundary belongs to the boundary (RFC 2046, 5.1.1).
    if mail[position - 1 : position] == b"\n":
        position -= 1
    if mail[position - 1 : position] == b"\r":
        position -= 1
    return max(position, least)


# -- text ----------------------------------------------------------------------------------------


def body_of(part: Part, budget: Budget) -> Body:
    """The readable content of a part, from the best of its alternatives."""
    kind = part.media_type
    if not part.parts:
        return _leaf(part, budget)
    bodies = [body_of(inner, budget) for inner in part.parts]
    if kind == "multipart/alternative":
        return Body(
            next((body.text for body in bodies if body.text.strip()), ""),
            next((body.html for body in reversed(bodies) if body.html.strip()), ""),
        )
    bodies = [body for body in bodies if body.text.strip() or body.html.strip()]
    return _joined(bodies, budget)


def _joined(bodies: list[Body], budget: Budget) -> Body:
    if len(bodies) < 2:
        return bodies[0] if bodies else Body()
    html = "".join(body.html or _as_html(body.text) for body in bodies)
    complete = all(body.text.strip() for body in bodies)
    text = "\n\n".join(body.text.strip("\n") for body in bodies) if complete else ""
    return Body(
        budget.shorten(text, MAX_TEXT),
        budget.shorten(html, MAX_HTML) if any(body.html for body in bodies) else "",
    )


def _as_html(text: str) -> str:
    return f'<div dir="auto" style="white-space: pre-wrap">{escape(text)}</div>'


def _leaf(part: Part, budget: Budget) -> Body:
    if not is_text(part) or not budget.takes_text():
        return Body()
    charset = part.headers.parameter("charset")
    if part.media_type == "text/html":
        content = _beginning(part, MAX_HTML, budget)
        return Body(html=budget.shorten(decode_html(content, charset), MAX_HTML))
    text = decode(_beginning(part, MAX_TEXT, budget), charset)
    if part.headers.parameter("format").lower() == "flowed":
        text = unflow(text, part.headers.parameter("delsp").lower() == "yes")
    return Body(text=budget.shorten(text, MAX_TEXT))


def _beginning(part: Part, characters: int, budget: Budget) -> bytes:
    """The bytes of a part that its first characters can need."""
    limit = characters * BYTES_PER_CHARACTER
    budget.is_cut = budget.is_cut or part.end - part.start > limit * BYTES_PER_BYTE
    return part.content(limit)


def is_text(part: Part) -> bool:
    """Whether a leaf is read with the mail, and not offered as a file."""
    if part.media_type not in {"text/plain", "text/html"}:
        return False
    return not _is_attached(part) and not name_of(part)


def _is_attached(part: Part) -> bool:
    return part.headers.raw("content-disposition").strip().lower().startswith("attachment")


def unflow(text: str, delete_space: bool = False) -> str:
    """Joins the lines of `format=flowed` that were one paragraph. Source: RFC 3676, 4."""
    lines: list[list[str]] = []
    open_depth = -1
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content[1:] if content.startswith(" ") else content
        flows = content.endswith(" ") and content != "-- "
        kept_content = content[:-1] if flows and delete_space else content
        if depth == open_depth:
            lines[-1].append(kept_content)
        else:
            lines.append([">" * depth + " " if depth else "", kept_content])
        open_depth = depth if flows else -1
    return "\n".join("".join(pieces) for pieces in lines)


# -- attachments -----------------------------------------------------------------------------------


def attachments_of(root: Part) -> tuple[tuple[Attachment, ...], int]:
    """The files of a mail, at most `MAX_ATTACHMENTS`, and how many more there were.

    The source of each is the place of its bytes in the mail, see `mime.files`.
    """
    leaves = [part for part in root.walk() if not part.parts and _is_file(part)]
    return tuple(map(_attachment, leaves[:MAX_ATTACHMENTS])), max(0, len(leaves) - MAX_ATTACHMENTS)


def _is_file(part: Part) -> bool:
    if is_text(part) or part.start >= part.end:
        return False
    # A multipart without a part in it holds only a notice for old mail programs.
    return not (part.media_type.startswith("multipart/") and not _is_attached(part))


def _attachment(part: Part) -> Attachment:
    return Attachment(
        medium=MEDIA.get(part.media_type.split("/", 1)[0], Medium.FILE),
        name=name_of(part) or _default_name(part),
        media_type=part.media_type,
        size=decoded_size(part.body, part.encoding),
        source=Place(part.start, part.end, part.encoding).as_source(),
        content_id=content_id(part),
    )


def content_id(part: Part) -> str:
    return part.headers.text("content-id", 200).strip("<> ")


def name_of(part: Part) -> str:
    """The name that the sender gave a part, without folders and without invalid characters."""
    headers = part.headers
    name = headers.parameter("filename", "content-disposition") or headers.parameter("name")
    name = re.split(r"[/\\]", name)[-1].strip(". ")
    return re.sub(r'[<>:"|?*]', "_", name)[-MAX_NAME:]


def _default_name(part: Part) -> str:
    if part.media_type == "message/rfc822":
        inner, _ = read_headers(part.content(100_000))
        subject = re.sub(r'[/\\<>:"|?*]', "_", inner.text("subject", 80)).strip(". ")
        return f"{subject or 'mail'}.eml"
    stem = part.media_type.split("/", 1)[0]
    stem = stem if stem in {"image", "audio", "video"} else "attachment"
    return stem + EXTENSIONS.get(part.media_type, "")


def protection_of(root: Part) -> str:
    """`signed`, `encrypted`, or "": as the mail itself claims, unchecked."""
    claims = (PROTECTION.get(part.media_type) for part in root.walk())
    return next(filter(None, claims), "")
