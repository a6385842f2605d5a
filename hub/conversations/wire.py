"""The JSON Schema of everything that goes over the API and the sockets.

The front end's types are generated from it, so that a change here that the screens do not know of
fails their type check.
"""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from hub.conversations import events, shapes


def schema() -> dict[str, Any]:
    """Every shape and every event payload, by name, under `$defs`."""
    models = [
        model
        for model in vars(shapes).values()
        if isinstance(model, type) and issubclass(model, shapes.Shape) and model is not shapes.Shape
    ]
    _, definitions = models_json_schema(
        [(model, "serialization") for model in (*models, *events.ALL)],
        ref_template="#/$defs/{model}",
    )
    definitions["x-events"] = {
        model.name: {"$ref": f"#/$defs/{model.__name__}"}
        for model in events.ALL
        if hasattr(model, "name")
    }
    return definitions
