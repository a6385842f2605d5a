"""The readable content of a mail: which of its parts are read, and their text and HTML.

Source: RFC 2046, 5.1 (multipart), RFC 3676 (flowed text)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from hub.connectors.email.mime.charsets import clean, decode, decode_html
from hub.connectors.email.mime.lzfu import decompressed
from hub.connectors.email.mime.parts import (
    BYTES_PER_BYTE,
    MAX_HTML,
    MAX_TEXT,
    RTF,
    TNEF,
    Budget,
    Part,
    is_text,
)
from hub.connectors.email.mime.rtf import read_rtf
from hub.connectors.html import plain_text

BYTES_PER_CHARACTER = 4
#: A longer text says something of its own, whatever the page beside it says.
MAX_STUB = 600
#: Characters of a page that are compared with the text beside it.
MAX_COMPARED = 100_000

_TERM = re.compile(r"\w{2,}")
_PAGE = re.compile(r"\s{0,200}<(?:!doctype html|html|head|body)\b[^<>]{0,500}>", re.I)
_NO_BASE64 = re.compile(rb"\s{0,20}(?:[^\s]{1,40}[ ]){4}")
#: Words with which senders excuse that their mail is a page.
_EXCUSE = re.compile(r"\bhtml\b|browser|navigateur|navegador|brauser|przeglądar|браузер", re.I)


@dataclass(frozen=True, slots=True)
class Body:
    """The readable content of a mail. `text` is empty where only the HTML is complete.

    Args:
        messages: the words of messages that Outlook packed into it, as text.
    """

    text: str = ""
    html: str = ""
    messages: str = ""

    @property
    def page(self) -> str:
        """The HTML with the packed messages below it."""
        return self.html + _as_html(self.messages) if self.messages else self.html


def body_of(root: Part, budget: Budget) -> Body:
    """The readable content of a mail, from the best of its alternatives.

    What Outlook packed into a file of its own repeats the text beside it, so it counts alone only;
    the messages that were attached to it repeat nothing.
    """
    body = _body(root, budget, has_packed=False)
    if not _has_words(body):
        body = _body(root, budget, has_packed=True)
    messages = [_message(part, budget) for part in root.walk() if _is_message(part)]
    if not messages:
        return body
    return Body(body.text, body.html, budget.shorten("\n\n".join(messages), MAX_TEXT))


def _has_words(body: Body) -> bool:
    return bool(body.text.strip() or body.html.strip())


def _is_message(part: Part) -> bool:
    """Whether a part is a message within what Outlook packed."""
    return part.is_body and part.media_type in TNEF and bool(part.parts)


def _message(part: Part, budget: Budget) -> str:
    introduction, *parts = part.parts
    body = _alternative(parts, budget, has_packed=True)
    text = body.text if body.text.strip() else plain_text(body.html)
    return f"{_leaf(introduction, budget).text}\n\n{text.strip()}".strip()


def _body(part: Part, budget: Budget, *, has_packed: bool) -> Body:
    if not part.parts:
        return _leaf(part, budget)
    kind = part.media_type
    if kind in TNEF:
        # A message in it is read by itself.
        is_read = has_packed and not part.is_body
        return _alternative(part.parts, budget, has_packed=True) if is_read else Body()
    if kind == "multipart/alternative":
        return _alternative(part.parts, budget, has_packed=has_packed)
    bodies = [_body(inner, budget, has_packed=has_packed) for inner in part.parts]
    return _joined(list(filter(_has_words, bodies)), budget)


def _alternative(parts: Sequence[Part], budget: Budget, *, has_packed: bool) -> Body:
    """The best of several forms of one content."""
    forms = [part for part in parts if part.media_type != RTF]
    bodies = [_body(inner, budget, has_packed=has_packed) for inner in forms]
    text = next((body.text for body in bodies if body.text.strip()), "")
    html = next((body.html for body in reversed(bodies) if body.html.strip()), "")
    if not text.strip() and not html.strip():
        packed = (_rtf(part, budget) for part in parts if part.media_type == RTF and part.is_body)
        return next(filter(_has_words, packed), Body())
    return Body("" if is_stub(text, html) else text, html)


def _rtf(part: Part, budget: Budget) -> Body:
    """What Outlook compressed, where it packed no other form of it."""
    data = decompressed(part.body, budget.rtf)
    budget.is_cut = budget.is_cut or (bool(data) and len(data) == budget.rtf)
    budget.rtf -= len(data)
    content = read_rtf(data)
    if content.is_page:
        return Body(html=budget.shorten(clean(content.text), MAX_HTML))
    return Body(text=budget.shorten(clean(content.text).strip(), MAX_TEXT))


def is_stub(text: str, html: str) -> bool:
    """Whether a text says nothing of the page beside it, only that there is one."""
    if not text.strip() or len(text) > MAX_STUB:
        return False
    page = plain_text(html[:MAX_COMPARED]).lower()
    text_terms = set(_TERM.findall(text.lower()))
    if not page or not text_terms:
        return False
    common = sum(term in page for term in text_terms) / len(text_terms)
    if _EXCUSE.search(text):
        return common < 0.8 or len(page) > 3 * len(text)
    return common < 0.4 and len(page) > 2 * len(text)


def _joined(bodies: list[Body], budget: Budget) -> Body:
    if len(bodies) < 2:
        return bodies[0] if bodies else Body()
    html = "".join(body.html or _as_html(body.text) for body in bodies)
    complete = all(body.text.strip() for body in bodies)
    text = "\n\n".join(body.text.strip("\n") for body in bodies) if complete else ""
    return Body(
        budget.shorten(text, MAX_TEXT),
        budget.shorten(html, MAX_HTML) if any(body.html for body in bodies) else "",
    )


def _as_html(text: str) -> str:
    return f'<div dir="auto" style="white-space: pre-wrap">{escape(text)}</div>'


def _leaf(part: Part, budget: Budget) -> Body:
    if not is_text(part) or not budget.takes_text():
        return Body()
    charset = part.headers.parameter("charset")
    if part.media_type == "text/html":
        content = _beginning(part, MAX_HTML, budget)
        return Body(html=budget.shorten(decode_html(content, charset), MAX_HTML))
    text = decode(_beginning(part, MAX_TEXT, budget), charset)
    if _PAGE.match(text):
        return Body(html=budget.shorten(text, MAX_HTML))
    if part.headers.parameter("format").lower() == "flowed":
        text = unflow(text, part.headers.parameter("delsp").lower() == "yes")
    return Body(text=budget.shorten(text, MAX_TEXT))


def _beginning(part: Part, characters: int, budget: Budget) -> bytes:
    """The bytes of a part that its first characters can need."""
    limit = characters * BYTES_PER_CHARACTER
    budget.is_cut = budget.is_cut or part.end - part.start > limit * BYTES_PER_BYTE
    if part.encoding == "base64" and _NO_BASE64.match(part.mail, part.start, part.end):
        return part.mail[part.start : min(part.end, part.start + limit)]  # words: it is mislabelled
    return part.content(limit)


def unflow(text: str, delete_space: bool = False) -> str:
    """Joins the lines of `format=flowed` that were one paragraph. Source: RFC 3676, 4."""
    lines: list[list[str]] = []
    open_depth = -1
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content[1:] if content.startswith(" ") else content
        flows = content.endswith(" ") and content != "-- "
        kept_content = content[:-1] if flows and delete_space else content
        if depth == open_depth:
            lines[-1].append(kept_content)
        else:
            lines.append([">" * depth + " " if depth else "", kept_content])
        open_depth = depth if flows else -1
    return "\n".join("".join(pieces) for pieces in lines)
