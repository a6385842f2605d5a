"""Walks a pydantic model along a path or a value: known keys, descriptions, secrets. Pure."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, TypeGuard, Union, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr

from hub.config.tree import Path


def known_keys(model: type[BaseModel], path: Path) -> tuple[str, ...]:
    """The keys that the value at `path` may have, each once; empty where any key is allowed."""
    keys: dict[str, None] = {}
    for inner_model in _models_at(model, path):
        keys.update(dict.fromkeys((*_fields(inner_model), *getattr(inner_model, "more_keys", ()))))
    return tuple(keys)


def description(model: type[BaseModel], path: Path) -> str:
    """The description of the field at `path`; "" where there is none."""
    for inner_model in _models_at(model, path[:-1]):
        field = inner_model.model_fields.get(str(path[-1])) if path else None
        if field and field.description:
            return field.description
    return ""


def _models_at(model: type[BaseModel], path: Path) -> list[type[BaseModel]]:
    """The models that the value at `path` may have: several where the type is a union."""
    annotations: list[Any] = [model]
    for step in path:
        annotations = [inner for outer in annotations for inner in _inside(outer, step)]
    return [option for outer in annotations for option in _options(outer) if _is_model(option)]


def secret_texts(annotation: Any, value: Any) -> Iterator[str]:
    """Finds the texts in `value` that stand where a type has a secret.

    Args:
        annotation: a model or any other type.
        value: plain values of the file, valid or not.
    """
    for option in _options(annotation):
        if isinstance(option, type) and issubclass(option, SecretStr | SecretBytes):
            yield from _texts(value)
        elif _is_model(option) and isinstance(value, Mapping):
            for key, inner_annotation in _fields(option).items():
                if key in value:
                    yield from secret_texts(inner_annotation, value[key])
        elif isinstance(value, Mapping):
            for inner in value.values():
                for part in get_args(option)[1:]:
                    yield from secret_texts(part, inner)
        elif isinstance(value, list):
            for inner in value:
                for part in get_args(option):
                    yield from secret_texts(part, inner)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _texts(inner)


def _options(annotation: Any) -> Iterator[Any]:
    """The types that a value may have: the members of a union, without `Annotated`."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _options(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for option in get_args(annotation):
            yield from _options(option)
    else:
        yield annotation


def _inside(annotation: Any, step: str | int) -> Iterator[Any]:
    """The types of what stands under a key or an index."""
    for option in _options(annotation):
        if _is_model(option):
            yield from (inner for key, inner in _fields(option).items() if key == step)
        elif isinstance(step, int):
            yield from get_args(option)
        else:
            yield from get_args(option)[1:2]


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    """The types of a model's fields, by their keys in the file; without excluded fields."""
    return {
        field.alias or name: field.annotation
        for name, field in model.model_fields.items()
        if not field.exclude
    }


def _is_model(annotation: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
