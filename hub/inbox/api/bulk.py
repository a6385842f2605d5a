"""`/api/v1/conversations/bulk` and `/jobs`: changes of many conversations at once."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_openapi3 import Tag
from pydantic import Field, field_validator

from hub.bulk import jobs
from hub.conversations import actions, listing
from hub.errors import Invalid
from hub.inbox.api.blueprint import ApiBlueprint
from hub.inbox.api.filters import StoredFilter, conversation_filter
from hub.inbox.responses import Body, Id, ItemPath, answer
from hub.inbox.services import Hub, current_hub
from hub.schema import resources

TAG = Tag(name="Bulk")
Labels = list[str]


class Change(Body):
    status: resources.Status | None = None
    assignee_id: Id | None = None
    team: Id | None = Field(None, description="The team's id, or null for none.")
    labels_add: Labels = Field([], max_length=actions.MAX_LABELS)
    labels_remove: Labels = Field([], max_length=actions.MAX_LABELS)
    priority: resources.Priority | None = None
    snoozed_until: resources.Moment | None = None

    @field_validator("labels_add", "labels_remove")
    @classmethod
    def check_labels(cls, labels: Labels) -> Labels:
        """Strips labels. Raises ValueError for an empty or a long one."""
        stripped = [label.strip() for label in labels]
        if any(not 0 < len(label) <= 64 for label in stripped):
            raise ValueError("A label has 1 to 64 characters.")
        return stripped

    def columns(self) -> dict[str, Any]:
        """What changes, by the names of the columns. Raises Invalid."""
        changes = self.model_dump(exclude_unset=True)
        for name in ("status", "priority"):
            if name in changes and changes[name] is None:
                raise Invalid("This cannot be null; leave it out to keep it.", f"change.{name}")
        if "team" in changes:
            changes["team_id"] = changes.pop("team")
        if self.snoozed_until is not None:
            changes["status"] = "snoozed"
        return {name: value for name, value in changes.items() if value != []}


class Bulk(Body):
    ids: list[Id] | None = Field(None, max_length=jobs.MOST_TARGETS)
    filter: StoredFilter | None = None
    change: Change
    zone: str = Field("UTC", max_length=64, description="Whose days the filter means.")


api = ApiBlueprint("bulk", __name__, TAG)


@api.post("/conversations/bulk", responses={202: resources.Job})
def change_many(body: Bulk) -> Response:
    """Begins to change many conversations. Those of a filter are fixed now."""
    hub = current_hub()
    principal = hub.auth.principal()
    if (body.ids is None) == (body.filter is None):
        raise Invalid("Give either ids or filter.", "ids")
    changes = body.change.columns()
    ids = body.ids if body.ids is not None else _matching(hub, body)
    job_id = hub.store.write(lambda tx: jobs.begin_job(tx, ids, changes, principal))
    with hub.store.read() as connection:
        return answer(jobs.get_job(connection, job_id, principal), 202)


@api.get("/jobs/<int:id>", responses={200: resources.Job})
def get_job(path: ItemPath) -> Response:
    """How far a change of many conversations is. It is kept for a week."""
    hub = current_hub()
    principal = hub.auth.principal()
    with hub.store.read() as connection:
        return answer(jobs.get_job(connection, path.id, principal))


@api.delete("/jobs/<int:id>", responses={200: resources.Job})
def stop_job(path: ItemPath) -> Response:
    """Ends a job where it is: the conversations that it did not reach stay as they are."""
    hub = current_hub()
    principal = hub.auth.principal()
    hub.store.write(lambda tx: jobs.stop_job(tx, path.id, principal))
    with hub.store.read() as connection:
        return answer(jobs.get_job(connection, path.id, principal))


def _matching(hub: Hub, body: Bulk) -> list[int]:
    """The ids of all conversations that the filter lets through. Raises Invalid."""
    assert body.filter is not None
    with hub.store.read() as connection:
        filter_ = conversation_filter(connection, body.filter, hub.auth.principal(), body.zone)
        return listing.find_all_ids(connection, filter_, jobs.MOST_TARGETS + 1)
