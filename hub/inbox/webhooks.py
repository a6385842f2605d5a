"""`/webhooks/<connector>`: where providers post. The signature is the only authority here."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, Response, request

from hub.errors import PayloadInvalid
from hub.inbox.services import Hub
from hub.types import EMPTY, WebhookReply, WebhookRequest

MAX_FIELDS = 1000


def blueprint(hub: Hub) -> Blueprint:
    """The routes that providers call."""
    pages = Blueprint("webhooks", __name__, url_prefix="/webhooks")

    @pages.route("/<name>", methods=["GET", "POST"])
    @pages.route("/<name>/<any(status):path>", methods=["GET", "POST"])
    def webhook(name: str, path: str = "") -> Response:
        return _answer(hub.gateway.answer_webhook(name, _webhook_request(hub, path)))

    return pages


def _webhook_request(hub: Hub, path: str) -> WebhookRequest:
    # The bytes first: they are what is signed, and reading the form would consume them.
    body = request.get_data(cache=True)
    query = request.query_string.decode("latin-1")
    url = hub.settings.public_url + request.path + (f"?{query}" if query else "")
    return WebhookRequest(
        method=request.method,
        url=url,
        body=body,
        headers=_headers(request.environ),
        query=request.args.to_dict() if query else EMPTY,
        form=_form(body),
        path=path,
    )


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    return {**headers, "content-type": environ.get("CONTENT_TYPE", "")}


def _form(body: bytes) -> tuple[tuple[str, str], ...]:
    """Every field with all its values, blank ones too, because all of them are signed."""
    if request.mimetype == "application/x-www-form-urlencoded":
        text = body.decode(errors="replace")
        try:
            return tuple(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS))
        except ValueError:
            raise PayloadInvalid("Too many fields.") from None
    if request.mimetype == "multipart/form-data":
        return tuple(request.form.items(multi=True))
    return ()


def _answer(reply: WebhookReply) -> Response:
    return Response(reply.body, reply.status, content_type=reply.media_type)
