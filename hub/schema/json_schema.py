"""The JSON Schema of all resources and events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic.json_schema import models_json_schema

from hub.schema import events, resources


def schema(more: Iterable[type[resources.Shape]] = ()) -> dict[str, Any]:
    """Every shape, `more` of them, and every event payload, by name, under `$defs`."""
    models = [
        model
        for model in vars(resources).values()
        if isinstance(model, type)
        and issubclass(model, resources.Shape)
        and model is not resources.Shape
    ]
    _, definitions = models_json_schema(
        [(model, "serialization") for model in (*models, *more, *events.ALL)],
        ref_template="#/$defs/{model}",
    )
    definitions["x-events"] = {
        model.name: {"$ref": f"#/$defs/{model.__name__}"}
        for model in events.ALL
        if hasattr(model, "name")
    }
    return definitions
