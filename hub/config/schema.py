"""The JSON Schema of `connectors.yaml`, for editors that complete keys and check values."""

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
#: The keys below these are our own names, not keywords of JSON Schema.
_BY_NAME = ("properties", "patternProperties", "$defs")


class _Generator(GenerateJsonSchema):
    def encode_default(self, dft: Any) -> Any:
        """A duration as it is written in the file; pydantic's own way is ISO 8601."""
        return format_duration(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def config_schema() -> dict[str, Any]:
    """The JSON Schema of the whole file, with one alternative for each installed kind.

    Imports the code of every kind. A kind that cannot be imported may have any options.
    """
    models, broken = _config_models()
    wanted: list[type[BaseModel]] = [Config, *models.values()]
    refs, definitions = models_json_schema(
        [(model, "validation") for model in wanted],
        ref_template=_REF,
        schema_generator=_Generator,
    )
    defs: dict[str, Any] = definitions["$defs"]
    names = {model: ref["$ref"].rpartition("/")[2] for (model, _), ref in refs.items()}
    file = defs.pop(names[Config])
    # Config refers to the base class of all kinds; the file always has one of the kinds.
    for name in [key for key in defs if key.endswith("ConnectorConfig")]:
        if name not in names.values():
            del defs[name]
    for name, model in models.items():
        _set_kind(defs[names[model]], name)
    file["properties"]["connectors"] |= {
        "additionalProperties": {
            "anyOf": [{"$ref": _REF.format(model=names[model])} for model in models.values()]
            + [_any_options(name) for name in broken]
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


def _config_models() -> tuple[dict[str, type[ConnectorConfig]], list[str]]:
    """The option models by kind, and the kinds that cannot be imported."""
    models, broken = {}, []
    for name in kinds():
        try:
            models[name] = kind(name).Config
        except Exception:  # noqa: BLE001 - another package's import may raise anything
            broken.append(name)
    return models, broken


def _set_kind(definition: dict[str, Any], name: str) -> None:
    """Makes a definition that of one kind: `kind` is required and has one value."""
    definition["title"] = name
    definition["properties"]["kind"] = {"const": name, "description": "The type of channel."}
    definition["required"] = ["kind", *(k for k in definition.get("required", ()) if k != "kind")]


def _any_options(name: str) -> dict[str, Any]:
    definition: dict[str, Any] = {"type": "object", "properties": {}}
    _set_kind(definition, name)
    return definition


def _with_variables(part: Any) -> Any:
    """Allows `${NAME}` where a number, a boolean or a choice is expected, as the file does."""
    if isinstance(part, list):
        return [_with_variables(item) for item in part]
    if not isinstance(part, dict):
        return part
    converted = {
        key: {name: _with_variables(inner) for name, inner in value.items()}
        if key in _BY_NAME
        else value
        if key in ("default", "examples", "const")
        else _with_variables(value)
        for key, value in part.items()
    }
    annotations = {
        key: converted.pop(key) for key in ("description", "default", "title") if key in converted
    }
    if converted.get("type") in ("integer", "number", "boolean") or "enum" in converted:
        return {**annotations, "anyOf": [converted, _VARIABLE]}
    return {**converted, **annotations}
