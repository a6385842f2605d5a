"""The section `canned_replies` of `connectors.yaml`."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from hub.config.sections import Section
from hub.config.values import Language


def _one_word(value: str) -> str:
    value = value.removeprefix("/")
    if not value or any(character.isspace() for character in value):
        raise ValueError("must be one word, such as refund")
    return value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must have words")
    return value


class CannedReplyEntry(Section):
    """A text that agents answer with. Several with one shortcut are versions of it."""

    shortcut: Annotated[str, Field(max_length=64), AfterValidator(_one_word)] = Field(
        description="What an agent types after `/`.", examples=["refund"]
    )
    title: str = Field("", max_length=200, description="Its name in lists.")
    text: Annotated[str, Field(max_length=100_000), AfterValidator(_not_blank)] = Field(
        description="The words, with variables such as `{contact.first_name|there}`."
    )
    language: Language | None = Field(
        None, description="The language of this version; for all languages, when left out."
    )
    kinds: tuple[str, ...] = Field(
        (), description="The kinds of channels of this version; for all, when left out."
    )
    team: str | None = Field(None, description="The team that has it; everybody, when left out.")
