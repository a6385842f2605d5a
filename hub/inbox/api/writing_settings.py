"""`/api/v1/agents/me/writing`: how I like to send."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import Tag
from pydantic import Field

from hub.accounts import writing_settings
from hub.errors import Forbidden
from hub.inbox.api.blueprint import ApiBlueprint
from hub.inbox.responses import Body, answer
from hub.inbox.services import current_hub
from hub.outbound.send_times import MAX_UNDO_SECONDS
from hub.schema import resources

TAG = Tag(name="Agents")


class WritingChange(Body):
    undo_seconds: int = Field(ge=0, le=MAX_UNDO_SECONDS)
    ask_if_new: bool


api = ApiBlueprint("writing_settings", __name__, TAG)


@api.get("/agents/me/writing", responses={200: resources.WritingSettings})
def get_settings() -> Response:
    """How long my messages can be undone, and whether I am asked when something came in."""
    hub = current_hub()
    agent_id = _agent_id()
    with hub.store.read() as connection:
        return answer(writing_settings.get_writing_settings(connection, agent_id))


@api.put("/agents/me/writing", responses={200: resources.WritingSettings})
def save_settings(body: WritingChange) -> Response:
    """Chooses how I like to send; it holds on all my screens."""
    agent_id = _agent_id()
    chosen = resources.WritingSettings(**body.model_dump())
    current_hub().store.write(
        lambda tx: writing_settings.save_writing_settings(tx, agent_id, chosen)
    )
    return answer(chosen)


def _agent_id() -> int:
    agent_id = current_hub().auth.principal().agent_id
    if agent_id is None:
        raise Forbidden("A service account writes on no screen.")
    return agent_id
