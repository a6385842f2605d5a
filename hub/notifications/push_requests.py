"""One push to a device, by its push service: encrypted for the device, proved to the service.

The address of a push service comes from a browser, so it is as little trusted as any other: https,
at a public address, and the connection goes to the very address that was checked. Where the hub
itself is on loopback, push services on loopback are allowed, too.

Source: RFC 8030 (Web Push), RFC 8291 (encryption), RFC 8292 (VAPID)
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import SplitResult, urlsplit

import orjson
import urllib3

from hub.notifications.vapid import VapidKey
from hub.transport.download import is_public

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
#: How long a push service keeps a push for a device that is away, in seconds.
TTL_SECONDS = 24 * 3600
#: The longest pause that a push service may ask for, in seconds.
MAX_PAUSE = 3600.0

#: `gone`: the subscription has ended. `refused`: this push will never be taken. `failed`: a later
#: try may succeed.
Outcome = Literal["sent", "gone", "refused", "failed"]
#: 401 and 403: the subscription was made with another key of this hub. The browser makes a new one.
_ENDING_STATUSES = frozenset({401, 403, 404, 410})


@dataclass(frozen=True, slots=True)
class PushResult:
    """What became of a push.

    Args:
        pause: how long the service asks to wait, in seconds; 0 where it does not say.
    """

    outcome: Outcome
    pause: float = 0.0
    reason: str = ""


class EndpointRefused(Exception):
    """The hub sends nothing to this address. The text says why."""


class PushSender:
    """Sends pushes. The libraries are imported by the first one."""

    def __init__(self, key: VapidKey, public_url: str) -> None:
        """Takes the hub's key, and the address at which it is reached."""
        self._key = key
        self._allows_loopback = _is_loopback(urlsplit(public_url).hostname or "")

    def send(
        self,
        endpoint: str,
        p256dh: str,
        auth: str,
        content: Mapping[str, Any],
        *,
        topic: str,
        urgency: str,
    ) -> PushResult:
        """Sends one push; takes a few seconds at most.

        Args:
            content: what the service worker gets, as JSON.
            topic: a later push with the same topic takes the place of one that waits.
        """
        parts = urlsplit(endpoint)
        try:
            address = self._resolve(parts)
            body = _encrypt(endpoint, p256dh, auth, orjson.dumps(content))
            headers = {
                "host": parts.netloc,
                "authorization": self._key.authorization(endpoint),
                "content-encoding": "aes128gcm",
                "content-type": "application/octet-stream",
                "ttl": str(TTL_SECONDS),
                "topic": topic,
                "urgency": urgency,
            }
            status, retry_after = _post(parts, address, headers, body)
        except EndpointRefused as error:
            return PushResult("gone", reason=str(error))
        except (OSError, UnicodeError, urllib3.exceptions.HTTPError) as error:
            return PushResult("failed", reason=type(error).__name__)
        if status in _ENDING_STATUSES:
            return PushResult("gone", reason=f"status {status}")
        if 200 <= status < 300:
            return PushResult("sent")
        if status in (408, 429) or status >= 500:
            return PushResult("failed", _seconds(retry_after), f"status {status}")
        return PushResult("refused", reason=f"status {status}")

    def _resolve(self, parts: SplitResult) -> str:
        """One address of the endpoint's host. Raises EndpointRefused and OSError."""
        host = parts.hostname or ""
        infos = socket.getaddrinfo(host, _port(parts), type=socket.SOCK_STREAM)
        addresses = [str(info[4][0]) for info in infos]
        if self._allows_loopback and all(_is_loopback(address) for address in addresses):
            return addresses[0]
        if parts.scheme != "https":
            raise EndpointRefused("Pushes leave by https only.")
        if not all(is_public(address) for address in addresses):
            raise EndpointRefused("The push service is inside a private network.")
        return addresses[0]


def _encrypt(endpoint: str, p256dh: str, auth: str, content: bytes) -> bytes:
    from pywebpush import WebPusher

    keys = {"p256dh": p256dh, "auth": auth}
    encrypted = WebPusher({"endpoint": endpoint, "keys": keys}).encode(content, "aes128gcm")
    return bytes(encrypted["body"])


def _post(
    parts: SplitResult, address: str, headers: Mapping[str, str], body: bytes
) -> tuple[int, str]:
    """Returns the status, and the header Retry-After."""
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
    pool: urllib3.HTTPConnectionPool
    if parts.scheme == "https":
        pool = urllib3.HTTPSConnectionPool(
            address,
            _port(parts),
            timeout=timeout,
            retries=False,
            server_hostname=parts.hostname,
            assert_hostname=parts.hostname,
        )
    else:
        pool = urllib3.HTTPConnectionPool(address, _port(parts), timeout=timeout, retries=False)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with pool:
        # Its body is of no interest, and may never end.
        response = pool.request(
            "POST", path, body=body, headers=dict(headers), preload_content=False, redirect=False
        )
        status, retry_after = response.status, response.headers.get("retry-after", "")
        response.close()
    return status, retry_after


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _seconds(retry_after: str) -> float:
    """The pause that a service asks for; a date, which few send, counts as none."""
    return min(float(retry_after), MAX_PAUSE) if retry_after.isdecimal() else 0.0


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
