"""The block of `From: Sent: To: Subject:` that a program puts above a mail it quotes."""

from __future__ import annotations

import re

from hub.connectors.email.quotes import phrases

MAX_LINES = 12

_FIELD = re.compile(r"[\s>*_]{0,8}([^:：\n]{1,24}?)\s?[*_]{0,2}\s?[:：][*_]{0,2}(.*)")
_DAY_OR_TIME = re.compile(r"\d{1,2}\s?[:.h/-]\s?\d{2}|(?<!\d)\d{4}(?!\d)")
_ROLES = {
    name: role
    for role, names in (
        ("to", phrases.TO),
        ("date", phrases.DATE),
        ("subject", phrases.SUBJECT),
        ("from", phrases.FROM),
    )
    for name in names
}


def role_of(line: str) -> str:
    """What a line is in a block of headers: `from`, `date`, `to`, `subject`, or ""."""
    match = _FIELD.match(line)
    return _ROLES.get(match.group(1).strip().lower(), "") if match else ""


def is_header_block(lines: list[str], index: int, least: int) -> bool:
    """Whether a block of headers stands at this line, in any language.

    Args:
        least: how many kinds of fields it must have.
    """
    roles: list[str] = []
    values: dict[str, str] = {}
    unknown = 0
    last = index
    for number in range(index, min(index + MAX_LINES, len(lines))):
        if not lines[number].strip() or lines[number].startswith("\ue003"):
            continue
        role = role_of(lines[number])
        if role:
            roles.append(role)
            values.setdefault(role, lines[number].partition(":")[2])
            last = number
        else:
            unknown += 1
            if not roles or unknown > 2:
                break
    if not roles or roles[0] not in {"from", "date"} or len(values) < least or "from" not in values:
        return False
    if _is_form(lines, last, values):
        return False
    # A delivery from 10:00 to 12:00 on a date is no header.
    return (
        "subject" in values
        or ("@" in values["from"] and "date" in values)
        or (roles[:3] == ["from", "date", "to"] and bool(_DAY_OR_TIME.search(values["date"])))
    )


def _is_form(lines: list[str], last: int, values: dict[str, str]) -> bool:
    """Whether a block goes on with a field that no mail has: then a web form wrote all of it."""
    below = lines[last + 1] if last + 1 < len(lines) else ""
    match = _FIELD.match(below)
    if match is None:
        return False
    label = match.group(1).strip().lower()
    return label in phrases.FORM_FIELDS or (
        "to" not in values and label not in phrases.EXTRA_FIELDS
    )
