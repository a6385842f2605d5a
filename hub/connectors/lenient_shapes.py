"""A model of a provider's JSON whose optional parts are read singly.

A part that is newer, older or odder than its documentation must not lose the customer's words
beside it: an optional field that cannot be read is left at its default, and an item of a list that
cannot be read is left out. Only a required field makes its object unreadable.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
)

Item = TypeVar("Item")


def or_default(default: Any) -> Callable[[Any, ValidatorFunctionWrapHandler], Any]:
    """For a WrapValidator: the default where the value cannot be read."""

    def read_or_default(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
        try:
            return read(value)
        except ValidationError:
            return default

    return read_or_default


class LenientShape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")

    @field_validator("*", mode="wrap")
    @classmethod
    def _read_singly(
        cls, value: Any, read: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> Any:
        try:
            return read(value)
        except ValidationError:
            field = cls.model_fields[info.field_name or ""]
            if field.is_required():
                raise
            return field.get_default(call_default_factory=True)


def _read_items(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    if not isinstance(value, list):
        return read(value)
    items: list[Any] = []
    for item in value:
        try:
            items += read([item])
        except ValidationError:
            continue
    return items


#: A list of which each item is read for itself.
Items = Annotated[list[Item], WrapValidator(_read_items)]
