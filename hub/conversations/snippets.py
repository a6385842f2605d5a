"""The part of a text that a search shows, around the first word that was found. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hub.schema import folding, resources, search_index

LENGTH = 160
#: Characters of a text in which the word is looked for.
LOOKED_AT = 20_000

_LETTERS = re.compile(r"\w+")


def of_message(message: resources.Message, query: str) -> str:
    """The part of a message's text, subject or file name that has the words."""
    texts = [message.text, message.subject, *(file.name for file in message.attachments)]
    terms = search_index.fold(query).split()
    for text in texts:
        if _position(text, terms) >= 0:
            return around(text, terms)
    return around(next(filter(None, texts), ""), terms)


def of_attributes(attributes: Mapping[str, Any], query: str) -> str:
    """The attribute of a contact in which the words are, as `name: value`; empty for none."""
    terms = search_index.fold(query).split()
    for name, value in attributes.items():
        if isinstance(value, str | int | float) and _position(str(value), terms) >= 0:
            return around(f"{name}: {value}", terms)
    return ""


def around(text: str, terms: list[str]) -> str:
    """The part of a text around the first word that begins with one of the folded terms."""
    begin = max(0, _position(text, terms) - LENGTH // 3)
    cut = text[begin : begin + LENGTH]
    return ("…" if begin else "") + cut + ("…" if begin + LENGTH < len(text) else "")


def _position(text: str, terms: list[str]) -> int:
    """Where the first such word begins; -1 where there is none."""
    if not terms:
        return -1
    for match in _LETTERS.finditer(text[:LOOKED_AT]):
        if folding.fold(match[0]).startswith(tuple(terms)):
            return match.start()
    return -1
