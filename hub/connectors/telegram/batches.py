"""Splits the answer to getUpdates into its updates, each of which is then read for itself.

Source: https://core.telegram.org/bots/api#getupdates
"""

from __future__ import annotations

import re
from typing import Any

from hub.connectors.lenient_json import read_json, write_json
from hub.errors import ResponseUnexpected

#: The key cannot be in a customer's text: there its quotes have backslashes before them.
_NUMBER = re.compile(rb'"update_id"\s*+:\s*+(\d{1,18})\s*+[,}]')


def split_batch(body: bytes) -> list[bytes]:
    """Each update as a document of its own, in the order of the answer.

    An answer that is not readable is one update, as far as it has a number: ask for one at a time.

    Raises:
        ResponseUnexpected: the answer is not of the Bot API's form, or it has several updates and
            cannot be split.
    """
    try:
        return [write_json(update) for update in _updates(read_json(body))]
    except ValueError:
        if len(_NUMBER.findall(body)) != 1:
            raise _unexpected() from None
        return [body[body.find(b"[") + 1 : body.rfind(b"]")].strip() or body]


def number_in(body: bytes) -> int | None:
    """The number of an update; None where it has none, or several."""
    try:
        document = read_json(body)
    except ValueError:
        numbers = _NUMBER.findall(body)
        return int(numbers[0]) if len(numbers) == 1 else None
    number = document.get("update_id") if isinstance(document, dict) else None
    # Telegram's numbers have 32 bits; an offset beyond 63 it would refuse for ever.
    is_number = isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 2**63
    return number if is_number else None


def _updates(document: Any) -> list[Any]:
    updates = document.get("result") if isinstance(document, dict) else None
    if not isinstance(updates, list):
        raise _unexpected()
    return updates


def _unexpected() -> ResponseUnexpected:
    return ResponseUnexpected("Telegram answered with something that is not of its form.")
