"""`/api/v1/reports`: the figures of switches between channels."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Response
from flask_openapi3 import Tag
from pydantic import BaseModel, ConfigDict, Field

from hub.inbox.api.blueprint import ApiBlueprint
from hub.inbox.responses import answer
from hub.inbox.services import current_hub
from hub.schema.resources import Moment, SwitchReport
from hub.switches import statistics

TAG = Tag(name="Reports")
#: What is reported without `since`.
USUAL = timedelta(days=30)


class Since(BaseModel):
    model_config = ConfigDict(extra="ignore")

    since: Moment | None = Field(None, description="From when; without it, of the last 30 days.")


api = ApiBlueprint("reports", __name__, TAG)


@api.get("/reports/switches", responses={200: SwitchReport})
def report_switches(query: Since) -> Response:
    """How often customers went on elsewhere, and how soon it was known who they are."""
    hub = current_hub()
    hub.auth.principal()
    since = query.since or datetime.now(UTC) - USUAL
    with hub.store.read() as connection:
        return answer(statistics.switch_report(connection, since))
