"""`/api/v1/config` and `/routing/preview`: trying and applying the file on disk."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from flask import Response
from flask_openapi3 import Tag

from hub.errors import ConfigError
from hub.inbox.api.blueprint import ApiBlueprint
from hub.inbox.problems import problem
from hub.inbox.responses import answer
from hub.inbox.services import current_hub
from hub.router.preview import Preview, Question, preview_decision
from hub.schema import resources

TAG = Tag(name="Configuration")


class Change(resources.Shape):
    """One difference between what was in force and what is now. Secrets are masked."""

    action: Literal["added", "removed", "changed"]
    path: str
    old: str
    new: str


class Reloaded(resources.Shape):
    changes: list[Change]


api = ApiBlueprint("configuration", __name__, TAG)


@api.post("/routing/preview", responses={200: Preview})
def preview_routing(body: Question) -> Response:
    """What the rules of the file on disk, applied or not, decide about one message."""
    hub = current_hub()
    hub.auth.admin()
    try:
        config = hub.current.load()
    except ConfigError as error:
        return _wrong(error, "The file is wrong; until it is right nobody can tell.")
    return answer(preview_decision(config, body, datetime.now(UTC)))


@api.post("/config/reload", responses={200: Reloaded})
def reload() -> Response:
    """Applies `connectors.yaml` as it is on disk: whole, or, when it is wrong, not at all."""
    hub = current_hub()
    hub.auth.admin()
    try:
        changes = hub.reloader.reload()
    except ConfigError as error:
        return _wrong(
            error, "The file is wrong and was not applied; the one before stays in force."
        )
    return answer(
        Reloaded(
            changes=[
                Change(action=change.action, path=change.path, old=change.old, new=change.new)
                for change in changes
            ]
        )
    )


def _wrong(error: ConfigError, detail: str) -> Response:
    problems = [str(problem) for problem in error.problems]
    return problem(409, "config_invalid", detail, problems=problems)
