"""`/webhooks/<connector>`: where providers post. The signature is the only authority here."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from hub.inbox.services import Hub
from hub.types import EMPTY, WebhookReply, WebhookRequest


def blueprint(hub: Hub) -> Blueprint:
    pages = Blueprint("webhooks", __name__, url_prefix="/webhooks")

    @pages.route("/<name>", methods=["GET", "POST"])
    @pages.route("/<name>/<any(status):path>", methods=["GET", "POST"])
    def webhook(name: str, path: str = "") -> Response:
        return _answer(hub.gateway.webhook(name, _as_value(hub, path)))

    return pages


def _as_value(hub: Hub, path: str) -> WebhookRequest:
    # The bytes first: signatures are over them, and reading the form would eat them.
    body = request.get_data(cache=True)
    query = request.query_string.decode("latin-1")
    url = hub.settings.public_url + request.path + (f"?{query}" if query else "")
    return WebhookRequest(
        method=request.method,
        url=url,
        body=body,
        headers=_headers(request.environ),
        query=request.args.to_dict() if query else EMPTY,
        form=tuple(request.form.items(multi=True)) if _is_form() else (),
        path=path,
    )


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    found = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    return {**found, "content-type": environ.get("CONTENT_TYPE", "")}


def _is_form() -> bool:
    return request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data")


def _answer(reply: WebhookReply) -> Response:
    return Response(reply.body, reply.status, content_type=reply.media_type)
