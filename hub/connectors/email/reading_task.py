"""Reads one mail, in a worker process: a task module of `hub.processes`.

A request is a line of JSON with the names of what to do, and the bytes. `read` yields the fields of
an event in stages, each a JSON object whose fields go over those before: the header block, then the
content, then the HTML made safe, then the text of a page, then the text without quotations. So a
mail on which a late stage is ended shows what the earlier ones found.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from hub.connectors.email.delivery_reports import Report, is_read_receipt, read_report
from hub.connectors.email.inbound import (
    Fields,
    Mailing,
    content_fields,
    content_key,
    is_sent_by_hub,
    left_out,
    read_envelope,
)
from hub.connectors.email.mime.bodies import body_of
from hub.connectors.email.mime.charsets import stated_charset
from hub.connectors.email.mime.headers import read_headers
from hub.connectors.email.mime.parts import MAX_HTML, MAX_TEXT, Budget, Part
from hub.connectors.email.mime.transfer import decode_transfer
from hub.connectors.email.mime.tree import first_field, read_mail, with_line_feeds
from hub.connectors.email.quotes.folding import PRIVATE, fold
from hub.connectors.email.quotes.html_text import MAX_PAGE, html_to_text
from hub.connectors.email.quotes.libraries import libraries_cut
from hub.connectors.html import clean_markup, is_too_costly, plain_text
from hub.types import InboundMessage

#: Bytes of a mail in which its header block is looked for before the rest is read.
PEEK = 262_144


def prepare() -> None:
    """Imports the libraries and compiles their patterns, so that no mail pays for it."""
    libraries_cut("Warm\n\nup")
    html_to_text("<p>up</p>")
    clean_markup("<p>up</p>")


def run(request: bytes) -> Iterator[bytes]:
    """The answer to `read` (stages) or `decode` (one value: the bytes of a file)."""
    line, _, content = request.partition(b"\n")
    options = json.loads(line)
    if options["do"] == "decode":
        content = decode_transfer(content, options["encoding"])
        for start, end, encoding in options["steps"]:
            content = decode_transfer(content[start:end], encoding)
        yield content
        return
    ours = Mailing(options["address"], options["authserv_id"])
    for stage in read(content, ours):
        yield _as_json(stage)


def read(raw: bytes, ours: Mailing) -> Iterator[Fields]:
    """The stages of a mail, however damaged it is. Every stage names the `kind` of event so far.

    A mail of the hub itself and a read receipt have the kind `ignored`, with a reason.
    """
    headers, _ = read_headers(with_line_feeds(raw[:PEEK]), first_field(raw))
    headers = headers.with_raw_bytes_in(stated_charset(raw))
    is_from_us = is_sent_by_hub(headers, ours.address)
    if is_from_us:
        yield {"kind": "ignored", "reason": "a mail of the hub itself that came back"}
    else:
        yield {"kind": "message", **_fields(read_envelope(headers, raw, ours))}
    budget = Budget()
    root = read_mail(raw, budget)
    if is_read_receipt(root):
        yield {"kind": "ignored", "reason": "a read receipt", "is_read": True}
    elif (report := read_report(root, ours.address)) is not None:
        yield {"kind": "report", "is_read": True, **_report_fields(report, raw)}
    elif is_from_us:
        yield {"is_read": True}
    else:
        yield from _content(root, budget, read_envelope(root.headers, raw, ours), raw)


def _content(root: Part, budget: Budget, envelope: InboundMessage, raw: bytes) -> Iterator[Fields]:
    body = body_of(root, budget)
    text = PRIVATE.sub("", body.text) or left_out(root.headers)
    is_page = not text.strip() and bool(body.html.strip())
    shown = budget.shorten(plain_text(body.html), MAX_TEXT) if is_page else text
    yield {
        "is_read": True,
        "key": content_key(envelope, root, raw),
        "text": _above(shown, body.messages),
        **content_fields(root, budget, envelope.extra),
    }
    if body.html.strip():
        yield {"html": _shortened(clean_markup(body.page)), "html_is_clean": True}
    if is_page and len(body.html) <= MAX_PAGE and not is_too_costly(body.html):
        text = html_to_text(body.html)[:MAX_TEXT]
        yield _without_marks(text, body.messages)
    elif is_page:
        return
    if "\n" in text.strip():
        yield _folded(text, root.headers.text("subject"), body.messages)


def _above(text: str, messages: str) -> str:
    """A text with the messages that came packed with it; these are content and never folded."""
    return "\n\n".join(filter(None, [text.strip(), messages]))


def _shortened(html: str) -> str:
    """HTML up to the last whole tag before the limit: cleaning may have made it longer."""
    return html if len(html) <= MAX_HTML else html[: html.rfind("<", 0, MAX_HTML)]


def _without_marks(text: str, messages: str) -> Fields:
    whole = PRIVATE.sub("", text).strip()
    return {"text": _above(whole, messages)} if whole else {}


def _folded(text: str, subject: str, messages: str) -> Fields:
    whole = PRIVATE.sub("", text).strip()
    shown = fold(text, subject, libraries_cut) or whole
    is_whole = "".join(shown.split()) == "".join(whole.split())
    return {
        "text": _above(shown, messages),
        "full_text": "" if is_whole else _above(whole, messages),
    }


def _report_fields(report: Report, raw: bytes) -> Fields:
    return {
        "key": f"report:{sha256(raw).hexdigest()}",
        "status": report.status,
        "recipient": report.recipient,
        "external_ids": (report.message_id,),
        "code": "address_invalid" if report.stopped and report.reason else "",
        "reason": report.reason,
        "external_code": report.external_code,
        "stopped": report.stopped,
        "note": report.note,
    }


# -- as JSON -----------------------------------------------------------------------------------


def _fields(value: Any) -> Fields:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _as_json(stage: Fields) -> bytes:
    # Half a character may have come through; it is made storable where it is stored.
    return json.dumps(stage, default=_plain, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value):
        return {name: item for name, item in _fields(value).items() if name != "content"}
    if isinstance(value, Mapping):
        return dict(value)
    if value == b"":
        return None
    raise TypeError(type(value).__name__)
