"""Parts that requests have in common, and responses made of resources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

import orjson
from flask import Response
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from hub.conversations import queries
from hub.schema.resources import Shape

T = TypeVar("T", bound=Shape)

#: Ids are texts wherever we write them; a number is taken as well.
Id = Annotated[
    int,
    Field(ge=1, lt=2**63),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": "^[1-9][0-9]{0,17}$"},
                {"type": "integer", "minimum": 1, "maximum": 2**53},
            ]
        }
    ),
]

#: A connector's name; a word that could be none is refused, never taken for no choice.
ConnectorName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x20]+$")]


#: An address of a channel, with its scheme or without.
Recipient = Annotated[str, Field(min_length=1, max_length=320)]


class ItemPath(BaseModel):
    id: Id


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PageQuery(BaseModel):
    """A page of a list: at most `limit` items, from where `cursor` says."""

    model_config = ConfigDict(extra="ignore")

    limit: int = Field(50, ge=1, le=queries.MAX_LIMIT)
    cursor: str | None = Field(None, max_length=400)


class ListOf(Shape, Generic[T]):
    items: list[T]
    next: str | None


class Problem(Shape):
    """RFC 9457."""

    type: str
    status: int
    code: str
    detail: str
    field: str | None = None
    errors: list[dict[str, str]] = []


def answer(shape: Shape, status: int = 200) -> Response:
    return Response(shape.model_dump_json(), status, content_type="application/json")


def answer_page(page: queries.Page[T]) -> Response:
    return answer_list(page.items, page.next)


def answer_list(items: Sequence[Shape], cursor: str | None = None) -> Response:
    body = {"items": [item.model_dump(mode="json") for item in items], "next": cursor}
    return Response(orjson.dumps(body), content_type="application/json")
