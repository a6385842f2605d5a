"""A mail taken apart into its parts. Linear; raises nothing.

The standard library's parser reads line by line and gets slower with every nested boundary, which
a hostile mail can use; here each level is one search over the bytes, and levels are few.

Source: RFC 2046, 5.1
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from hub.connectors.email.mime.charsets import stated_charset
from hub.connectors.email.mime.headers import Headers, read_headers
from hub.connectors.email.mime.parts import TNEF, Budget, Part, is_attached, is_text, name_of
from hub.connectors.email.mime.wrappers import opened

#: What is beyond these is in the original only.
MAX_DEPTH = 20
MAX_BOUNDARY = 200
#: Levels that the content of an encoded part counts for: each has a copy of the bytes within it.
WRAPPER_DEPTH = 7
#: Levels that a message within a packet counts for.
MESSAGE_DEPTH = 3
#: Bytes of a text that are looked at for words.
MAX_LOOK = 2_000

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_FIELD = re.compile(
    rb"(?:\r?\n){1,20}"
    rb"(?=(?:From|To|Subject|Date|Received|Return-Path|Delivered-To|Message-ID|MIME-Version):)",
    re.I,
)
# A line that begins a part, where no field tells its boundary.
_BOUNDARY = re.compile(rb"^--([^\r\n]{1,200}?)[ \t]{0,8}\r?\nContent-[A-Za-z-]{1,60}:", re.M | re.I)
_PAGE = re.compile(rb"\s{0,200}<(?:!doctype|html|head|body)\b", re.I)


def read_mail(raw: bytes, budget: Budget) -> Part:
    """A mail, taken apart down to `MAX_DEPTH`; deeper or surplus parts stay one part."""
    raw = with_line_feeds(raw)
    budget.charset = stated_charset(raw)
    return _with_body(_read(Part(raw, Headers(), first_field(raw), len(raw)), 0, budget))


def with_line_feeds(raw: bytes) -> bytes:
    """A mail whose lines end with a line feed; offsets stay."""
    return raw if b"\n" in raw else raw.replace(b"\r", b"\n")


def first_field(raw: bytes) -> int:
    """The offset of the header block, behind a byte order mark and blank lines before it."""
    start = len(_BYTE_ORDER_MARK) if raw.startswith(_BYTE_ORDER_MARK) else 0
    match = _FIELD.match(raw, start)
    return match.end() if match else start


def _read(whole: Part, depth: int, budget: Budget) -> Part:
    """The part whose header block begins where `whole` does."""
    headers, body = read_headers(whole.mail, whole.start, whole.end)
    headers = headers.with_raw_bytes_in(budget.charset)
    part = replace(whole, headers=headers, start=body)
    if depth >= MAX_DEPTH:
        return part
    if not part.media_type.startswith("multipart/"):
        return _opened(part, depth, budget)
    boundary = headers.parameter("boundary").encode("utf-8", "replace")[:MAX_BOUNDARY]
    for mark in (boundary, _boundary_in(part, boundary)):
        if mark and (parts := _parts(part, mark, depth, budget)):
            return replace(part, parts=tuple(parts))
    return part if is_attached(part) or budget.parts < 0 else _as_text(part, depth, budget)


def _parts(part: Part, boundary: bytes, depth: int, budget: Budget) -> list[Part]:
    parts: list[Part] = []
    for first, last in _between(part.mail, part.start, part.end, boundary):
        if not budget.takes_part():
            break
        inner = Part(part.mail, part.headers, first, last, outer=part.outer)
        parts.append(_read(inner, depth + 1, budget))
    return parts


def _boundary_in(part: Part, stated: bytes) -> bytes:
    """A boundary that the body shows, where the one of its field never occurs."""
    match = _BOUNDARY.search(part.mail, part.start, part.end)
    return match.group(1) if match and match.group(1) != stated else b""


def _as_text(part: Part, depth: int, budget: Budget) -> Part:
    """A multipart without any part: its words are all there is of it."""
    if part.encoding in {"base64", "quoted-printable"} and depth + WRAPPER_DEPTH <= MAX_DEPTH:
        # A body of parts is never encoded (RFC 2045, 6.4), yet some gateways do.
        content = part.content()
        inner = Part(content, part.headers, 0, len(content), outer=part.place)
        boundary = part.headers.parameter("boundary").encode("utf-8", "replace")[:MAX_BOUNDARY]
        for mark in (boundary, _boundary_in(inner, boundary)):
            if mark and (parts := _parts(inner, mark, depth + WRAPPER_DEPTH, budget)):
                return replace(part, parts=tuple(parts))
    kind = "text/html" if _PAGE.match(part.content(MAX_LOOK)) else "text/plain"
    return replace(part, headers=part.headers.with_field("content-type", kind))


def _opened(part: Part, depth: int, budget: Budget) -> Part:
    """The part with what it holds, where it is an encoded one that holds parts."""
    if depth + WRAPPER_DEPTH > MAX_DEPTH:
        return part
    parts: list[Part] = []
    for inner in opened(part):
        if not budget.takes_part():
            break
        if not inner.headers.fields:
            inner = _read(inner, depth + WRAPPER_DEPTH, budget)
        elif inner.media_type in TNEF:
            inner = _opened(inner, depth + MESSAGE_DEPTH, budget)
        parts.append(inner)
    return replace(part, parts=tuple(parts))


# -- boundaries ----------------------------------------------------------------------------------


def _between(mail: bytes, start: int, end: int, boundary: bytes) -> Iterator[tuple[int, int]]:
    opened_at = -1
    for at, line_end, closes in _marks(mail, start, end, boundary):
        if opened_at >= 0:
            yield opened_at, _before_line(mail, at, opened_at)
        opened_at = line_end
        if closes:
            return
    if opened_at >= 0:
        # The mail was cut short: the last part ends where the mail does.
        yield opened_at, end


def _marks(mail: bytes, start: int, end: int, boundary: bytes) -> Iterator[tuple[int, int, bool]]:
    """Every boundary line: its offset, the offset of the next line, whether it closes the part.

    Each line is looked at once, whatever the boundary: only its beginning can be one.
    """
    mark = b"--" + boundary
    at = start if mail.startswith(mark, start) else _next_mark(mail, mark, start, end)
    while at >= 0:
        after = at + len(mark)
        line_end = mail.find(b"\n", after, end)
        line_end = end if line_end < 0 else line_end + 1
        suffix = mail[after : min(line_end, after + 1_000)].strip()
        if suffix in (b"", b"--"):
            yield at, line_end, suffix == b"--"
        at = _next_mark(mail, mark, line_end - 1, end)


def _next_mark(mail: bytes, mark: bytes, position: int, end: int) -> int:
    at = mail.find(b"\n" + mark, position, end)
    return at + 1 if at >= 0 else -1


def _before_line(mail: bytes, position: int, least: int) -> int:
    # The line end before a boundary belongs to the boundary (RFC 2046, 5.1.1).
    if mail[position - 1 : position] == b"\n":
        position -= 1
    if mail[position - 1 : position] == b"\r":
        position -= 1
    return max(position, least)


# -- a text with a name ----------------------------------------------------------------------------


def _with_body(root: Part) -> Part:
    """The mail, in which a text that has the name of a file is the body where nothing else is."""
    if any(is_text(part) and part.content(MAX_LOOK).strip() for part in root.walk()):
        return root
    return _with_first_named(root) or root


def _with_first_named(part: Part) -> Part | None:
    if not part.parts:
        is_named_text = part.media_type in {"text/plain", "text/html"} and name_of(part)
        return replace(part, is_body=True) if is_named_text and not is_attached(part) else None
    for number, inner in enumerate(part.parts):
        if (changed := _with_first_named(inner)) is not None:
            parts = (*part.parts[:number], changed, *part.parts[number + 1 :])
            return replace(part, parts=parts)
    return None
