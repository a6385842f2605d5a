"""Telegram's JSON: the models of its answers, and checked values of the library's objects.

python-telegram-bot gives an Update its structure and checks no types, so every value that is taken
from one of its objects goes through one of the functions here.

Source: https://core.telegram.org/bots/api
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, Field
from telegram import User

from hub.errors import PayloadInvalid
from hub.types import Profile

Value = TypeVar("Value")

# -- answers ---------------------------------------------------------------------------------------


class Answer(BaseModel):
    """The form of every answer to a method that was carried out."""

    ok: Literal[True]
    result: Any


class Parameters(BaseModel):
    """https://core.telegram.org/bots/api#responseparameters"""

    migrate_to_chat_id: int | None = None
    retry_after: int | None = Field(None, ge=0)


class ErrorBody(BaseModel):
    """The body of an answer that is not 2xx.

    `{"ok": false, "error_code": 403, "description": "Forbidden: ...", "parameters": {...}?}`
    """

    description: str = ""
    parameters: Parameters = Parameters()


# -- values of the library's objects ---------------------------------------------------------------


def profile_of(user: User | None) -> Profile:
    """The profile of a user: name, language, user name."""
    if user is None:
        return Profile()
    username = text_of(user.username)
    return Profile(
        name=full_name(user.first_name, user.last_name) or username,
        locale=text_of(user.language_code),
        attributes={"username": username} if username else {},
    )


def full_name(first: object, last: object) -> str:
    """First and last name, as far as they are set."""
    return f"{text_of(first)} {text_of(last)}".strip()


def required(value: Value | None) -> Value:
    """The object itself. Raises PayloadInvalid for None.

    The library makes None of an empty object, also where Telegram promises an object.
    """
    if value is None:
        raise PayloadInvalid("an empty object where something belongs")
    return value


def text_of(value: object) -> str:
    """A text, "" for None. Raises PayloadInvalid for any other type."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise PayloadInvalid(f"a {type(value).__name__} where a text belongs")
    return str(value)


def identifier(value: object) -> int:
    """An id. Raises PayloadInvalid for any other type, and for one that no database column holds.

    Telegram's ids have up to 52 bits.
    """
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**63:
        raise PayloadInvalid(f"a {type(value).__name__} where a number belongs")
    return value


def number(value: object) -> float:
    """A number. Raises PayloadInvalid for any other type."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise PayloadInvalid(f"a {type(value).__name__} where a number belongs")
    return float(value)


def time_of(value: datetime | None) -> datetime | None:
    """A time in UTC."""
    return None if value is None else value.astimezone(UTC)
