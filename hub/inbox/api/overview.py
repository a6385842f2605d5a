"""`/api/v1/overview`: queues of teams and loads of agents, for admins."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Response
from flask_openapi3 import Tag

from hub.inbox.api.blueprint import ApiBlueprint
from hub.inbox.responses import answer
from hub.inbox.services import current_hub
from hub.router.overview import Overview, read_overview

TAG = Tag(name="Overview")


api = ApiBlueprint("overview", __name__, TAG)


@api.get("/overview", responses={200: Overview})
def look() -> Response:
    """Teams with their queues, agents with their loads, at this moment."""
    hub = current_hub()
    hub.auth.admin()
    with hub.store.read() as connection:
        return answer(read_overview(connection, hub.config, datetime.now(UTC)))
