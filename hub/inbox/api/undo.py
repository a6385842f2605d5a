"""`/api/v1/undo`: takes back what was changed at once."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import Tag

from hub.inbox.api.blueprint import ApiBlueprint
from hub.inbox.responses import ItemPath, answer
from hub.inbox.services import current_hub
from hub.schema import resources
from hub.undo import undoing

TAG = Tag(name="Undo")

api = ApiBlueprint("undo", __name__, TAG)


@api.post("/undo/<int:id>", responses={200: resources.UndoReport})
def undo(path: ItemPath) -> Response:
    """Puts back every value that still is as the change left it, for a day after the change."""
    hub = current_hub()
    return answer(undoing.undo(hub.store, path.id, hub.auth.principal()))
