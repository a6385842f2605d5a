"""`/healthz`, `/readyz` and `/metrics`, for monitoring."""

from __future__ import annotations

import shutil
from typing import Any

from flask import Blueprint, Flask, Response, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import DBAPIError, OperationalError

from hub.errors import HubError, NotFound
from hub.inbox import problems
from hub.inbox.services import Hub
from hub.store import faults
from hub.store.faults import DatabaseUnusable
from hub.store.migrate import is_current

#: With less room than this, in bytes, nothing can be stored.
FULL_BYTES = 2**20


def blueprint(hub: Hub) -> Blueprint:
    """The routes that monitoring calls."""
    pages = Blueprint("health", __name__)

    @pages.get("/healthz")
    def healthz() -> Response:
        return jsonify({"status": "ok"})

    @pages.get("/readyz")
    def readyz() -> Response:
        """200 when the database answers, is migrated and can store; connectors change nothing.

        Nor does Redis: without it each process still serves its own screens, and to take all of
        them out of service at once would make an outage of a delay.

        The details are for the machine's own network and for admins.
        """
        try:
            ready, database = is_current(hub.store), "ok"
            if not ready:
                database = "not migrated"
        except (DBAPIError, DatabaseUnusable):
            ready, database = False, "does not answer"
        disk = _disk(hub)
        ready = ready and disk == "ok"
        answer: dict[str, Any] = {"status": "ok" if ready else "not ready"}
        if _is_for_us(hub):
            answer["database"] = database
            answer["disk"] = disk
            if hub.peers is not None:
                answer["redis"] = hub.peers.state
            answer["connectors"] = {
                connector.name: connector.state
                for connector in hub.connectors.connector_resources()
            }
            if hub.proxies.warning is not None:
                answer["proxies"] = hub.proxies.warning
        response = jsonify(answer)
        response.status_code = 200 if ready else 503
        return response

    @pages.get("/metrics")
    def metrics() -> Response:
        if not _is_for_us(hub):
            raise NotFound("There is nothing under this address.")
        return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)

    return pages


def _disk(hub: Hub) -> faults.State:
    """Whether something can be stored. While the last write says no, another one is tried."""
    state = hub.store.state.try_now()
    if state == "ok" and shutil.disk_usage(hub.settings.data_dir).free < FULL_BYTES:
        return "full"
    return state


def _is_for_us(hub: Hub) -> bool:
    """Whether a request comes from inside, or from an admin who is signed in."""
    if hub.proxies.is_inside(request.environ):
        return True
    try:
        hub.auth.admin()
    except (HubError, OperationalError):
        return False
    return True


def alone(hub: Hub) -> Flask:
    """An application with these pages alone, for a worker process."""
    app = Flask("hub", static_folder=None)
    problems.install(app)
    app.register_blueprint(blueprint(hub))
    return app
