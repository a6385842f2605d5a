"""Signed and random texts that leave the hub and come back: tokens of replies, handover codes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

#: Without 0/O, 1/I/L and U, which are easily mistyped.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 8
#: A text with more codes than this is an attempt to guess one.
MAX_CODES = 3
#: Longer texts are searched from the beginning up to here.
MAX_SEARCHED = 4_000
MAC_BYTES = 16

_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
#: Every code has one, most sentences have none.
_DIGIT = re.compile("[2-9]")
_CHARACTER = f"[{CODE_ALPHABET}]"
#: The characters between two groups of a code: one space, or one of the dashes.
_GAP = r"(?:[ \u00a0]?[-\u2010-\u2015.][ \u00a0]?|[ \u00a0])"
#: The lengths of the groups into which customers divide a code when they type it.
_GROUPS = ((8,), (4, 4), (2, 2, 2, 2), (3, 3, 2), (2, 3, 3), (1,) * CODE_LENGTH)
_FORMS = "|".join(
    _GAP.join(f"{_CHARACTER}{{{length}}}" for length in lengths) for lengths in _GROUPS
)
#: A lookahead, so that a word before the code does not match together with its first half.
_CODE = re.compile(rf"(?<!\w)(?=({_FORMS})(?!\w))", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class ReplyToken:
    """The conversation that a mail answers, and the address that the answered mail was sent to.

    Args:
        address_id: 0 for a mail that went to others too: then the token proves no address.
    """

    conversation_id: int
    address_id: int


def make_reply_token(secret: bytes, token: ReplyToken) -> str:
    """A text for the local part of a mail address: lower case, letters and digits only.

    It is signed with 128 bits, so that a conversation cannot be reached by guessing.
    """
    ids = token.conversation_id.to_bytes(6) + token.address_id.to_bytes(6)
    return base64.b32encode(ids + _mac(secret, ids)).decode().rstrip("=").lower()


def read_reply_token(secret: bytes, text: str) -> ReplyToken | None:
    """Reads a reply token, in constant time.

    Returns: None when the hub did not sign it.
    """
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
    """Eight characters that are easy to read out and type, always with a digit and a letter."""
    while True:
        code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
        if any(c.isdigit() for c in code) and any(c.isalpha() for c in code):
            return code


def is_token(text: str) -> bool:
    """Whether a text has the form of a token. The name of a campaign in a link has not."""
    return _TOKEN.fullmatch(text) is not None


def codes_in(text: str) -> list[str]:
    """The first few codes, by their form, in a text: in capitals and without gaps."""
    if not _DIGIT.search(text):
        return []
    texts = (
        "".join(filter(str.isalnum, match[1])).upper()
        for match in _CODE.finditer(text[:MAX_SEARCHED])
    )
    return list(dict.fromkeys(code for code in texts if _is_code(code)))[:MAX_CODES]


def _is_code(text: str) -> bool:
    return any(c.isdigit() for c in text) and any(c.isalpha() for c in text)


def digest(token: str) -> str:
    """The hash of a token that the database keeps. A fast one is enough: tokens are random."""
    return hashlib.sha256(token.encode()).hexdigest()
