"""The key by which push services know this hub, and the proof that a push comes from it.

The key is computed from HUB_SECRET_KEY, which is made at the first start and kept: every process
of the hub has the same one. With another secret it is another key, and browsers subscribe anew.

Source: RFC 8292 (VAPID), RFC 5869 (HKDF)
"""

from __future__ import annotations

import base64
import time
from typing import Any
from urllib.parse import urlsplit

#: RFC 8292 allows a day at most.
PROOF_SECONDS = 12 * 3600
#: The order of the curve P-256: a private key is a number below it.
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class VapidKey:
    """The hub's key. The libraries are imported by the first use: many hubs push nothing."""

    def __init__(self, secret: str, public_url: str) -> None:
        """Takes the secret of the hub, and the address at which it is reached."""
        self._secret = secret
        host = urlsplit(public_url).hostname or "localhost"
        # Push services write to it when a hub misbehaves; they take https and mailto alone.
        self._subject = public_url if public_url.startswith("https:") else f"mailto:hub@{host}"
        self._vapid: Any = None

    @property
    def public(self) -> str:
        """What a browser names as `applicationServerKey`: the point of the curve, base64url."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        point = self._key().public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return base64.urlsafe_b64encode(point).decode().rstrip("=")

    def authorization(self, endpoint: str) -> str:
        """The header of a push to this endpoint; valid for its push service alone."""
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int(time.time()) + PROOF_SECONDS,
            "sub": self._subject,
        }
        return str(self._key().sign(claims)["Authorization"])

    def _key(self) -> Any:
        if self._vapid is None:
            from cryptography.hazmat.primitives.asymmetric import ec
            from cryptography.hazmat.primitives.hashes import SHA256
            from cryptography.hazmat.primitives.kdf.hkdf import HKDF
            from py_vapid import Vapid02

            # 48 bytes, so that the remainder favours no number (FIPS 186-5, A.2.1).
            seed = HKDF(SHA256(), 48, salt=None, info=b"hub web push").derive(self._secret.encode())
            number = int.from_bytes(seed, "big") % (_ORDER - 1) + 1
            self._vapid = Vapid02(private_key=ec.derive_private_key(number, ec.SECP256R1()))
        return self._vapid
