"""`/api/v1/views`: filters of the list that agents save, with how many conversations each has."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response
from flask_openapi3 import Tag
from pydantic import Field
from sqlalchemy import Connection, Row

from hub.accounts.principal import Principal
from hub.conversations import listing, saved_views
from hub.conversations.listing import Sort
from hub.errors import Invalid
from hub.inbox.api.blueprint import ApiBlueprint
from hub.inbox.api.filters import StoredFilter, conversation_filter
from hub.inbox.responses import Body, Id, ItemPath, ListOf, PageQuery, answer, answer_list
from hub.inbox.services import current_hub
from hub.schema.resources import Id as ResourceId
from hub.schema.resources import OptionalId, Shape

TAG = Tag(name="Views")
Scope = Literal["own", "team", "all"]


class View(Shape):
    """A saved view. `count` goes to 100; `more` says that there are more than that."""

    id: ResourceId
    name: str
    scope: Scope
    team: OptionalId
    owner: OptionalId
    filter: dict[str, Any]
    sort: Sort
    count: int
    more: bool


class NewView(Body):
    name: str = Field(min_length=1, max_length=saved_views.MAX_NAME)
    scope: Scope = "own"
    team: Id | None = Field(None, description="Whose members see it, for the scope `team`.")
    filter: StoredFilter = StoredFilter()
    sort: Sort = "activity"


class ViewChange(Body):
    name: str | None = Field(None, min_length=1, max_length=saved_views.MAX_NAME)
    scope: Scope | None = None
    team: Id | None = None
    filter: StoredFilter | None = None
    sort: Sort | None = None


class ViewQuery(PageQuery):
    zone: str = Field("UTC", max_length=64, description="Whose days `before` and `after` mean.")


api = ApiBlueprint("views", __name__, TAG)


@api.get("/views", responses={200: ListOf[View]})
def list_views(query: ViewQuery) -> Response:
    """My views, those of my teams, and everybody's, by name, with their counts."""
    hub = current_hub()
    principal = hub.auth.principal()
    with hub.store.read() as connection:
        rows = saved_views.list_views(connection, principal)
        views = [_view(connection, row, principal, query.zone) for row in rows]
    return answer_list(views)


@api.post("/views", responses={201: View})
def add_view(body: NewView) -> Response:
    """Saves a view."""
    hub = current_hub()
    principal = hub.auth.principal()
    values = {**body.model_dump(exclude={"team", "filter"}), "team_id": body.team}
    values["filter"] = _stored(body.filter, principal)
    view_id = hub.store.write(lambda tx: saved_views.add_view(tx, values, principal))
    return _answer_view(view_id, principal, 201)


@api.patch("/views/<int:id>", responses={200: View})
def change_view(path: ItemPath, body: ViewChange) -> Response:
    """Changes a view of mine; an admin changes every shared one."""
    hub = current_hub()
    principal = hub.auth.principal()
    changes = body.model_dump(exclude_unset=True, exclude={"filter"})
    for name in ("name", "scope", "sort"):
        if name in changes and changes[name] is None:
            raise Invalid("This cannot be null; leave it out to keep it.", name)
    if "team" in changes:
        changes["team_id"] = changes.pop("team")
    if body.filter is not None:
        changes["filter"] = _stored(body.filter, principal)
    hub.store.write(lambda tx: saved_views.change_view(tx, path.id, changes, principal))
    return _answer_view(path.id, principal)


@api.delete("/views/<int:id>", responses={204: None})
def delete_view(path: ItemPath) -> Response:
    """Deletes a view of mine; an admin deletes every shared one."""
    hub = current_hub()
    principal = hub.auth.principal()
    hub.store.write(lambda tx: saved_views.delete_view(tx, path.id, principal))
    return Response(status=204)


def _stored(fields: StoredFilter, principal: Principal) -> dict[str, Any]:
    """The fields that are set, once they are known to be right. Raises Invalid."""
    hub = current_hub()
    with hub.store.read() as connection:
        conversation_filter(connection, fields, principal)
    return fields.model_dump(mode="json", exclude_none=True)


def _answer_view(view_id: int, principal: Principal, status: int = 200) -> Response:
    with current_hub().store.read() as connection:
        row = saved_views.get_view(connection, view_id, principal)
        return answer(_view(connection, row, principal, "UTC"), status)


def _view(connection: Connection, row: Row[Any], principal: Principal, zone: str) -> View:
    fields = StoredFilter.model_validate(row.filter)
    filter_ = conversation_filter(connection, fields, principal, zone)
    count, more = listing.count_conversations(connection, filter_)
    return View(
        id=row.id,
        name=row.name,
        scope=row.scope,
        team=row.team_id,
        owner=row.owner_id,
        filter=row.filter,
        sort=row.sort,
        count=count,
        more=more,
    )
