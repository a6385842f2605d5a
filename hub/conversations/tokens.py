"""Small signed or random texts that travel through other people's systems."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

#: Without 0/O, 1/I/L and U: what people mistype.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 8
MAC_BYTES = 16


@dataclass(frozen=True, slots=True)
class ReplyToken:
    """Which thread a mail answers, and who it was sent to."""

    conversation_id: int
    address_id: int


def make_reply_token(secret: bytes, token: ReplyToken) -> str:
    """A text for the local part of a mail address: lower case, letters and digits only.

    Signed with 128 bits, so that nobody gets into a thread by counting.
    """
    ids = token.conversation_id.to_bytes(6) + token.address_id.to_bytes(6)
    return base64.b32encode(ids + _mac(secret, ids)).decode().rstrip("=").lower()


def read_reply_token(secret: bytes, text: str) -> ReplyToken | None:
    """None when it is not ours. In constant time."""
    padded = text.upper() + "=" * (-len(text) % 8)
    try:
        raw = base64.b32decode(padded)
    except ValueError:
        return None
    ids, mac = raw[:12], raw[12:]
    if len(ids) != 12 or not hmac.compare_digest(mac, _mac(secret, ids)):
        return None
    return ReplyToken(int.from_bytes(ids[:6]), int.from_bytes(ids[6:]))


def _mac(secret: bytes, message: bytes) -> bytes:
    return hmac.digest(secret, b"reply-token:" + message, "sha256")[:MAC_BYTES]


def new_token() -> str:
    """128 random bits for a URL: 22 characters of `A-Za-z0-9_-`."""
    return secrets.token_urlsafe(16)


def new_code() -> str:
    """Eight characters a person can read out and type, always with a digit and a letter."""
    while True:
        code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
        if any(c.isdigit() for c in code) and any(c.isalpha() for c in code):
            return code


def digest(token: str) -> str:
    """What is kept of a token. A fast hash will do: tokens are random, not chosen."""
    return hashlib.sha256(token.encode()).hexdigest()
