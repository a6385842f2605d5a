"""Finds the sender's own text in a mail: without quoted text and without a signature.

Works on lines. It knows introductions by their form (a date or an address, a verb of writing, a
colon) in many languages, because the libraries are weak there, and follows the libraries where it
finds none itself. Three rules stand above all others: the result is never empty when there was
text, no answer between quoted lines is lost, and a forwarded mail is content.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hub.connectors.email.quotes import phrases

#: More than this is not searched; a quotation that starts later is shown.
MAX_CHARACTERS = 32_768
MAX_LINE = 1_000
#: The libraries take seconds for thousands of lines.
MAX_LIBRARY_LINES = 1_000
MAX_INTRODUCTION = 500
INTRODUCTION_LINES = 4
MAX_SIGNATURE_LINES = 12

#: Lines that the HTML reader leaves: a quotation starts or ends here, or goes on to the end.
QUOTE_START, QUOTE_END, QUOTE_REST = "\ue001", "\ue002", "\ue003"
LONG_LINE = "\ue004"
PRIVATE = re.compile("[\ue001-\ue004]")

_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_QUOTED = re.compile(r"\s{0,3}>")
_ENDS = re.compile(r"[:：]\s*[*_]{0,2}$")
_VERB = re.compile("(?<!\\w)(?:" + "|".join(map(re.escape, phrases.VERBS)) + ")(?!\\w)", re.I)
_CJK_VERB = re.compile("写道|寫道|のメッセージ|書きました|작성|님이")
_OPENING = re.compile("(?:" + "|".join(phrases.OPENINGS) + ")\\b", re.I)
_DAY = re.compile(
    r"\d{1,4}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{1,4}|(?<!\d)\d{4}(?!\d)|\d{1,2}[:.]\d{2}"
)
_ADDRESS = re.compile(r"[<\[(]\s?(?:mailto:)?[^\s<>@]{1,64}@[^\s<>@]{1,255}")
_BARE_ADDRESS = re.compile(r"[^\s<>@]{1,64}@[^\s<>@]{1,255}")
_FIELD = re.compile(r"[\s>*_]{0,8}([^:：\n]{1,24}?)\s?\*?\s?[:：]\*?")
_RULE = re.compile(r"\s{0,3}[_]{5,}\s*$|\s{0,3}[-]{20,}\s*$")
_MARK = r"[\s>*]{0,6}[-—_=]{2,}\s*(?:%s)\s*[-—_=:]{1,}\s*$|[\s>*]{0,6}(?:%s)\s*[:：]\s*$"


def _mark(names: Sequence[str]) -> re.Pattern[str]:
    joined = "|".join(map(re.escape, names))
    return re.compile(_MARK % (joined, joined), re.I)


_ORIGINAL = _mark(phrases.ORIGINAL)
_FORWARDED = _mark(phrases.FORWARDED)
_ROLES = {
    name: role
    for role, names in (
        ("to", phrases.TO),
        ("date", phrases.DATE),
        ("subject", phrases.SUBJECT),
        ("from", phrases.FROM),
    )
    for name in names
}

#: Takes a text, gives how many of its lines the sender wrote, or None.
Cutter = Callable[[str], int | None]


@dataclass(frozen=True, slots=True)
class Start:
    """Where a quotation starts: its introduction at `line`, the quoted text at `body`."""

    line: int
    body: int
    #: Everything after it is quoted: a block of headers, a mark of a program.
    whole: bool = False


def fold(text: str, subject: str = "", cutter: Cutter | None = None) -> str:
    """The sender's own lines of a text; the whole text where the border is not certain.

    Args:
        text: with `\n` at the ends of its lines.
        subject: tells a forwarded mail.
        cutter: the libraries' opinion, where no introduction is found.
    """
    lines = text.split("\n")
    clean = [_INVISIBLE.sub("", line.replace("\xa0", " ")) for line in lines]
    limit = _line_limit(clean)
    clean = [line if len(line) <= MAX_LINE else LONG_LINE for line in clean]
    written = _own_lines(clean, limit, subject, cutter)
    written = _without_signature(clean, written)
    shown = "\n".join(lines[index] for index in written if clean[index] != QUOTE_REST)
    return _trimmed(shown) or _trimmed(PRIVATE.sub("", text))


def _line_limit(lines: list[str]) -> int:
    size = 0
    for index, line in enumerate(lines):
        size += min(len(line), MAX_LINE) + 1
        if size > MAX_CHARACTERS:
            return index
    return len(lines)


def _own_lines(lines: list[str], limit: int, subject: str, cutter: Cutter | None) -> list[int]:
    all_lines = list(range(len(lines)))
    start = _find_start(lines, limit)
    forward = next((n for n in range(limit) if _FORWARDED.match(lines[n])), None)
    if forward is not None and (start is None or forward <= start.line + 1):
        return all_lines
    if start is not None and start.whole and phrases.FORWARD_PREFIX.match(subject):
        return all_lines
    if start is None and cutter is not None:
        start = _library_start(lines[:limit], cutter)
    if start is None:
        start = _unannounced(lines)
    if start is None:
        return all_lines
    written = list(range(start.line))
    written += [] if start.whole else _answers(lines, start.body)
    return written if any(lines[n].strip() for n in written) else all_lines


def _library_start(lines: list[str], cutter: Cutter) -> Start | None:
    """The place where a library cuts, if the part it cuts off looks like a quotation."""
    # Newsletters have thousands of lines without any sign that would confirm a cut.
    if not any(_ENDS.search(line) or _is_quoted(line) for line in lines):
        return None
    lines = lines[:MAX_LIBRARY_LINES]
    count = cutter("\n".join(lines))
    if count is None or count >= len(lines):
        return None
    after = [n for n in range(count, len(lines)) if lines[n].strip()][:5]
    if not any(_ENDS.search(lines[n]) or _is_quoted(lines[n]) for n in after):
        return None
    if any(_FORWARDED.match(lines[n]) for n in after):
        return None
    quoted = next((n for n in after if _is_quoted(lines[n])), None)
    return Start(count, count if quoted is None else quoted, whole=quoted is None)


# -- where a quotation starts ----------------------------------------------------------------------


def _find_start(lines: list[str], limit: int) -> Start | None:
    for index in range(limit):
        line = lines[index]
        if not line.strip():
            continue
        if line == QUOTE_REST:
            return Start(index, index + 1, whole=True)
        if _ORIGINAL.match(line):
            return Start(index, index + 1, whole=not _quoted_next(lines, index + 1))
        if _is_quoted(line):
            # An introduction inside of a quotation belongs to an older one.
            continue
        if _RULE.match(line) and _is_header_block(lines, index + 1, 2):
            return Start(index, index + 1, whole=True)
        if _is_header_block(lines, index, 3):
            return Start(index, index + 1, whole=True)
        if _ENDS.search(line) and (first := _introduction(lines, index)) is not None:
            return Start(first, index + 1, whole=not _quoted_next(lines, index + 1))
    return None


def _introduction(lines: list[str], last: int) -> int | None:
    """The first line of the introduction that ends at `last`, None when it is none."""
    fallback = None
    for first in range(last, max(-1, last - INTRODUCTION_LINES), -1):
        if not lines[first].strip() or (first < last and _is_quoted(lines[first])):
            break
        joined = " ".join(lines[first : last + 1])
        if len(joined) > MAX_INTRODUCTION:
            break
        if _introduces(joined, _quoted_next(lines, last + 1)):
            if _DAY.search(lines[first]) or _OPENING.match(lines[first].strip()):
                return first
            fallback = first if fallback is None else fallback
    return fallback


def _introduces(text: str, quoted_next: bool) -> bool:
    verb = bool(_VERB.search(text) or _CJK_VERB.search(text) or _OPENING.match(text.strip()))
    day = bool(_DAY.search(text))
    address = bool(_ADDRESS.search(text))
    if address and (verb or day):
        return True
    if verb and day:
        # A sentence of the sender may have a verb of writing and a date, and quote nothing.
        return quoted_next or bool(_BARE_ADDRESS.search(text)) or _is_formal(text)
    return quoted_next and len(text) <= 200 and (verb or day or address)


def _is_formal(text: str) -> bool:
    """Whether the verb stands right before the colon: so a program writes, not a person."""
    bare = _ENDS.sub("", text).rstrip()
    return any(match.end() == len(bare) for match in _VERB.finditer(bare))


def _is_header_block(lines: list[str], index: int, least: int) -> bool:
    """Whether `From: Sent: To: Subject:` stand at this line, in any language."""
    roles: list[str] = []
    named = False
    unknown = 0
    for line in lines[index : index + 12]:
        if not line.strip() or line == QUOTE_REST:
            continue
        match = _FIELD.match(line)
        role = _ROLES.get(match.group(1).strip().lower()) if match else None
        if role is None:
            unknown += 1
            if not roles or unknown > 2:
                break
        else:
            roles.append(role)
            named = named or (role == "from" and "@" in line)
    if not roles or roles[0] not in {"from", "date"}:
        return False
    kinds = set(roles)
    if len(kinds) < least or "from" not in kinds:
        return False
    # A delivery from 10:00 to 12:00 on a date is no header.
    return "subject" in kinds or (named and "date" in kinds)


def _unannounced(lines: list[str]) -> Start | None:
    """Quoted lines without an introduction, at either end of the mail."""
    filled = [n for n, line in enumerate(lines) if line.strip()]
    quoted = [n for n in filled if _is_quoted(lines[n])]
    if not quoted or len(quoted) == len(filled):
        return None
    return Start(quoted[0], quoted[0])


def _is_quoted(line: str) -> bool:
    return bool(_QUOTED.match(line))


def _quoted_next(lines: list[str], index: int) -> bool:
    following = next((line for line in lines[index : index + 4] if line.strip()), "")
    return _is_quoted(following)


# -- answers below and between quoted lines --------------------------------------------------------


def _answers(lines: list[str], body: int) -> list[int]:
    """The sender's lines after a quotation; with the quoted lines where the two alternate."""
    runs = _runs(lines, body)
    answers = [run for run in runs[1:] if not _is_quoted(lines[run[0]])]
    if not answers:
        return []
    if len(answers) == 1 and answers[0] is runs[-1]:
        return list(range(answers[0][0], len(lines)))
    # Alternating: an answer has no meaning without the line it answers.
    return list(range(runs[0][0], answers[-1][-1] + 1))


def _runs(lines: list[str], body: int) -> list[list[int]]:
    """Runs of quoted and of other lines, blank ones left out, signature left out."""
    runs: list[list[int]] = []
    end = _signature_start(lines, body)
    for index in range(body, end):
        if not lines[index].strip():
            continue
        quoted = _is_quoted(lines[index]) or _is_wrapped(lines, index)
        if runs and quoted == (_is_quoted(lines[runs[-1][0]])):
            runs[-1].append(index)
        else:
            runs.append([index])
    return runs


def _is_wrapped(lines: list[str], index: int) -> bool:
    """The end of a quoted line that was broken on its way, and so lost its mark."""
    if not 0 < index < len(lines) - 1 or len(lines[index]) > 40:
        return False
    before, after = lines[index - 1], lines[index + 1]
    return _is_quoted(before) and _is_quoted(after) and len(before) >= 60


# -- signatures ------------------------------------------------------------------------------------


def _without_signature(lines: list[str], written: list[int]) -> list[int]:
    """Without a signature at the end, and without the line that a phone adds."""
    for find in (_dashes, _sent_from, _closing):
        start = find(lines, written)
        if start is not None and any(lines[n].strip() for n in written[:start]):
            written = written[:start]
    return written


def _signature_start(lines: list[str], least: int) -> int:
    return next((n for n in range(least, len(lines)) if lines[n].rstrip() == "--"), len(lines))


def _dashes(lines: list[str], written: list[int]) -> int | None:
    """The line of two hyphens. Source: RFC 3676, 4.3."""
    starts = [at for at, n in enumerate(written) if lines[n].rstrip() == "--"]
    if not starts or _filled(lines, written[starts[-1] :]) > MAX_SIGNATURE_LINES:
        return None
    return starts[-1]


def _sent_from(lines: list[str], written: list[int]) -> int | None:
    filled = [at for at, n in enumerate(written) if lines[n].strip()][-2:]
    for at in filled:
        line = lines[written[at]].strip()
        if len(line) <= 120 and phrases.SENT_FROM.match(line):
            return at
    return None


def _closing(lines: list[str], written: list[int]) -> int | None:
    """A closing formula alone on its line, with nothing but a name and a card after it."""
    filled = [at for at, n in enumerate(written) if lines[n].strip()][-MAX_SIGNATURE_LINES:]
    for at in filled:
        line = lines[written[at]].strip().rstrip(",.!;–—-،:").strip()
        if phrases.CLOSINGS.fullmatch(line):
            below = [lines[n] for n in written[at + 1 :] if lines[n].strip()]
            if all(len(row) <= 80 and not row.rstrip().endswith(("?", "؟")) for row in below):
                return at
    return None


def _filled(lines: list[str], written: list[int]) -> int:
    return sum(1 for n in written if lines[n].strip())


def _trimmed(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip()
