"""The HTTP side of the chat page: its look, uploads, and files by signed links."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, jsonify, request
from sqlalchemy import select

from hub.accounts import visitor_sessions
from hub.connectors.base import Handover as CanHandOver
from hub.connectors.pages import PageConnector
from hub.connectors.rates import Buckets
from hub.errors import Forbidden, LimitExceeded, NotFound
from hub.inbox import files
from hub.inbox.authentication import NotSignedIn
from hub.inbox.origins import is_allowed
from hub.inbox.responses import answer
from hub.inbox.services import Hub
from hub.inbox.sockets.visitor_sessions import require_no_identity
from hub.inbox.upload_quota import UploadQuota
from hub.store.models import agents
from hub.types import RateLimit


def blueprint(hub: Hub) -> Blueprint:
    """The routes that a chat page calls."""
    pages = Blueprint("chat", __name__)
    uploads = Buckets(RateLimit(20, 60), burst=10)
    quota = UploadQuota(hub)

    @pages.get("/chat/<name>/config")
    def config(name: str) -> Response:
        connector = _page_connector(hub, name)
        _check_origin(hub, connector)
        look = connector.look
        response = jsonify(
            {
                "connector": name,
                # Without a title of its own the chat greets in the visitor's language.
                "title": look.title,
                "color": look.color,
                "position": look.position,
                "languages": list(look.languages),
                "departments": list(look.departments),
                "online": _is_agent_online(hub),
                "capabilities": hub.connectors.connector_resource(name).model_dump(mode="json")[
                    "capabilities"
                ],
                "channels": _handover_channels(hub, connector),
            }
        )
        response.headers["Cache-Control"] = "no-cache"
        return response

    @pages.post("/chat/<name>/uploads")
    def upload(name: str) -> Response:
        connector = _page_connector(hub, name)
        _check_origin(hub, connector)
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        visitor = (
            visitor_sessions.find_visitor(hub.store, connector.name, token.strip())
            if scheme.lower() == "bearer"
            else None
        )
        if visitor is None:
            raise NotSignedIn("This chat session is over. Reload the page.")
        if not visitor.identity:
            require_no_identity(connector)
        wait = uploads.take(visitor.id)
        if wait > 0:
            raise LimitExceeded("Wait a moment with the next file.", timedelta(seconds=wait))
        # Before the body is read: it would be on the disk by then.
        quota.take(visitor.id, request.remote_addr or "", request.content_length)
        stored = files.store_upload(hub, files.uploaded_file(), f"visitor:{visitor.name}")
        link = hub.links.path(stored.id, stored.name)
        return answer(stored.model_copy(update={"url": link}), 201)

    @pages.get("/media/<token>/<path:_name>")
    def media(token: str, _name: str) -> Response:
        attachment_id = hub.links.attachment_id(token)
        if attachment_id is None:
            raise NotFound("This link has run out. Open the conversation again.")
        return files.serve(hub, files.attachment_row(hub, attachment_id))

    return pages


def _page_connector(hub: Hub, name: str) -> PageConnector:
    connector = hub.page_connector(name)
    if connector is None:
        raise NotFound("There is no web chat of this name.")
    return connector


def _handover_channels(hub: Hub, connector: PageConnector) -> list[dict[str, str]]:
    """The channels to continue on; the chat itself comes last, for another device."""
    other_channels = [
        resource
        for resource in hub.connectors.connector_resources()
        if resource.state == "ok"
        and resource.kind != connector.kind
        and isinstance(hub.connectors.get(resource.name), CanHandOver)
    ]
    this_chat = hub.connectors.connector_resource(connector.name)
    return [
        {"connector": resource.name, "kind": resource.kind, "label": resource.label}
        for resource in (*other_channels, this_chat)
    ]


def _check_origin(hub: Hub, connector: PageConnector) -> None:
    if not is_allowed(request, hub.settings.public_url, connector.allowed_origins):
        raise Forbidden("This site is not on the chat's list of allowed origins.")


def _is_agent_online(hub: Hub) -> bool:
    with hub.store.read() as connection:
        online = connection.execute(
            select(agents.c.id)
            .where(agents.c.connected_at.is_not(None), agents.c.presence == "online")
            .limit(1)
        )
        return online.first() is not None
