"""Mail addresses: compared, taken apart and checked, without asking any server.

Source: RFC 5321, 4.1.2 and 4.5.3.1; RFC 5322, 3.4; RFC 5233 (the part after a plus).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import idna

#: RFC 5321, 4.5.3.1: an address has at most 254 octets on the wire, its local part 64.
MAX_ADDRESS = 254
MAX_LOCAL = 64
#: RFC 1035, 2.3.4: longer ones exist nowhere, and take long to convert.
MAX_DOMAIN = 255

_PLAIN = re.compile(r'[^\s@<>()\[\],;:\\"\x00-\x20\x7f]+@[^\s@<>()\[\],;:\\"\x00-\x20\x7f]+')
TOKEN = re.compile(r"[A-Za-z0-9_~=-][A-Za-z0-9._~=-]{0,127}")


def is_unambiguous(address: str) -> bool:
    """Whether every program reads the same in `address`.

    False for a control character, a line end or an encoded word: a program that decodes the word
    may find a line end in it, and then a header field of its own.
    """
    return address.isprintable() and "=?" not in address


def is_deliverable(address: str) -> bool:
    """Whether `address` may be handed to a server: plain, short, one at sign, no route syntax."""
    if len(address.encode("utf-8", "replace")) > MAX_ADDRESS or not _PLAIN.fullmatch(address):
        return False
    if not is_unambiguous(address):
        return False
    local, _, domain = address.rpartition("@")
    labels = domain.split(".")
    return len(local.encode()) <= MAX_LOCAL and all(labels) and not domain.startswith("-")


def normalise(address: str) -> str:
    """The form in which one address is always written: lower case, domain in its ASCII form.

    Local parts are case-sensitive on paper (RFC 5321, 2.4) and nowhere else: a customer who signs
    up as `Ann@` and writes as `ann@` is one person.
    """
    local, at, domain = address.strip().rpartition("@")
    return f"{local.lower()}{at}{ascii_domain(domain)}"


def ascii_domain(domain: str) -> str:
    """A domain in its ASCII form (RFC 5891), in lower case; as it is where it has none."""
    domain = domain.strip().rstrip(".").lower()
    if domain.isascii() or len(domain) > MAX_DOMAIN:
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return domain


def token_of(ours: str, recipients: Iterable[str]) -> str:
    """The token in the first recipient of the form `local+TOKEN@domain` of our own address.

    Some servers write the envelope's recipient in lower case; another header then has the token
    as it was.
    """
    tokens: list[str] = []
    local, _, domain = ours.rpartition("@")
    prefix, domain = f"{local.lower()}+", ascii_domain(domain)
    for recipient in recipients:
        name, _, host = recipient.strip().rpartition("@")
        if name.lower().startswith(prefix) and ascii_domain(host) == domain:
            token = name[len(prefix) :]
            if TOKEN.fullmatch(token):
                tokens.append(token)
    same = (token for token in tokens if token.lower() == tokens[0].lower())
    return min(same, key=str.islower, default="")


def is_ours(ours: str, address: str) -> bool:
    """Whether `address` is ours, with or without a token."""
    local, _, domain = address.strip().rpartition("@")
    our_local, _, our_domain = ours.rpartition("@")
    if local.lower() == our_local.lower():
        return ascii_domain(domain) == ascii_domain(our_domain)
    return bool(token_of(ours, [address]))


def with_token(ours: str, token: str) -> str:
    """Our address with a token after its local part: `support+TOKEN@shop.example`."""
    local, _, domain = ours.rpartition("@")
    return f"{local}+{token}@{domain}"
