"""The parts of a report: the fields for machines, the words, and the id of the mail it is about.

Source: RFC 3464 (delivery status), RFC 6522 (the container), RFC 5965 (complaints). Gateways put
these parts anywhere, give them other types, or flatten them into text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from hub.connectors.email.addresses import is_ours, normalise
from hub.connectors.email.mime.charsets import decode, decode_html
from hub.connectors.email.mime.headers import Headers, read_headers
from hub.connectors.email.mime.message_ids import ids_in, message_id, references
from hub.connectors.email.mime.parts import Part
from hub.connectors.html import plain_text

MAX_RECIPIENTS = 100
MAX_REPORT = 200_000
#: Texts that are read of a report, and characters of each.
MAX_TEXTS = 6
MAX_TEXT = 60_000
MAX_MENTIONS = 100

COPIES = frozenset({
    "message/rfc822", "message/global", "message/rfc822-headers", "message/global-headers",
    "text/rfc822-headers", "text/rfc822", "message/partial",
})  # fmt: skip
#: The fields of one recipient: where one comes again, the next recipient begins.
OF_RECIPIENT = frozenset({"final-recipient", "original-recipient", "action", "status"})
#: Fields in which servers name the mail when they return no copy of it.
NAMING_FIELDS = ("x-original-message-id", "original-message-id", "x-message-id")

_FLATTENED = re.compile(
    r"^[> \t]{0,8}((?:Original|Final)-Recipient|Action|Status):[ \t]?(?=[^\n]{0,400}$)", re.M | re.I
)
_LABEL = re.compile(r"^[>| \t]{0,8}([A-Za-z][A-Za-z0-9-]{1,40})[ \t]{0,4}:", re.M)
_LABELLED_ID = re.compile(
    r"(?:Message|Nachrichten|Mail)[- _]?ID\s{0,8}[:=]?\s{0,8}[<\"'(]?\s{0,8}\Z", re.I
)
_NO_ID = re.compile(r"[\s<>()\[\]\"',;:=|]")
#: The end of an id that this hub makes: see `message_ids.own_id`.
_SEALED = re.compile(r".{1,90}\.[0-9a-f]{32}")


def has_part(root: Part, kind: str) -> bool:
    """Whether a mail has a part `message/KIND` on any level."""
    names = {f"message/{kind}", f"message/global-{kind}"}
    return any(part.media_type in names for part in root.walk())


def groups(root: Part, kind: str) -> list[Headers]:
    """The groups of fields in the parts for machines: one for the mail and one for each recipient.

    Blank lines within a group, which some gateways write, do not divide it.
    """
    names = {f"message/{kind}", f"message/global-{kind}"}
    all_groups: list[Headers] = []
    for part in islice((part for part in root.walk() if part.media_type in names), MAX_TEXTS):
        all_groups += _groups_in(part.content(MAX_REPORT)[:MAX_REPORT])
    return all_groups[:MAX_RECIPIENTS]


def flattened_groups(texts: list[str]) -> list[Headers]:
    """The groups of fields for machines that a gateway has put into a text."""
    for text in texts:
        names = {match.group(1).lower() for match in islice(_FLATTENED.finditer(text), 50)}
        if "final-recipient" in names and names & {"action", "status"}:
            start = next(_FLATTENED.finditer(text)).start()
            lines = (line.lstrip("> \t") for line in text[start:MAX_TEXT].split("\n"))
            return _groups_in("\n".join(lines).encode("utf-8", "replace"))[:MAX_RECIPIENTS]
    return []


def texts_of(root: Part) -> list[str]:
    """The texts of a report in their order, pages as text; without the copy of our mail."""
    leaves = (
        part
        for part in root.walk()
        if part.media_type in {"text/plain", "text/html"} and not part.parts
    )
    return [_text(part) for part in islice(leaves, MAX_TEXTS)]


def about(root: Part, texts: list[str], ours: str) -> str:
    """The id of the mail of ours that a report is about, "" for none.

    An id of our own domain goes before any other; then the copy before its mentions.
    """
    domain = normalise(ours).rpartition("@")[2]
    returned = list(_returned_ids(root))
    stated = [id_ for group in [root.headers, *_all_groups(root)] for id_ in _named_ids(group)]
    labelled, sealed = _mentions(texts, domain, ours)
    threads = references(root.headers)
    for id_ in (*returned, *stated, *labelled, *threads, *sealed):
        if id_.rpartition("@")[2].lower() == domain and not is_ours(ours, id_):
            return id_
    return next(iter(returned), "")


def inner_mails(root: Part) -> Iterator[bytes]:
    """The whole mails within a mail, as bytes."""
    for part in root.walk():
        if part.media_type in {"message/rfc822", "message/global"}:
            yield part.content()


def _groups_in(data: bytes) -> list[Headers]:
    blocks = re.split(rb"\n[ \t]*\n", data.replace(b"\r", b""))
    recipients: list[list[tuple[str, str]]] = []
    for block in blocks[: MAX_RECIPIENTS * 4]:
        for name, value in read_headers(block.strip(b"\n"))[0].fields:
            known = {field for field, _ in recipients[-1]} if recipients else OF_RECIPIENT
            starts = name in OF_RECIPIENT and name in known
            if not recipients or starts:
                recipients.append([])
            recipients[-1].append((name, value))
        if len(recipients) > MAX_RECIPIENTS:
            break
    return [Headers(tuple(fields)) for fields in recipients]


def _text(part: Part) -> str:
    content, charset = part.content(MAX_TEXT * 4), part.headers.parameter("charset")
    if part.media_type == "text/html":
        return plain_text(decode_html(content, charset))[:MAX_TEXT]
    return decode(content, charset)[:MAX_TEXT].replace("\r\n", "\n")


def _returned_ids(root: Part) -> Iterator[str]:
    for part in islice((part for part in root.walk() if part.media_type in COPIES), MAX_TEXTS):
        inner, _ = read_headers(part.content(MAX_REPORT)[:MAX_REPORT].lstrip())
        if identity := message_id(inner):
            yield identity
        yield from _named_ids(inner)


def _all_groups(root: Part) -> list[Headers]:
    return [*groups(root, "delivery-status"), *groups(root, "feedback-report")]


def _named_ids(fields: Headers) -> Iterator[str]:
    for name in NAMING_FIELDS:
        yield from ids_in(fields.raw(name))


def _mentions(texts: list[str], domain: str, ours: str) -> tuple[list[str], list[str]]:
    """The ids of our domain in texts: those that are called one, and those of the hub's own form.

    An id in the References of the copy names an earlier mail.
    """
    labelled: list[str] = []
    sealed: list[str] = []
    for text in texts:
        for start, end in _addresses(text, domain):
            id_ = text[start:end]
            before = text[max(0, start - 2_000) : start]
            if is_ours(ours, id_):
                continue
            if _LABELLED_ID.search(before[-40:]):
                labelled.append(id_)
            elif _SEALED.fullmatch(id_.rpartition("@")[0]):
                last = _LABEL.findall(before)[-1:]
                if [name.lower() for name in last] not in (["references"], ["in-reply-to"]):
                    sealed.append(id_)
    return labelled, sealed


def _addresses(text: str, domain: str) -> Iterator[tuple[int, int]]:
    """The places of what looks like an address or an id at a domain."""
    lowered, mark = text.lower(), f"@{domain}"
    if len(lowered) != len(text):
        return
    at = lowered.find(mark)
    for _ in range(MAX_MENTIONS):
        if at < 0:
            return
        local = _NO_ID.split(text[max(0, at - 300) : at])[-1]
        end = at + len(mark)
        if local and not re.match(r"[\w-]|\.\w", text[end : end + 2]):
            yield at - len(local), end
        at = lowered.find(mark, end)
