"""Who wrote a mail: the person in From, or the one in Reply-To where From is not a person's.

Forms write from an address of their own or from ours and name the person in Reply-To; a list may
put its own address into From. Nothing here proves anything: see `authentication`.

Source: RFC 5322, 3.6.2; RFC 2369 (List-Post); RFC 2919 (List-Id).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice

from hub.connectors.email.addresses import ascii_domain, is_ours, is_unambiguous, normalise
from hub.connectors.email.mime.charsets import decode
from hub.connectors.email.mime.headers import Headers, decoded, mailboxes
from hub.connectors.email.mime.message_ids import message_id

MAX_NAME = 200
MAX_ADDRESS = 320
#: The people in Reply-To who get an answer.
MAX_ANSWERS = 10
#: The domain of senders that a mail does not name. `.invalid` never exists (RFC 2606).
UNKNOWN_DOMAIN = "sender.invalid"

#: The fields that name the sender, most trusted first.
SENDERS = ("from", "sender", "reply-to", "return-path")
#: The fields in which lists that write their own address into From keep the person's.
BEFORE_LISTS = ("reply-to", "x-original-from", "x-original-sender")

_ROBOT = re.compile(
    r"(mailer-daemon|postmaster|(no|do-?not|dont|nicht|ne)[._-]?(reply|respond|antworten|answer)"
    r"|noreply.*|no-reply.*|keine-?antwort|bounces?)([+._=-].*)?",
    re.I,
)
#: Accounts of web servers and forms.
_FORM = re.compile(
    r"(www|www-data|web|webmaster|website|webserver|webform|web-?forms?|apache2?|httpd?|nginx|php"
    r"|cgi|nobody|wordpress|wp|drupal|joomla|forms?|contact-?forms?|kontakt-?formular|formular"
    r"|formmail(er)?|mailer|mailform|server|notifications?|system)\d*([+._=-].*)?",
    re.I,
)
_FORM_FIELDS = ("x-php-originating-script", "x-php-script", "x-wpcf7-content-type")
_FORM_MAILERS = re.compile(r"php|wordpress|wp mail|drupal|joomla|formmail|contact form", re.I)
_NAME_WORD = re.compile(r"[^\W\d_]{2,}")
_VIA = re.compile(r"\s+(?:via|über|par|por|przez|через)\s+", re.I)


@dataclass(frozen=True, slots=True)
class Sender:
    """The person or the machine that a mail comes from.

    Args:
        address: in the form in which addresses are compared.
        is_from_field: whether the address is that of From, which authentication speaks of.
        is_named_by_form: whether a form or a server wrote the mail and names the person.
        written_from: the address in From where that is another one, else "".
    """

    address: str
    name: str
    is_from_field: bool = True
    is_named_by_form: bool = False
    written_from: str = ""


def read_sender(headers: Headers, ours: str, raw: bytes) -> Sender:
    """The sender of a mail.

    Args:
        ours: our own address.
        raw: the mail, by which a sender without an address is told from the others.
    """
    written_from = next(addresses_in(headers, *SENDERS[:2]), None)
    person = _person_beside(headers, ours, written_from)
    if written_from is None:
        known = person or next(addresses_in(headers, "return-path"), None)
        name, address = known or ("", unknown_sender(headers, raw))
        return Sender(address, name, is_from_field=False)
    name, address = written_from
    if person is not None:
        return Sender(
            person[1],
            person[0],
            is_from_field=False,
            is_named_by_form=not _is_list(headers, address, name),
            written_from=address,
        )
    return Sender(address, name)


def answers_to(headers: Headers, ours: str) -> list[tuple[str, str]]:
    """The names and the addresses in Reply-To that are a person's, at most `MAX_ANSWERS`."""
    people = (
        (name, address)
        for name, address in addresses_in(headers, "reply-to")
        if not is_ours(ours, address) and not is_robot(address)
    )
    return list(islice(people, MAX_ANSWERS))


def is_robot(address: str) -> bool:
    """Whether an address is one of those that no person reads, by its name."""
    return _ROBOT.fullmatch(address.partition("@")[0]) is not None


def unknown_sender(headers: Headers, raw: bytes) -> str:
    """The address that stands for the sender of this one mail, which names none."""
    mail = message_id(headers).encode("utf-8", "replace") or raw
    return f"unknown-{sha256(mail).hexdigest()[:16]}@{UNKNOWN_DOMAIN}"


def addresses_in(headers: Headers, *names: str) -> Iterator[tuple[str, str]]:
    """The names and addresses in fields, without addresses that two programs may read as two."""
    for box in mailboxes(headers, *names):
        address = readable(box.address)
        if address and is_unambiguous(address):
            yield decoded(box.name, MAX_NAME).strip("'\" "), address


def readable(address: str) -> str:
    """An address as addresses are compared, its bytes beyond ASCII as characters (RFC 6532)."""
    address = address[:MAX_ADDRESS]
    if not address.isascii():
        address = decode(address.encode("utf-8", "surrogateescape"))
    return normalise(address)[:MAX_ADDRESS]


# -- parts -----------------------------------------------------------------------------------------


def _person_beside(
    headers: Headers, ours: str, written_from: tuple[str, str] | None
) -> tuple[str, str] | None:
    """The person whom a field beside From names, None where From is the person's own."""
    if written_from is None:
        return next(iter(answers_to(headers, ours)), None)
    from_name, from_address = written_from
    is_group = is_ours(ours, from_address) or _is_list(headers, from_address, from_name)
    for name, address in addresses_in(headers, *(BEFORE_LISTS if is_group else ("reply-to",))):
        is_person = not is_ours(ours, address) and not is_robot(address)
        if not is_person or address == from_address or _is_list(headers, address, ""):
            continue
        if is_group or _writes_for_others(headers, ours, written_from, (name, address)):
            return name or _name_before_via(from_name), address
    return None


def _writes_for_others(
    headers: Headers, ours: str, written_from: tuple[str, str], answer: tuple[str, str]
) -> bool:
    """Whether From is the address of a form or a server, and Reply-To that of a person."""
    local, _, domain = written_from[1].partition("@")
    if is_robot(written_from[1]) or _FORM.fullmatch(local):
        return True
    answer_domain = answer[1].rpartition("@")[2]
    if domain == answer_domain:
        return False
    if domain == ascii_domain(ours.rpartition("@")[2]):
        return True
    if any(map(headers.has, _FORM_FIELDS)) or _FORM_MAILERS.search(headers.raw("x-mailer")[:200]):
        return True
    # A person who wants answers elsewhere has one name at both addresses.
    names = [set(_NAME_WORD.findall(name.lower())) for name in (written_from[0], answer[0])]
    return bool(names[0] and names[1]) and not names[0] & names[1]


def _is_list(headers: Headers, address: str, name: str) -> bool:
    """Whether an address is that of the list that a mail went over."""
    if not (headers.has("list-id") or headers.has("list-post")):
        return False
    posts = headers.raw("list-post").lower()
    if f"mailto:{address}>" in posts or f"mailto:{address}?" in posts:
        return True
    list_id = headers.raw("list-id").rpartition("<")[2].strip("> ").lower()
    local, _, domain = address.partition("@")
    return bool(_VIA.search(name)) or (bool(list_id) and list_id == f"{local}.{domain}")


def _name_before_via(name: str) -> str:
    """The person's name in `'Ann' via Support`, "" in any other."""
    match = _VIA.search(name)
    return name[: match.start()].strip("'\" ") if match else ""
