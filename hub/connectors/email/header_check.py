"""Checks the header block of a mail that is about to leave, whoever wrote it.

The library that writes it decodes encoded words within values, so that a line end may come out of a
value that has none. This check reads the bytes alone. Source: RFC 5322, 2.2.
"""

from __future__ import annotations

import re

from hub.errors import Rejected

_FIELD = re.compile(rb"([!-9;-~]+):")


def check_header_block(mime: bytes, names: frozenset[str]) -> None:
    """Makes sure that a mail has these fields at most, each once, and no other line.

    Args:
        mime: the whole mail.
        names: in lower case.

    Raises:
        Rejected: a line of the block is neither one of the fields nor the rest of one.
    """
    block, blank_line, _ = mime.partition(b"\r\n\r\n")
    seen_names: set[str] = set()
    for number, line in enumerate(block.split(b"\r\n")):
        if not line.strip() or b"\r" in line or b"\n" in line or b"\x00" in line:
            raise _refusal()
        if line[:1] in b" \t" and number:
            continue
        match = _FIELD.match(line)
        name = match.group(1).decode("ascii").lower() if match else ""
        if name not in names or name in seen_names:
            raise _refusal()
        seen_names.add(name)
    if not blank_line:
        raise _refusal()


def _refusal() -> Rejected:
    return Rejected(
        "The mail was not sent: an address, a name or a subject in it would have added a header "
        "field. Write to the address anew."
    )
