"""`/api/v1/macros`: named lists of steps, and their runs."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Response
from flask_openapi3 import Tag
from pydantic import BaseModel, Field, model_validator

from hub.accounts.sharing import Scope
from hub.errors import Invalid
from hub.inbox.api.blueprint import ApiBlueprint
from hub.inbox.responses import Body, Id, ItemPath, ListOf, answer, answer_list
from hub.inbox.services import current_hub
from hub.macros import storage
from hub.macros.running import MacroRunner
from hub.macros.steps import MAX_STEPS, Step
from hub.outbound.send import MAX_TEXT
from hub.schema import resources
from hub.store.engine import Transaction

TAG = Tag(name="Macros")

Name = Annotated[str, Field(min_length=1, max_length=200)]
Steps = Annotated[list[Step], Field(min_length=1, max_length=MAX_STEPS)]


class NewMacro(Body):
    name: Name
    scope: Scope = "own"
    team: Id | None = None
    steps: Steps


class MacroChange(Body):
    name: Name | None = None
    scope: Scope | None = None
    team: Id | None = None
    steps: Steps | None = None


class RunPath(BaseModel):
    id: Id
    macro_id: Id


class RunRequest(Body):
    texts: dict[Annotated[int, Field(ge=0)], Annotated[str, Field(max_length=MAX_TEXT)]] = Field(
        {}, description="By the index of a reply or note: its text as the agent changed it."
    )

    @model_validator(mode="before")
    @classmethod
    def _may_be_left_out(cls, value: Any) -> Any:
        return {} if value is None else value


api = ApiBlueprint("macros", __name__, TAG)


@api.get("/macros", responses={200: ListOf[resources.Macro]})
def list_macros() -> Response:
    """The own ones, those of the own teams and everybody's; the most used first."""
    hub = current_hub()
    principal = hub.auth.principal()
    with hub.store.read() as connection:
        return answer_list(storage.list_macros(connection, principal))


@api.post("/macros", responses={201: resources.Macro})
def add_macro(body: NewMacro) -> Response:
    hub = current_hub()
    principal = hub.auth.principal()
    values = _values(body)
    return answer(hub.store.write(lambda tx: storage.add_macro(tx, values, principal)), 201)


@api.get("/macros/<int:id>", responses={200: resources.Macro})
def get_macro(path: ItemPath) -> Response:
    hub = current_hub()
    principal = hub.auth.principal()
    with hub.store.read() as connection:
        return answer(storage.get_macro(connection, path.id, principal))


@api.patch("/macros/<int:id>", responses={200: resources.Macro})
def change_macro(path: ItemPath, body: MacroChange) -> Response:
    hub = current_hub()
    principal = hub.auth.principal()
    values = _values(body)
    for name in ("name", "scope", "steps"):
        if name in values and values[name] is None:
            raise Invalid("This cannot be null; leave it out to keep it.", name)
    return answer(hub.store.write(lambda tx: storage.change_macro(tx, path.id, values, principal)))


@api.delete("/macros/<int:id>", responses={204: None})
def delete_macro(path: ItemPath) -> Response:
    """Deletes it; for a day it can be restored."""
    hub = current_hub()
    principal = hub.auth.principal()

    def delete(tx: Transaction) -> None:
        storage.delete_macro(tx, path.id, principal)

    hub.store.write(delete)
    return Response(status=204)


@api.post("/macros/<int:id>/restore", responses={200: resources.Macro})
def restore_macro(path: ItemPath) -> Response:
    """Brings back what was deleted within a day."""
    hub = current_hub()
    principal = hub.auth.principal()
    return answer(hub.store.write(lambda tx: storage.restore_macro(tx, path.id, principal)))


@api.get("/conversations/<int:id>/macros/<int:macro_id>", responses={200: resources.MacroPreview})
def preview_macro(path: RunPath) -> Response:
    """What each step would do in this conversation now; nothing is done."""
    return answer(_runner().preview(path.macro_id, path.id))


@api.post("/conversations/<int:id>/macros/<int:macro_id>", responses={200: resources.MacroRun})
def run_macro(path: RunPath, body: RunRequest) -> Response:
    """Does the steps in their order. `undo` takes them back as one."""
    return answer(_runner().run(path.macro_id, path.id, body.texts))


def _runner() -> MacroRunner:
    hub = current_hub()
    return MacroRunner(hub.store, hub.auth.principal(), hub.connectors.outbound_channels())


def _values(body: NewMacro | MacroChange) -> dict[str, Any]:
    """The fields of a body as the columns of the table; the steps as values."""
    values = {name: getattr(body, name) for name in body.model_fields_set}
    if isinstance(body, NewMacro):
        values = {name: getattr(body, name) for name in NewMacro.model_fields}
    if "team" in values:
        values["team_id"] = values.pop("team")
    return values
