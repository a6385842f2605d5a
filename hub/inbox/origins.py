"""The sites whose pages a browser may call from. An origin proves nothing; it keeps others out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from flask import Request


def is_allowed(request: Request, public_url: str, allowed: Sequence[str]) -> bool:
    """Whether a request's page is ours or on the list; without an Origin it is no browser's."""
    origin = request.headers.get("Origin")
    return origin is None or origin in allowed or is_hub_origin(origin, public_url, request.host)


def is_hub_origin(origin: str, public_url: str, host: str) -> bool:
    """Whether an origin is this hub's own."""
    parts = urlsplit(public_url)
    if origin == f"{parts.scheme}://{parts.netloc}":
        return True
    # The same machine by another name (127.0.0.1 for localhost), as the browser called it.
    return origin in (f"http://{host}", f"https://{host}")


class SocketOrigins:
    """The check of every socket before its namespace's own: our pages and the sites of chats."""

    def __init__(self, public_url: str, allowed: Callable[[], frozenset[str]]) -> None:
        self._public_url = public_url
        self._allowed = allowed

    def __call__(self, origin: str | None, environ: dict[str, Any] | None = None) -> bool:
        if origin is None:
            return True
        host = (environ or {}).get("HTTP_HOST", "")
        return origin in self._allowed() or is_hub_origin(origin, self._public_url, host)
