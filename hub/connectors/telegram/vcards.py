"""The lines of a contact card that a customer shared.

Source: RFC 6350 (vCard 4.0), RFC 2426 (vCard 3.0)
"""

from __future__ import annotations

import re
from quopri import decodestring

#: The properties with something for an agent, in the order of showing; names, photos and marks of
#: versions are not among them.
SHOWN = ("EMAIL", "TEL", "ORG", "TITLE", "ADR", "URL", "BDAY", "NOTE")
#: The most that is read of a card: pictures are in it as base64.
READ_LIMIT = 65_536
LINES_LIMIT = 20


def lines_of_vcard(vcard: str) -> list[str]:
    """The values of a card's mail, number, company, address and note, one line each."""
    values: dict[str, list[str]] = {name: [] for name in SHOWN}
    for line in _unfolded(vcard[:READ_LIMIT]):
        head, colon, value = line.partition(":")
        name, *parameters = head.upper().split(";")
        # "item1.EMAIL": iPhones put properties into groups.
        values_of_name = values.get(name.rpartition(".")[2].strip())
        if colon and values_of_name is not None:
            if "ENCODING=QUOTED-PRINTABLE" in parameters or "QUOTED-PRINTABLE" in parameters:
                value = decodestring(value.encode()).decode("utf-8", "replace")
            values_of_name.append(_plain(value))
    lines = [value for name in SHOWN for value in values[name] if value]
    return list(dict.fromkeys(lines))[:LINES_LIMIT]


def _unfolded(vcard: str) -> list[str]:
    """The lines of a card; one that begins with a space goes on the line before it."""
    return re.sub(r"\r\n?|\n", "\n", vcard).replace("\n ", "").replace("\n\t", "").split("\n")


def _plain(value: str) -> str:
    """A value without escapes, and with its parts (of an address, a company) beside each other."""
    parts = re.split(r"(?<!\\);", value)
    joined = ", ".join(part.strip() for part in parts if part.strip())
    return re.sub(r"\\([,;:\\])", r"\1", re.sub(r"\\[nN]", " ", joined)).removeprefix("mailto:")
