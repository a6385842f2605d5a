"""`/healthz`, `/readyz` and `/metrics`, for monitoring."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import OperationalError

from hub.inbox.services import Hub
from hub.store.migrate import is_current


def blueprint(hub: Hub) -> Blueprint:
    """The routes that monitoring calls."""
    pages = Blueprint("health", __name__)

    @pages.get("/healthz")
    def healthz() -> Response:
        return jsonify({"status": "ok"})

    @pages.get("/readyz")
    def readyz() -> Response:
        """200 when the database answers and is migrated; connectors do not change that."""
        try:
            ready, database = is_current(hub.store), "ok"
            if not ready:
                database = "not migrated"
        except OperationalError:
            ready, database = False, "does not answer"
        states = {
            connector.name: connector.state for connector in hub.connectors.connector_resources()
        }
        response = jsonify(
            {"status": "ok" if ready else "not ready", "database": database, "connectors": states}
        )
        response.status_code = 200 if ready else 503
        return response

    @pages.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)

    return pages


def alone(hub: Hub) -> Flask:
    """An application with these pages alone, for a worker process."""
    app = Flask("hub", static_folder=None)
    app.register_blueprint(blueprint(hub))
    return app
