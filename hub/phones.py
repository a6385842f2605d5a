"""Phone numbers in the one form that addresses use, so that one number is one address."""

from __future__ import annotations

import re
from functools import lru_cache

#: Mobile numbers that countries rewrote while old forms still arrive. Mexico dropped the 1 after
#: its code (2019-08), Brazil put a 9 before every mobile number (2016-11).
REWRITTEN = (
    (re.compile(r"\+521(\d{10})"), r"+52\1"),
    (re.compile(r"\+55(\d\d)([6-9]\d{7})"), r"+55\g<1>9\2"),
)

SHORT_CODE = re.compile(r"[0-9]{3,8}")


@lru_cache(maxsize=4096)  # parsing costs 50 µs, and most numbers come more than once
def canonical(number: str) -> str:
    """Writes a phone number as E.164; short codes and sender names stay as they are.

    `+372 5551 2345` becomes `+37255512345`; `72345` and `ACME` stay.

    Source: ITU-T E.164; the parsing is https://github.com/daviddrysdale/python-phonenumbers
    """
    number = number.strip()
    if not number.startswith("+"):
        return number
    # Costs 1 MB, and only hubs with SMS need it.
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number)
        e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    except phonenumbers.NumberParseException:
        return number
    for old, new in REWRITTEN:
        if old.fullmatch(e164):
            return old.sub(new, e164)
    return e164


@lru_cache(maxsize=4096)
def readable(number: str) -> str:
    """Writes a canonical number in the form that people read: `+372 5551 2345`."""
    if not number.startswith("+"):
        return number
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def is_possible(number: str) -> bool:
    """Whether a canonical number can receive messages: a possible number or a short code."""
    if not number.startswith("+"):
        return SHORT_CODE.fullmatch(number) is not None
    import phonenumbers

    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False


def forms(number: str) -> tuple[str, ...]:
    """All canonical forms in which addresses may store the same number; `number` comes first.

    Argentine mobile numbers have a 9 after the country code in calls from abroad, and many networks
    leave it out.
    """
    if re.fullmatch(r"\+549\d{10}", number):
        return (number, "+54" + number[4:])
    if re.fullmatch(r"\+54[1-8]\d{9}", number):
        return (number, "+549" + number[3:])
    return (number,)
