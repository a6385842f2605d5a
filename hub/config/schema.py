"""The JSON Schema of `connectors.yaml`, for editors that complete and check while one types."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from hub.config.model import CONNECTOR_NAME, Config
from hub.config.values import format_duration
from hub.connectors.base import ConnectorConfig
from hub.connectors.registry import kind, kinds

_REF = "#/$defs/{model}"
_VARIABLE = {"type": "string", "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}"}
#: Below these, the keys are names of ours and not words of JSON Schema.
_BY_NAME = ("properties", "patternProperties", "$defs")


class _Generator(GenerateJsonSchema):
    def encode_default(self, dft: Any) -> Any:
        """A duration as it is written in the file; pydantic's own way is ISO 8601."""
        return format_duration(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def schema() -> dict[str, Any]:
    """The whole file, with one alternative for each kind that is installed.

    Imports the code of every kind; one that cannot be imported is left open.
    """
    models, broken = _models()
    wanted: list[type[BaseModel]] = [Config, *models.values()]
    refs, definitions = models_json_schema(
        [(model, "validation") for model in wanted],
        ref_template=_REF,
        schema_generator=_Generator,
    )
    defs: dict[str, Any] = definitions["$defs"]
    found = {model: ref["$ref"].rpartition("/")[2] for (model, _), ref in refs.items()}
    file = defs.pop(found[Config])
    # Config names the base class of all kinds; the file always has one of them.
    for name in [key for key in defs if key.endswith("ConnectorConfig")]:
        if name not in found.values():
            del defs[name]
    for name, model in models.items():
        _say_kind(defs[found[model]], name)
    file["properties"]["connectors"] |= {
        "additionalProperties": {
            "anyOf": [{"$ref": _REF.format(model=found[model])} for model in models.values()]
            + [_open(name) for name in broken]
        },
        "propertyNames": {"pattern": f"^{CONNECTOR_NAME.pattern}$"},
        "default": {},
    }
    file["required"] = ["connectors"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_with_variables(file),
        "title": "connectors.yaml",
        "description": "The channels of a hub, and how conversations find their agents.",
        "$defs": {name: _with_variables(inner) for name, inner in defs.items()},
    }


def _models() -> tuple[dict[str, type[ConnectorConfig]], list[str]]:
    models, broken = {}, []
    for name in kinds():
        try:
            models[name] = kind(name).Config
        except Exception:  # noqa: BLE001 - another package's import may raise anything
            broken.append(name)
    return models, broken


def _say_kind(definition: dict[str, Any], name: str) -> None:
    definition["title"] = name
    definition["properties"]["kind"] = {"const": name, "description": "The type of channel."}
    definition["required"] = ["kind", *(k for k in definition.get("required", ()) if k != "kind")]


def _open(name: str) -> dict[str, Any]:
    definition: dict[str, Any] = {"type": "object", "properties": {}}
    _say_kind(definition, name)
    return definition


def _with_variables(part: Any) -> Any:
    """Lets `${NAME}` stand for a number, a yes or no, or a choice, as it may in the file."""
    if isinstance(part, list):
        return [_with_variables(item) for item in part]
    if not isinstance(part, dict):
        return part
    opened = {
        key: {name: _with_variables(inner) for name, inner in value.items()}
        if key in _BY_NAME
        else value
        if key in ("default", "examples", "const")
        else _with_variables(value)
        for key, value in part.items()
    }
    about = {key: opened.pop(key) for key in ("description", "default", "title") if key in opened}
    if opened.get("type") in ("integer", "number", "boolean") or "enum" in opened:
        return {**about, "anyOf": [opened, _VARIABLE]}
    return {**opened, **about}
