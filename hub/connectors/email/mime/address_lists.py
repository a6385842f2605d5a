"""The addresses in a header field, in linear time: no recursion, each character read once.

Source: RFC 5322, 3.4 (addresses), 3.2.2 (comments), 4.4 (obsolete routes), RFC 6854 (groups).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

#: What is beyond these is in the original only.
MAX_LIST = 32_768
MAX_ADDRESSES = 500

_ENCODED_WORD = re.compile(r"(=\?[^?\s]{1,60}\?[qQ]\?)([^?]*)(\?=)")
_SYMBOL = re.compile(r'\s+|"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[(),;:<>]|[^\s"(),;:<>]+', re.S)
_COMMENT = re.compile(r"\\.|[()]|[^()\\]+|\\\Z", re.S)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"@[^"]*', re.S)
_ESCAPED = re.compile(r"\\(.)", re.S)
_SPECIALS = re.compile(r'[\s<>()\[\],;:\\"\x00-\x20\x7f]+')
_SEPARATOR = re.compile(r"[,:;<>@()\[\]\"\\ ]")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One entry of an address header: a name as it came, and an address."""

    name: str
    address: str


def read_list(value: str) -> list[Mailbox]:
    """The addresses in a header's value that has not been decoded yet. Never raises.

    Returns: at most `MAX_ADDRESSES`, of the first `MAX_LIST` characters.
    """
    # Outlook and others leave commas and colons within encoded words, where they mean nothing.
    value = _ENCODED_WORD.sub(_without_separators, value[:MAX_LIST])
    mailboxes = _read(value)
    if not mailboxes:
        # A list with stray quotes or unclosed brackets has addresses all the same.
        tokens = _SPECIALS.split(value)
        mailboxes = [Mailbox("", symbol) for symbol in tokens if _is_address(symbol)]
    return mailboxes[:MAX_ADDRESSES]


@dataclass(slots=True)
class _Entry:
    """The parts of the entry that is being read: words and white space, and the angle brackets."""

    texts: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)
    has_angle: bool = False

    def mailbox(self) -> Mailbox | None:
        if self.has_angle:
            address = "".join(self.inside).rpartition(":")[2].strip()
            name = _phrase(self.texts)
        else:
            address, name = _bare(self.texts)
        name = name or " ".join(" ".join(self.comments).split())
        # A quotation that never ends has swallowed what follows it.
        if "@" not in address[1:-1] or ('"' in address and not _QUOTED.fullmatch(address)):
            return None
        return Mailbox(name, address)


def _read(value: str) -> list[Mailbox]:
    mailboxes: list[Mailbox] = []
    entry = _Entry()
    position, is_inside = 0, False
    while position < len(value) and len(mailboxes) < MAX_ADDRESSES:
        match = _SYMBOL.match(value, position)
        symbol = match.group(0) if match else value[position]
        position += len(symbol)
        if symbol == "(":
            comment, position = _comment(value, position)
            entry.comments.append(comment)
        elif symbol == "<":
            is_inside, entry.has_angle = True, True
            entry.inside.clear()
        elif symbol == ">":
            is_inside = False
        elif symbol in ",;" and not (is_inside and symbol == ","):
            _finish(entry, mailboxes)
            entry, is_inside = _Entry(), False
        elif symbol == ":" and not is_inside:
            # The name of a group, or a word in front of an address that nobody needs.
            entry = _Entry()
        elif is_inside:
            entry.inside.append("" if symbol.isspace() else symbol)
        elif not entry.has_angle:
            entry.texts.append(symbol)
    _finish(entry, mailboxes)
    return mailboxes


def _finish(entry: _Entry, mailboxes: list[Mailbox]) -> None:
    mailbox = entry.mailbox()
    if mailbox is not None:
        mailboxes.append(mailbox)


def _comment(value: str, position: int) -> tuple[str, int]:
    """The text of a comment that was just opened, with its inner ones, and where it ends."""
    pieces: list[str] = []
    depth = 1
    while position < len(value):
        match = _COMMENT.match(value, position)
        symbol = match.group(0) if match else value[position]
        position += len(symbol)
        depth += {"(": 1, ")": -1}.get(symbol, 0)
        if depth == 0:
            break
        pieces.append(symbol)
    return _ESCAPED.sub(r"\1", "".join(pieces)), position


def _phrase(symbols: list[str]) -> str:
    """A display name: white space as one space, quotation marks taken off."""
    texts = (" " if symbol.isspace() else _unquoted(symbol) for symbol in symbols)
    return " ".join("".join(texts).split())


def _unquoted(symbol: str) -> str:
    if not symbol.startswith('"'):
        return symbol
    return _ESCAPED.sub(r"\1", symbol[1:].removesuffix('"'))


def _bare(symbols: list[str]) -> tuple[str, str]:
    """The address among symbols without angle brackets, and everything beside it as a name."""
    chunks: list[list[str]] = [[]]
    for symbol in symbols:
        if symbol.isspace():
            chunks.append([])
        else:
            chunks[-1].append(symbol)
    chunks = [chunk for chunk in chunks if chunk]
    texts = ["".join(chunk) for chunk in chunks]
    number = next((n for n, text in enumerate(texts) if "@" in text[1:-1]), None)
    if number is None:
        return "".join(texts), ""
    names = chunks[:number] + chunks[number + 1 :]
    return texts[number], " ".join(_phrase(chunk) for chunk in names)


def _is_address(symbol: str) -> bool:
    return symbol.count("@") == 1 and "@" in symbol[1:-1]


def _without_separators(match: re.Match[str]) -> str:
    encoded = _SEPARATOR.sub(lambda c: f"={ord(c.group()):02X}", match.group(2))
    return f"{match.group(1)}{encoded}{match.group(3)}"
