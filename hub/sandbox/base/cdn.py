"""Files that the providers serve to every caller with their unguessable URL."""

from __future__ import annotations

import secrets

from flask import Blueprint, Response, abort

from hub.sandbox.base.context import SandboxContext
from hub.sandbox.base.screen import Media


class Cdn:
    def __init__(self, context: SandboxContext) -> None:
        self._context = context
        self._files: dict[str, Media] = {}

    def put(self, data: bytes, media_type: str, name: str = "file") -> Media:
        """Stores a file and returns it with its URL."""
        key = secrets.token_urlsafe(16)
        safe = "".join(c if c.isalnum() or c in ".-_" else "-" for c in name) or "file"
        media = Media(data, media_type, name, f"{self._context.url}/cdn/{key}/{safe}")
        self._files[key] = media
        return media

    def get(self, key: str) -> Media | None:
        return self._files.get(key)

    def expires(self) -> None:
        """Ends all URLs so far, as happens after some days at a real provider."""
        self._files.clear()

    def blueprint(self) -> Blueprint:
        web = Blueprint("cdn", __name__, url_prefix="/cdn")

        @web.get("/<key>/<_name>")
        def file(key: str, _name: str) -> Response:
            media = self._files.get(key) or abort(403)
            answer = Response(media.data, content_type=media.media_type)
            answer.headers["X-Content-Type-Options"] = "nosniff"
            # A customer may be sent HTML; on this page it must not run.
            answer.headers["Content-Security-Policy"] = "sandbox"
            return answer

        return web
