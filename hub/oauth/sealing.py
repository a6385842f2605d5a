"""Seals what only this hub may read: AES-256-GCM, with a key that comes from HUB_SECRET_KEY.

The library is imported by the first use: most hubs keep no tokens.

Source: RFC 5116 (AEAD), RFC 5869 (HKDF), https://cryptography.io/en/latest/hazmat/primitives/aead/
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import orjson

NONCE_BYTES = 12
KEY_BYTES = 32


class KeyLost(Exception):
    """What is stored was sealed with another key, for something else, or was changed since."""


class Seal:
    """Seals and opens values. `purpose` is part of the seal: no row can take another's place."""

    def __init__(self, secret: str) -> None:
        """Takes the secret of the hub."""
        self._secret = secret

    def close(self, purpose: str, values: Mapping[str, str]) -> bytes:
        """The values, sealed."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + bytes(self._cipher().encrypt(nonce, orjson.dumps(values), purpose.encode()))

    def open(self, purpose: str, sealed: bytes) -> dict[str, str]:
        """The values again. Raises KeyLost."""
        from cryptography.exceptions import InvalidTag

        nonce, content = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            values = orjson.loads(self._cipher().decrypt(nonce, content, purpose.encode()))
        except (InvalidTag, ValueError):
            raise KeyLost("The key does not fit.") from None
        assert isinstance(values, dict)
        return values

    def fits(self, purpose: str, sealed: bytes) -> bool:
        """Whether `open` would open it."""
        try:
            self.open(purpose, sealed)
        except KeyLost:
            return False
        return True

    def _cipher(self) -> Any:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        key = HKDF(SHA256(), KEY_BYTES, salt=None, info=b"hub oauth tokens")
        return AESGCM(key.derive(self._secret.encode()))
