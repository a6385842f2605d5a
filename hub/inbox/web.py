"""Builds the web face: the Flask application and the Socket.IO server on it."""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

import orjson
from flask import Flask, Response, request
from flask_openapi3 import Info, OpenAPI
from flask_socketio import SocketIO

from hub import runtime
from hub.connectors.pages import PageConnector
from hub.inbox import chat_api, consents, health, pages, problems, webhooks
from hub.inbox.api import (
    accounts,
    agents,
    bulk,
    canned_replies,
    configuration,
    contacts,
    conversations,
    drafts,
    macros,
    messages,
    notifications,
    overview,
    push,
    quiet,
    reports,
    system,
    undo,
    views,
    writing_settings,
)
from hub.inbox.api.description import complete_description
from hub.inbox.authentication import security_headers
from hub.inbox.compression import compress_responses
from hub.inbox.origins import SocketOrigins
from hub.inbox.peers.manager import PeerManager
from hub.inbox.services import Hub
from hub.inbox.sockets.agents import AgentNamespace
from hub.inbox.sockets.broadcast import Json, TextPacket
from hub.inbox.sockets.visitors import VisitorNamespace

API = "/api/v1/"
#: The routes of the API that ask for no sign-in.
OPEN_ROUTES = frozenset({"accounts.sign_in", "openapi"})


#: The subjects of the REST API.
APIS = (
    conversations,
    contacts,
    messages,
    notifications,
    push,
    drafts,
    writing_settings,
    agents,
    accounts,
    quiet,
    system,
    configuration,
    overview,
    reports,
    undo,
    views,
    bulk,
    canned_replies,
    macros,
)


def create_flask(hub: Hub) -> Flask:
    """The HTTP side: API, pages, webhooks, health."""
    app = OpenAPI(
        "hub",
        info=Info(title="hub", version="1", description="One inbox for every channel."),
        static_folder=None,
        doc_ui=False,
        validation_error_status=422,
        validation_error_model=problems.Problem,
        validation_error_callback=problems.of_validation,
    )
    app.extensions["hub"] = hub
    problems.install(app)
    security_headers(app, secure=hub.is_secure)
    app.after_request(hub.auth.note_use)
    compress_responses(app)

    @app.after_request
    def note_full_disk(response: Response) -> Response:
        if response.status_code == 507:
            hub.store.state.note_full_disk()
        return response

    @app.before_request
    def require_sign_in() -> None:
        # Before the body is read and checked: what a wrong form is, is told to agents alone.
        if request.path.startswith(API) and request.endpoint not in (None, *OPEN_ROUTES):
            hub.auth.principal()

    for api in APIS:
        app.register_api(api.api, url_prefix="/api/v1")
    for blueprint in (pages, chat_api, consents, webhooks, health):
        app.register_blueprint(blueprint.blueprint(hub))

    lock = threading.Lock()

    @cache  # built on the first request for it: few hubs ever get one
    def description() -> bytes:
        for api in APIS:
            api.api.describe_in(app)
        return orjson.dumps(complete_description(app.api_doc, hub.auth.cookie_name))

    @app.get("/api/v1/openapi.json", doc_ui=False)
    def openapi() -> Response:
        with lock:
            return Response(description(), content_type="application/json")

    return app


def create_sockets(app: Flask, hub: Hub) -> SocketIO:
    """The Socket.IO side: the namespaces of agents and of visitors."""

    def sites() -> frozenset[str]:
        return frozenset(
            origin
            for connector in hub.connectors
            if isinstance(connector, PageConnector)
            for origin in connector.allowed_origins
        )

    socketio = SocketIO(
        app,
        async_mode=runtime.async_mode(),
        **_client_manager(hub),
        cors_allowed_origins=SocketOrigins(hub.settings.public_url, sites),  # type: ignore[arg-type]
        cors_credentials=False,
        json=Json,
        serializer=TextPacket,  # type: ignore[call-arg]
        manage_session=False,
        cookie=None,
    )
    hub.agent_connections.attach(socketio)
    hub.visitor_connections.attach(socketio)
    socketio.on_namespace(AgentNamespace(hub))
    socketio.on_namespace(VisitorNamespace(hub))
    return socketio


def _client_manager(hub: Hub) -> dict[str, Any]:
    """The list of clients that reaches those of other processes, where there are any."""
    if hub.peers is None:
        return {}
    manager = PeerManager(hub.peers)
    hub.peers.on_event(manager.receive)
    return {"client_manager": manager}
