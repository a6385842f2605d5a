"""What a site does to say who its visitor is."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Any

import jwt
import pytest
import socketio

from tests.harness import RunningHub

SECRETS = {
    "shop": "made-up secret of the shop",
    "blog": "made-up secret of the blog",
    "locked": "made-up",
}


def signed(sub: str, connector: str = "shop", *, expires_in: float = 600, **claims: Any) -> str:
    """A JWT as a site makes it."""
    # Zeros at the end change no HMAC; without them PyJWT warns of short keys.
    key = SECRETS[connector].encode().ljust(32, b"\0")
    return jwt.encode({"sub": sub, "exp": time.time() + expires_in, **claims}, key, "HS256")


def hashed(id_: str, connector: str = "shop") -> str:
    return hmac.new(SECRETS[connector].encode(), id_.encode(), hashlib.sha256).hexdigest()


def refusal(hub: RunningHub, connector: str, **auth: Any) -> str:
    """The code with which a page is not let in."""
    heard: list[dict[str, str]] = []
    client = socketio.Client(reconnection=False)
    client.on("connect_error", heard.append, namespace="/visitor")
    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(hub.url, namespaces=["/visitor"], auth={"connector": connector, **auth})
    return heard[0]["message"]
