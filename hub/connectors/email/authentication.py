"""Whether our own receiving server proved the sender of a mail.

Source: RFC 8601; alignment as in RFC 7489, 3.1, but without guessing at organisations: a domain
that signed speaks for itself and for the domains under it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hub.connectors.email.addresses import ascii_domain
from hub.connectors.email.mime.address_lists import read_list
from hub.connectors.email.mime.headers import Headers

MAX_LENGTH = 16_384
MAX_RESULTS = 50

# A quotation that never ends goes to the end: it is not looked at again from each quote in it.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[^\s;="]+|[;=]', re.S)


@dataclass(frozen=True, slots=True)
class Result:
    """One `method=result` with its properties, all in lower case."""

    method: str
    result: str
    properties: Mapping[str, str]


def is_authenticated(headers: Headers, sender: str, authserv_id: str) -> bool:
    """Whether DMARC passed, or DKIM did for the domain of `sender`.

    Only the topmost field counts, and only with our server's name: a sender can write any field
    below it.
    """
    if not authserv_id or len(read_list(headers.raw("from"))) != 1:
        return False
    if sum(1 for _ in headers.all("from")) != 1:
        return False
    name, results = read_results(headers.raw("authentication-results"))
    if name != authserv_id.lower():
        return False
    domain = ascii_domain(sender.rpartition("@")[2])
    return any(_proves(result, domain) for result in results)


def _proves(result: Result, domain: str) -> bool:
    if result.result != "pass":
        return False
    if result.method == "dmarc":
        return result.properties.get("header.from", domain).rpartition("@")[2] == domain
    if result.method == "dkim":
        signer = result.properties.get("header.d") or result.properties.get("header.i", "")
        signer = signer.rpartition("@")[2]
        return "." in signer and (domain == signer or domain.endswith("." + signer))
    return False


def read_results(value: str) -> tuple[str, list[Result]]:
    """The name of the server that checked, and its results; ("", []) for a malformed value."""
    tokens = list(_tokens(value[:MAX_LENGTH]))
    name = tokens[0].lower() if tokens and tokens[0] not in ";=" else ""
    groups: list[list[str]] = [[]]
    for symbol in tokens:
        if symbol == ";":
            groups.append([])
        else:
            groups[-1].append(symbol)
    results = [result for group in groups[1 : MAX_RESULTS + 1] if (result := _result(group))]
    return name.strip('"'), results


def _result(group: list[str]) -> Result | None:
    if len(group) < 3 or group[1] != "=":
        return None
    properties: dict[str, str] = {}
    for index in range(3, len(group) - 2):
        if group[index + 1] == "=" and group[index] != "=":
            # The first value counts: a second one of the same property was added later.
            properties.setdefault(group[index].lower(), group[index + 2].strip('"').lower())
    return Result(group[0].partition("/")[0].lower(), group[2].lower(), properties)


def _tokens(value: str) -> Iterator[str]:
    return (match.group(0) for match in _TOKEN.finditer(_without_comments(value)))


def _without_comments(value: str) -> str:
    characters: list[str] = []
    depth, quoted, escaped = 0, False, False
    for character in value:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == '"' and not depth:
            quoted = not quoted
        elif character == "(" and not quoted:
            depth += 1
        elif character == ")" and not quoted and depth:
            depth -= 1
            characters.append(" ")
            continue
        if not depth:
            characters.append(character)
    return "".join(characters)
