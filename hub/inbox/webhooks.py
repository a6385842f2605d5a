"""`/webhooks/<connector>`: where providers post. The signature is the only authority here.

A webhook that is answered with success never reaches Flask, whose contexts, routes and hooks would
take a sixth of the time of a message. Errors do: they become the same responses everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Request

from hub.errors import Overloaded, PayloadInvalid
from hub.inbox.authentication import always_secure_headers
from hub.inbox.services import Hub
from hub.types import EMPTY, WebhookReply, WebhookRequest

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MAX_FIELDS = 1000

_PATH = re.compile(r"/webhooks/([A-Za-z0-9_-]+)(?:/(status))?")
#: The variable by which Flask gets the error of a webhook that was received before it.
_ERROR = "hub.webhook_error"


def blueprint(hub: Hub) -> Blueprint:
    """The routes that providers call."""
    pages = Blueprint("webhooks", __name__, url_prefix="/webhooks")

    @pages.route("/<name>", methods=["GET", "POST"])
    @pages.route("/<name>/<any(status):path>", methods=["GET", "POST"])
    def webhook(name: str, path: str = "") -> Response:
        if (error := request.environ.pop(_ERROR, None)) is not None:
            raise error
        reply = hub.gateway.answer_webhook(name, _webhook_request(hub, request, path))
        return Response(reply.body, reply.status, content_type=reply.media_type)

    return pages


def answer_before(app: WSGIApplication, hub: Hub) -> WSGIApplication:
    """Puts the webhooks before an application that answers everything else, and their errors."""
    secure_headers = always_secure_headers(secure=hub.is_secure)

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        target = None
        if environ["REQUEST_METHOD"] == "POST":
            target = _PATH.fullmatch(environ["PATH_INFO"])
        if target is None:
            return app(environ, start_response)
        name, path = target.groups("")
        try:
            webhook = _webhook_request(hub, Request(environ, populate_request=False), path)
            reply = hub.gateway.answer_webhook(name, webhook)
        except Exception as error:  # noqa: BLE001 - Flask raises it again, and handles it
            environ[_ERROR] = _as_request_to_repeat(hub, error)
            return app(environ, start_response)
        return _send(reply, secure_headers, start_response)

    return answer


def _as_request_to_repeat(hub: Hub, error: Exception) -> Exception:
    """The error as providers understand it: to them a full disk is a reason to post again."""
    if isinstance(error, HTTPException) and error.code == 507:
        hub.store.state.note_full_disk()
        return Overloaded("The disk of this hub is full. Post it again later.")
    return error


def _send(
    reply: WebhookReply, secure_headers: list[tuple[str, str]], start_response: StartResponse
) -> list[bytes]:
    body = reply.body.encode()
    headers = [("Content-Type", reply.media_type), ("Content-Length", str(len(body)))]
    start_response(f"{reply.status} {HTTP_STATUS_CODES[reply.status]}", headers + secure_headers)
    return [body]


def _webhook_request(hub: Hub, current: Request, path: str) -> WebhookRequest:
    # The bytes first: they are what is signed, and reading the form would consume them.
    body = current.get_data(cache=True)
    query = current.query_string.decode("latin-1")
    url = hub.settings.public_url + current.path + (f"?{query}" if query else "")
    return WebhookRequest(
        method=current.method,
        url=url,
        body=body,
        headers=_headers(current.environ),
        query=current.args.to_dict() if query else EMPTY,
        form=_form(current, body),
        path=path,
    )


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    return headers


def _form(current: Request, body: bytes) -> tuple[tuple[str, str], ...]:
    """Every field with all its values, blank ones too, because all of them are signed."""
    if current.mimetype == "application/x-www-form-urlencoded":
        text = body.decode(errors="replace")
        try:
            return tuple(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS))
        except ValueError:
            raise PayloadInvalid("Too many fields.") from None
    if current.mimetype == "multipart/form-data":
        return tuple(current.form.items(multi=True))
    return ()
