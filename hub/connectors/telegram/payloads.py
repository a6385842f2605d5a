"""Values of Telegram's objects, checked: python-telegram-bot takes any type anywhere."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar

from telegram import User

from hub.errors import PayloadInvalid
from hub.types import Profile

Value = TypeVar("Value")


def profile_of(user: User | None) -> Profile:
    if user is None:
        return Profile()
    username = text_of(user.username)
    return Profile(
        name=name_of(user.first_name, user.last_name) or username,
        locale=text_of(user.language_code),
        attributes={"username": username} if username else {},
    )


def name_of(first: object, last: object) -> str:
    return f"{text_of(first)} {text_of(last)}".strip()


def given(value: Value | None) -> Value:
    """The library makes None of an empty object, also where Telegram promises one."""
    if value is None:
        raise PayloadInvalid("an empty object where something belongs")
    return value


def text_of(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise PayloadInvalid(f"a {type(value).__name__} where a text belongs")
    return str(value)


def identifier(value: object) -> int:
    # Telegram's ids have up to 52 bits; a larger one would not fit the database either.
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**63:
        raise PayloadInvalid(f"a {type(value).__name__} where a number belongs")
    return value


def number(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise PayloadInvalid(f"a {type(value).__name__} where a number belongs")
    return float(value)


def time_of(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)
