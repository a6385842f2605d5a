"""The reverse proxies before the hub: the client's own address, and whether all is set up."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import structlog

log = structlog.get_logger()

#: The variable with the address of the other end of the connection: a proxy's, or the client's.
PEER = "hub.peer_address"

#: What reverse proxies add. A request with one of them did not come from this machine itself.
FORWARDING = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_REAL_IP",
    "HTTP_FORWARDED",
    "HTTP_VIA",
)

#: This machine and the networks behind a router. `is_private` of the standard library counts more,
#: the addresses of examples among them.
PRIVATE = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
        *("100.64.0.0/10", "::1/128", "fc00::/7", "fe80::/10"),
    )
)

NOT_EXPECTED = (
    "A reverse proxy stands before the hub and HUB_TRUSTED_PROXIES is 0, so all visitors count as "
    "one address. Set it to the number of your proxies."
)
TOO_FEW = (
    "Requests arrive with fewer entries in X-Forwarded-For than HUB_TRUSTED_PROXIES says, so "
    "clients can make up their address or all count as one. Let each proxy add to the field, and "
    "let no client reach the hub past them."
)
TOO_MANY = (
    "More proxies stand before the hub than HUB_TRUSTED_PROXIES says, so a proxy counts as the "
    "visitor. Set it to the number of your proxies."
)


class Proxies:
    """What this process knows of the proxies before it.

    Args:
        count: how many there are, by `HUB_TRUSTED_PROXIES`.
        public_url: by which address clients reach the proxies.
    """

    def __init__(self, count: int, public_url: str) -> None:
        self.count = count
        host = urlsplit(public_url).hostname or ""
        self._public_host = "" if host == "localhost" or _address(host) else host
        self._lock = threading.Lock()
        #: What is wrong with the set-up and what to do; None while every request fits.
        self.warning: str | None = None

    def client_address(self, peer: str, forwarded_for: str) -> str:
        """The address of the client itself.

        Each proxy adds the address that called it at the right end of `X-Forwarded-For`. What
        stands further left came with the request, and the client may have made it up.

        Args:
            peer: the address of the other end of the connection.
            forwarded_for: the values of all `X-Forwarded-For` fields, joined by commas.

        Returns: the entry that the first of our proxies added; the peer where there is none.
        """
        if not self.count or not forwarded_for:
            return peer
        entries = forwarded_for.split(",")
        return (_address(entries[-self.count]) if len(entries) >= self.count else "") or peer

    def is_inside(self, environ: Mapping[str, Any]) -> bool:
        """Whether a request comes from this machine or its private network, past every proxy."""
        return _is_private(environ.get(PEER, "")) and not self._came_by_proxy(environ)

    def check(self, environ: Mapping[str, Any]) -> None:
        """Compares a request with the set-up. The first that does not fit is logged."""
        if self.warning is not None:
            return
        warning = self._mismatch(environ)
        if warning is None:
            return
        with self._lock:
            if self.warning is None:
                self.warning = warning
                log.warning("proxy.misconfigured", detail=warning, peer=environ.get(PEER))

    def _mismatch(self, environ: Mapping[str, Any]) -> str | None:
        inside = _is_private(environ.get(PEER, ""))
        forwarded_for = environ.get("HTTP_X_FORWARDED_FOR", "")
        if not self.count:
            # A client at a public address may write the field itself.
            return NOT_EXPECTED if forwarded_for and inside else None
        if inside and not self._came_by_proxy(environ):
            return None  # a health check, or a program of this machine
        entries = forwarded_for.split(",") if forwarded_for else []
        if len(entries) < self.count:
            return TOO_FEW
        if _is_private(_address(entries[-self.count])) and any(
            address and not _is_private(address)
            for address in map(_address, entries[: -self.count])
        ):
            return TOO_MANY
        return None

    def _came_by_proxy(self, environ: Mapping[str, Any]) -> bool:
        if any(name in environ for name in FORWARDING):
            return True
        host = str(environ.get("HTTP_HOST", "")).partition(":")[0].lower()
        return bool(self._public_host) and host == self._public_host


def _address(entry: str) -> str:
    """The address in one entry, without port and brackets; empty when it is none."""
    text = entry.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""


def _is_private(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return any((mapped or parsed) in network for network in PRIVATE)
