"""Mail addresses: compared, taken apart and checked, without asking any server.

Source: RFC 5321, 4.1.2 and 4.5.3.1; RFC 5322, 3.4; RFC 5233 (the part after a plus).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import getaddresses

import idna

#: RFC 5321, 4.5.3.1: an address has at most 254 octets on the wire, its local part 64.
MAX_ADDRESS = 254
MAX_LOCAL = 64
#: Characters of a list of recipients that are read; the token of ours stands near its start.
MAX_LIST = 32_768

_ENCODED_WORD = re.compile(r"(=\?[^?\s]{1,60}\?[qQ]\?)([^?]*)(\?=)")
_PLAIN = re.compile(r'[^\s@<>()\[\],;:\\"\x00-\x20\x7f]+@[^\s@<>()\[\],;:\\"\x00-\x20\x7f]+')
TOKEN = re.compile(r"[A-Za-z0-9_~=-][A-Za-z0-9._~=-]{0,127}")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One entry of an address header: a name as it came, and an address."""

    name: str
    address: str


def is_deliverable(address: str) -> bool:
    """Whether `address` may be handed to a server: plain, short, one at sign, no route syntax."""
    if len(address.encode("utf-8", "replace")) > MAX_ADDRESS or not _PLAIN.fullmatch(address):
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
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return domain


def read_list(value: str) -> list[Mailbox]:
    """Every address in a header's value that has not been decoded yet. Never raises."""
    # Outlook and others leave commas and colons within encoded words, where they mean nothing.
    value = _ENCODED_WORD.sub(_without_separators, value[:MAX_LIST])
    try:
        pairs = getaddresses([value])
    except (ValueError, IndexError, TypeError, AttributeError):
        pairs = []
    mailboxes = [Mailbox(name, address) for name, address in pairs if "@" in address[1:-1]]
    if mailboxes:
        return mailboxes
    # A list with stray quotes or unclosed brackets, which the strict reader refuses, has addresses.
    return [Mailbox("", plain) for plain in _PLAIN.findall(value)]


def _without_separators(match: re.Match[str]) -> str:
    encoded = re.sub(r"[,:;<>@()\[\]\"\\ ]", lambda c: f"={ord(c.group()):02X}", match.group(2))
    return f"{match.group(1)}{encoded}{match.group(3)}"


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
    return normalise(address) == normalise(ours) or bool(token_of(ours, [address]))


def with_token(ours: str, token: str) -> str:
    """Our address with a token after its local part: `support+TOKEN@shop.example`."""
    local, _, domain = ours.rpartition("@")
    return f"{local}+{token}@{domain}"
