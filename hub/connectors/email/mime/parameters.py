"""The parameters of a structured field, `name=value` after a semicolon, in linear time.

Source: RFC 2045, 5.1; RFC 2231 for values in pieces and with a character set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

MAX_COUNT = 100
MAX_PIECES = 100

_SEPARATORS = re.compile(r"[\s;]*")
# A quotation that never ends goes to the end: no alternative has to look for its end twice.
_PARAMETER = re.compile(r'([^\s;="]{1,100})\s*=\s*("(?:[^"\\]|\\.)*(?:"|\\?\Z)|[^;]*)', re.S)
_PIECE = re.compile(r"([^*]+)\*(?:(\d{1,3})(\*?))?")
_ESCAPED = re.compile(r"\\(.)", re.S)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value as text, or its bytes with the name of their character set."""

    text: str = ""
    encoded: bytes | None = None
    charset: str = ""


@lru_cache(maxsize=64)
def read_parameters(field: str) -> Mapping[str, Parameter]:
    """The parameters of a field by their names in lower case; the first of a name counts.

    A value in the form of RFC 2231 goes before a plain one of the same name, which is there for
    old programs (RFC 6266, 4.3).
    """
    plain: dict[str, Parameter] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, value in _pairs(field):
        match = _PIECE.fullmatch(name)
        if match is None:
            plain.setdefault(name, Parameter(value))
            continue
        number = int(match.group(2) or 0)
        is_encoded = match.group(2) is None or bool(match.group(3))
        if number < MAX_PIECES:
            pieces.setdefault(match.group(1), {}).setdefault(number, (value, is_encoded))
    return plain | {name: _joined(numbered) for name, numbered in pieces.items()}


def _pairs(field: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    position = field.find(";")
    while position >= 0 and len(pairs) < MAX_COUNT:
        separators = _SEPARATORS.match(field, position)
        position = separators.end() if separators else position
        match = _PARAMETER.match(field, position)
        if match is not None:
            pairs.append((match.group(1).lower(), _unquoted(match.group(2))))
            position = match.end()
        position = field.find(";", position)
    return pairs


def _unquoted(value: str) -> str:
    value = value.strip()
    if not value.startswith('"'):
        return value
    return _ESCAPED.sub(r"\1", value[1:].removesuffix('"'))


def _joined(numbered: Mapping[int, tuple[str, bool]]) -> Parameter:
    """A value from its pieces, up to the first one that is missing."""
    content = bytearray()
    charset = ""
    is_encoded = False
    for number in range(len(numbered)):
        if number not in numbered:
            break
        value, percent = numbered[number]
        if number == 0 and percent and value.count("'") >= 2:
            charset, _, value = value.split("'", 2)
        is_encoded = is_encoded or percent
        data = value.encode("utf-8", "surrogateescape")
        content += unquote_to_bytes(data) if percent else data
    if not is_encoded:
        return Parameter(content.decode("utf-8", "surrogateescape"))
    return Parameter(encoded=bytes(content), charset=charset)
