"""The pages and their files: the agents' inbox, the chat, the widget's loader."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from flask import Blueprint, Response, abort, request, send_from_directory
from werkzeug.security import safe_join

from hub.errors import NotFound
from hub.inbox.services import Hub

STATIC = Path(__file__).parent / "static"
#: Names in /assets carry a digest of their content, so they never change.
ASSET_SECONDS = 365 * 24 * 3600
LOADER_SECONDS = 300
ICON_SECONDS = 24 * 3600
#: The compressed copies that the build makes, the smallest first.
ENCODINGS = (("br", ".br"), ("gzip", ".gz"))

#: Avatars come from any https address. Pictures of a mail are not loaded until the agent asks: the
#: page does not give their addresses to the browser.
INBOX_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' https: data: blob:; media-src 'self' blob:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
#: The service worker asks this hub for the files of its build, and nothing else.
WORKER_POLICY = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'"
CHAT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self' {sites}"
)


def blueprint(hub: Hub) -> Blueprint:
    """The routes of the pages and of the files that the front end's build made."""
    pages = Blueprint("pages", __name__)

    @pages.get("/")
    def inbox() -> Response:
        response = _page("inbox.html")
        response.headers["Content-Security-Policy"] = INBOX_POLICY
        return response

    @pages.get("/chat/<name>")
    def chat(name: str) -> Response:
        connector = hub.page_connector(name)
        if connector is None:
            raise NotFound("There is no web chat of this name.")
        response = _page("chat.html")
        sites = " ".join(connector.allowed_origins)
        response.headers["Content-Security-Policy"] = CHAT_POLICY.format(sites=sites).strip()
        response.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"
        # The token of a resume link must not leave in a referrer.
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    @pages.get("/widget.js")
    def loader() -> Response:
        response = _file(STATIC, "widget.js", LOADER_SECONDS)
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response

    @pages.get("/assets/<path:name>")
    def asset(name: str) -> Response:
        response = _file(STATIC / "assets", name, ASSET_SECONDS)
        response.headers["Cache-Control"] = f"public, max-age={ASSET_SECONDS}, immutable"
        return response

    @pages.get("/service-worker.js")
    def service_worker() -> Response:
        """Asked for anew each time: a kept one would keep its whole build."""
        response = _page("service-worker.js")
        response.headers["Content-Security-Policy"] = WORKER_POLICY
        return response

    @pages.get("/manifest.webmanifest")
    def manifest() -> Response:
        response = _page("manifest.webmanifest")
        response.mimetype = "application/manifest+json"
        return response

    @pages.get("/icons/<path:name>")
    def app_icon(name: str) -> Response:
        return _file(STATIC / "icons", name, ICON_SECONDS)

    @pages.get("/favicon.ico")
    def icon() -> Response:
        return Response(status=204)

    return pages


def _page(name: str) -> Response:
    if not (STATIC / name).exists():
        abort(503, "The front end is not built yet: run `make install`.")
    response = _file(STATIC, name, 0)
    response.headers["Cache-Control"] = "no-cache"
    return response


def _file(folder: Path, name: str, max_age: int) -> Response:
    """A file of the front end, as the smallest copy that the client can read.

    Args:
        max_age: how many seconds a browser may use its copy without asking.

    Raises:
        werkzeug.exceptions.NotFound: there is no such file.
    """
    for encoding, ending in ENCODINGS:
        copy = safe_join(str(folder), name + ending)
        if copy is None or not Path(copy).is_file():
            continue
        if request.accept_encodings[encoding]:
            media_type = mimetypes.guess_type(name)[0]
            response = send_from_directory(
                folder, name + ending, mimetype=media_type, max_age=max_age
            )
            response.headers["Content-Encoding"] = encoding
            break
    else:
        response = send_from_directory(folder, name, max_age=max_age)
    response.vary.add("Accept-Encoding")
    return response
