"""One person, one number: phone numbers in the one form that makes an address."""

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


@lru_cache(maxsize=4096)  # a number costs 50 µs to read, and most write more than once
def canonical(number: str) -> str:
    """E.164 for phone numbers; short codes and sender names stay as they are.

    `+372 5551 2345` gives `+37255512345`, `72345` and `ACME` give themselves.
    """
    number = number.strip()
    if not number.startswith("+"):
        return number
    # Costs 1 MB, and only hubs with SMS need it.
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number)
        written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    except phonenumbers.NumberParseException:
        return number
    for old, new in REWRITTEN:
        if old.fullmatch(written):
            return old.sub(new, written)
    return written


@lru_cache(maxsize=4096)
def readable(number: str) -> str:
    """A number in its canonical form as people write it: `+372 5551 2345`."""
    if not number.startswith("+"):
        return number
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def is_possible(number: str) -> bool:
    """Whether messages can be addressed to a number in its canonical form."""
    if not number.startswith("+"):
        return SHORT_CODE.fullmatch(number) is not None
    import phonenumbers

    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False


def forms(number: str) -> tuple[str, ...]:
    """The ways in which one number, in its canonical form, may stand in the address book.

    Argentine mobile numbers have a 9 after the country's code when they are called from abroad, and
    many networks leave it out.
    """
    if re.fullmatch(r"\+549\d{10}", number):
        return (number, "+54" + number[4:])
    if re.fullmatch(r"\+54[1-8]\d{9}", number):
        return (number, "+549" + number[3:])
    return (number,)
