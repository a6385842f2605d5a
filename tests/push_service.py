"""A stand-in for a push service that takes nothing that a real one would refuse.

It checks the proof of the sender (RFC 8292) and the headers (RFC 8030), and decrypts as a browser
does (RFC 8291), with none of the code that the hub sends with.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

WAIT = 15.0
DAY = 24 * 3600
CURVE = ec.SECP256R1()


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point_of(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


@dataclass(frozen=True)
class ReceivedPush:
    content: dict[str, Any]
    topic: str
    urgency: str
    ttl: int
    size: int


@dataclass
class Subscription:
    """A browser that subscribed."""

    endpoint: str
    hub_key: str
    private_key: ec.EllipticCurvePrivateKey
    auth: bytes
    received: list[ReceivedPush] = field(default_factory=list)
    statuses: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    has_ended: bool = False

    @property
    def json(self) -> dict[str, Any]:
        """As `PushSubscription.toJSON` gives it."""
        keys = {"p256dh": base64url(point_of(self.private_key.public_key()))}
        return {"endpoint": self.endpoint, "keys": {**keys, "auth": base64url(self.auth)}}

    def answers_once(self, status: int, **headers: str) -> None:
        """The next push is answered so, and not taken."""
        self.statuses.append((status, headers))


class PushService:
    """Runs on loopback. `complaints` says what of a push was wrong."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.attempts = 0
        self._subscriptions: dict[str, Subscription] = {}
        self._changed = threading.Condition()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers = service._take(self.path, dict(self.headers.items()), body)
                self.send_response(status)
                for name, value in {"Content-Length": "0", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> PushService:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def subscribes(self, hub_key: str) -> Subscription:
        """A browser subscribes, and binds the subscription to the hub's key."""
        path = f"/push/{secrets.token_urlsafe(24)}"
        subscription = Subscription(
            self.url + path, hub_key, ec.generate_private_key(CURVE), secrets.token_bytes(16)
        )
        self._subscriptions[path] = subscription
        return subscription

    def waits_for(self, subscription: Subscription, count: int = 1) -> list[ReceivedPush]:
        """The pushes of a subscription, as soon as there are so many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(subscription.received) >= count, WAIT), (
                subscription.received,
                self.complaints,
            )
            assert self.complaints == []
            return list(subscription.received)

    def waits_for_attempts(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.attempts >= count, WAIT), self.attempts

    def _take(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str]]:
        with self._changed:
            self.attempts += 1
            self._changed.notify_all()
            subscription = self._subscriptions.get(path)
            if subscription is None or subscription.has_ended:
                return 410, {}
            if subscription.statuses:
                return subscription.statuses.pop(0)
            try:
                push = self._read(subscription, headers, body)
            except Exception as error:  # noqa: BLE001 - the test reads it
                self.complaints.append(f"{type(error).__name__}: {error}")
                return 400, {}
            subscription.received.append(push)
            return 201, {"Location": f"{self.url}/message/{len(subscription.received)}"}

    def _read(
        self, subscription: Subscription, headers: dict[str, str], body: bytes
    ) -> ReceivedPush:
        headers = {name.lower(): value for name, value in headers.items()}
        self._check_proof(subscription, headers["authorization"])
        assert headers["content-encoding"] == "aes128gcm"
        assert headers["urgency"] in ("very-low", "low", "normal", "high")
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,32}", headers["topic"]), headers["topic"]
        assert len(body) <= 4096, "a push service refuses this with 413"
        content = json.loads(decrypt(subscription, body))
        return ReceivedPush(
            content, headers["topic"], headers["urgency"], int(headers["ttl"]), len(body)
        )

    def _check_proof(self, subscription: Subscription, header: str) -> None:
        scheme, _, rest = header.partition(" ")
        assert scheme.lower() == "vapid", header
        fields = dict(part.strip().split("=", 1) for part in rest.split(","))
        assert fields.keys() == {"t", "k"}, header
        assert fields["k"] == subscription.hub_key, "not the key that was subscribed with"
        key = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, from_base64url(fields["k"]))
        claims = jwt.decode(fields["t"], key, algorithms=["ES256"], audience=self.url)
        assert 0 < claims["exp"] - time.time() <= DAY, claims
        assert re.match(r"mailto:[^@]+@.+|https://", claims["sub"]), claims


def decrypt(subscription: Subscription, body: bytes) -> bytes:
    """Decrypts as a browser does. Source: RFC 8188, RFC 8291"""
    salt, record_size, key_length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
    sender_point, record = body[21 : 21 + key_length], body[21 + key_length :]
    assert key_length == 65, "the sender's key is named in the body"
    assert len(record) <= record_size, "one record only"
    sender = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, sender_point)
    shared = subscription.private_key.exchange(ec.ECDH(), sender)
    points = point_of(subscription.private_key.public_key()) + sender_point
    seed = derive(subscription.auth, shared, b"WebPush: info\0" + points, 32)
    key = derive(salt, seed, b"Content-Encoding: aes128gcm\0", 16)
    nonce = derive(salt, seed, b"Content-Encoding: nonce\0", 12)
    padded = AESGCM(key).decrypt(nonce, record, None).rstrip(b"\0")
    assert padded.endswith(b"\x02"), "the last record ends so"
    return padded[:-1]


def derive(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=salt, info=info).derive(secret)
