"""Walks a model and a file's values side by side: which keys are known where, what is secret."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, TypeGuard, Union, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr

from hub.config.tree import Path


def known_keys(model: type[BaseModel], path: Path) -> tuple[str, ...]:
    """The keys that may stand inside the value at `path`; none where any key may."""
    found: dict[str, None] = {}
    for shape in _models_at(model, path):
        found.update(dict.fromkeys((*_fields(shape), *getattr(shape, "more_keys", ()))))
    return tuple(found)


def description(model: type[BaseModel], path: Path) -> str:
    """What a key is for, or ""."""
    for shape in _models_at(model, path[:-1]):
        field = shape.model_fields.get(str(path[-1])) if path else None
        if field and field.description:
            return field.description
    return ""


def _models_at(model: type[BaseModel], path: Path) -> list[type[BaseModel]]:
    current: list[Any] = [model]
    for step in path:
        current = [inner for shape in current for inner in _inside(shape, step)]
    return [option for shape in current for option in _options(shape) if _is_model(option)]


def secret_texts(shape: Any, value: Any) -> Iterator[str]:
    """Every text in `value` that stands where the model has a secret."""
    for option in _options(shape):
        if isinstance(option, type) and issubclass(option, SecretStr | SecretBytes):
            yield from _texts(value)
        elif _is_model(option) and isinstance(value, Mapping):
            for key, annotation in _fields(option).items():
                if key in value:
                    yield from secret_texts(annotation, value[key])
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


def _options(shape: Any) -> Iterator[Any]:
    """What a type can be, without `Annotated` and one by one for a union."""
    origin = get_origin(shape)
    if origin is Annotated:
        yield from _options(get_args(shape)[0])
    elif origin in (Union, types.UnionType):
        for option in get_args(shape):
            yield from _options(option)
    else:
        yield shape


def _inside(shape: Any, step: str | int) -> Iterator[Any]:
    for option in _options(shape):
        if _is_model(option):
            yield from (kind for key, kind in _fields(option).items() if key == step)
        elif isinstance(step, int):
            yield from get_args(option)
        else:
            yield from get_args(option)[1:2]


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    """Annotations by the key as it is written in the file; what is left out of it is not there."""
    return {
        field.alias or name: field.annotation
        for name, field in model.model_fields.items()
        if not field.exclude
    }


def _is_model(shape: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(shape, type) and issubclass(shape, BaseModel)
