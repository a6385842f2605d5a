"""Content-Transfer-Encoding, decoded: of broken data, the part that is whole.

Source: RFC 2045, 6
"""

from __future__ import annotations

import binascii

from hub.connectors.email.mime.signed_data import content_of
from hub.connectors.email.mime.uuencode import decode_uu

#: What a place calls the content of a signed message; mails name no such encoding.
SIGNED = "x-hub-signed"

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(set(range(256)) - set(_ALPHABET))


def decode_base64(data: bytes) -> bytes:
    """Base64 without its line ends, stray characters and padding; a cut end is left off."""
    digits = data.translate(None, _NOT_BASE64)
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


def decode_transfer(data: bytes, encoding: str) -> bytes:
    """The bytes of a body; unchanged for an encoding that is unknown or none."""
    match encoding.strip().lower():
        case "base64":
            return decode_base64(data)
        case "quoted-printable":
            return binascii.a2b_qp(data)
        case "x-uuencode" | "uuencode" | "x-uue" | "uue":
            return decode_uu(data)
        case "x-hub-signed":
            return content_of(data)
    return data


def decoded_size(data: bytes, encoding: str) -> int:
    """How many bytes `decode_transfer` will give, without holding them where that is possible."""
    if encoding.strip().lower() == "base64":
        return len(data.translate(None, _NOT_BASE64)) * 3 // 4
    return len(decode_transfer(data, encoding))
