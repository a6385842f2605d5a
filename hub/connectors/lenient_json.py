"""JSON of a provider in which one part is odd: the other parts are to be read all the same.

Bytes that are no UTF-8 and halves of surrogate pairs (a text that was cut within an emoji) become
"�"; a number of hundreds of digits becomes a text; what is nested deeper than any provider's
documents becomes null, and so does what only JavaScript calls a number (NaN).
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

#: The documents of providers are nested about ten deep.
MAX_DEPTH = 100
#: No provider's number has as many digits; Python refuses to convert 4,300.
MAX_DIGITS = 400

#: A string, or a bracket. Possessive, so that no input makes it go back.
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)


def read_json(body: bytes) -> Any:
    """The value of a JSON document, with its odd parts replaced.

    Raises:
        ValueError: the document is not JSON.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        text = body.decode("utf-8-sig", "replace")
    try:
        return _parse(text)
    except RecursionError:
        return _parse(without_depths(text))


def write_json(value: Any) -> bytes:
    """The document of a value that `read_json` gave.

    Raises:
        ValueError: the value is nested too deeply.
    """
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        # It takes no integer over 64 bits, and is nested less deeply than what it reads.
        pass
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None


def without_depths(text: str) -> str:
    """A document with null in place of each array and object that is nested over MAX_DEPTH."""
    depth, begin = 0, 0
    pieces: list[str] = []
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in "[{":
            depth += 1
            if depth == MAX_DEPTH + 1:
                pieces.append(text[begin : token.start()])
        elif sign in "]}":
            depth -= 1
            if depth == MAX_DEPTH:
                pieces.append("null")
                begin = token.end()
    if depth <= MAX_DEPTH:
        pieces.append(text[begin:])
    return "".join(pieces)


def _without_halves(value: Any) -> Any:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        text = json.dumps(value, ensure_ascii=False)
        # Two halves that follow each other are one character.
        return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    return value


def _parse(text: str) -> Any:
    return _without_halves(json.loads(text, parse_int=_integer, parse_constant=lambda _: None))


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= MAX_DIGITS else digits
