"""`/api/v1/config`: applying the file on disk."""

from __future__ import annotations

from typing import Literal

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from hub.conversations import shapes
from hub.errors import ConfigError
from hub.inbox.api.answers import answer
from hub.inbox.problems import problem
from hub.inbox.services import Hub

TAG = Tag(name="Configuration")


class Change(shapes.Shape):
    """One difference between what was in force and what is now. Secrets are masked."""

    action: Literal["added", "removed", "changed"]
    path: str
    old: str
    new: str


class Reloaded(shapes.Shape):
    changes: list[Change]


def blueprint(hub: Hub) -> APIBlueprint:
    api = APIBlueprint("configuration", __name__, abp_tags=[TAG])

    @api.post("/config/reload", responses={200: Reloaded})
    def reload() -> Response:
        """Applies `connectors.yaml` as it is on disk: whole, or, when it is wrong, not at all."""
        hub.auth.admin()
        try:
            changes = hub.reloader.reload()
        except ConfigError as error:
            return problem(
                409,
                "config_invalid",
                "The file is wrong and was not applied; the one before stays in force.",
                problems=[str(one) for one in error.problems],
            )
        return answer(
            Reloaded(
                changes=[
                    Change(action=one.action, path=one.path, old=one.old, new=one.new)
                    for one in changes
                ]
            )
        )

    return api
