"""The parts of a mail by their offsets, what is read of them, and the files among them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from hub.connectors.email.mime.files import Place
from hub.connectors.email.mime.headers import Headers, read_headers
from hub.connectors.email.mime.transfer import decode_transfer, decoded_size
from hub.connectors.html import MAX_LENGTH
from hub.types import Attachment, Medium

#: What is beyond these is in the original only.
MAX_PARTS = 500
MAX_TEXT_PARTS = 50
MAX_ATTACHMENTS = 100
MAX_TEXT = 200_000
MAX_HTML = MAX_LENGTH
#: Bytes of RTF, decompressed, in all bodies of a mail.
MAX_RTF = 600_000
MAX_NAME = 200
#: The most bytes of one byte in a transfer encoding, soft line ends included.
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
TNEF = {"application/ms-tnef", "application/vnd.ms-tnef"}
RTF = "text/rtf"
SMIME = {"application/pkcs7-mime", "application/x-pkcs7-mime"}
PROTECTION = {
    "multipart/signed": "signed",
    "application/pkcs7-mime": "encrypted or signed",
    "application/x-pkcs7-mime": "encrypted or signed",
    "multipart/encrypted": "encrypted",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One node: its headers, the offsets of its body in the mail, the parts inside it.

    Args:
        mail: the bytes that the offsets count; of a part within an encoded part, the decoded ones.
        outer: where those bytes are; None for the mail itself.
        is_body: whether it is read although it has the name of a file or another type than texts.
    """

    mail: bytes = field(repr=False)
    headers: Headers
    start: int
    end: int
    parts: tuple[Part, ...] = ()
    outer: Place | None = None
    is_body: bool = False

    @property
    def media_type(self) -> str:
        return self.headers.media_type()

    @property
    def encoding(self) -> str:
        return self.headers.raw("content-transfer-encoding").split(";", 1)[0].strip().lower()

    @property
    def body(self) -> bytes:
        return self.mail[self.start : self.end]

    @property
    def place(self) -> Place:
        return Place(self.start, self.end, self.encoding, self.outer)

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
    """The parts, the texts and the bytes of RTF that are still read of one mail.

    Args:
        is_cut: whether the mail has more.
        charset: the character set that the mail states somewhere, for raw bytes in its fields.
    """

    parts: int = MAX_PARTS
    text_parts: int = MAX_TEXT_PARTS
    rtf: int = MAX_RTF
    is_cut: bool = False
    charset: str = ""

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


def is_text(part: Part) -> bool:
    """Whether a leaf is read with the mail, and not offered as a file."""
    if part.media_type not in {"text/plain", "text/html"}:
        return part.is_body and part.media_type == RTF
    return not is_attached(part) and (part.is_body or not name_of(part))


def is_attached(part: Part) -> bool:
    """Whether the sender says of a part that it is a file."""
    return part.headers.raw("content-disposition").strip().lower().startswith("attachment")


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
    return not (part.media_type.startswith("multipart/") and not is_attached(part))


def _attachment(part: Part) -> Attachment:
    return Attachment(
        medium=MEDIA.get(part.media_type.split("/", 1)[0], Medium.FILE),
        name=name_of(part) or _default_name(part),
        media_type=part.media_type,
        size=decoded_size(part.body, part.encoding),
        source=part.place.as_source(),
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
    return next(filter(None, map(_protection, root.walk())), "")


def _protection(part: Part) -> str:
    # A message in S/MIME whose content can be read was only signed.
    return (
        "signed" if part.media_type in SMIME and part.parts else PROTECTION.get(part.media_type, "")
    )
