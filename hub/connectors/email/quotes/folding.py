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
from hub.connectors.email.quotes.header_blocks import is_header_block
from hub.connectors.email.quotes.signatures import signature_start, without_signature

#: More than this is not searched; a quotation that starts later is shown.
MAX_CHARACTERS = 32_768
MAX_LINE = 1_000
#: The libraries take seconds for thousands of lines.
MAX_LIBRARY_LINES = 1_000
MAX_INTRODUCTION = 500
INTRODUCTION_LINES = 4

#: Lines that the HTML reader leaves: a quotation starts or ends here, or goes on to the end.
QUOTE_START, QUOTE_END, QUOTE_REST = "\ue001", "\ue002", "\ue003"
LONG_LINE = "\ue004"
PRIVATE = re.compile("[\ue001-\ue004]")

_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_QUOTED = re.compile(r"\s{0,3}>")
#: An introduction ends with a colon; a program that writes dashes around it leaves the colon out.
_ENDS = re.compile(r"[:：]\s*[*_]{0,2}[)\]]?\s*$")
_DASHED = re.compile(r"\s*[-–—]{2,}\s*(\S.*\S)\s*[-–—]{2,}\s*$")
#: A line of dashes with words between them, and one with nothing else.
_TITLE = re.compile(r"[\s>]{0,4}[-–—_=*]{2,}\s*[^\W\d_][^\n]{0,60}?\s*[-–—_=*:]{2,}\s*$")
_DELIMITER = re.compile(r"\s*(?:[-–—_=~#*]{2,}|[ᐧ—])\s*$")
_EMPHASISED = re.compile(r"(\s{0,8})([*_]{1,2})(?=[^\s*_])(.*[^\s*_]\s?)\2\s*$")
_OPEN_ADDRESS = re.compile(r"<\s?(?:mailto:)?[^\s<>@]{1,64}@[^\s<>@]{1,255}$")
_ENDS_SENTENCE = re.compile(r"[^\d\s][.!?。！？]\s*$")
_VERB = re.compile("(?<!\\w)(?:" + "|".join(map(re.escape, phrases.VERBS)) + ")(?!\\w)", re.I)
_CJK_VERB = re.compile("写道|寫道|のメッセージ|書きました|작성|님이")
_OPENING = re.compile("(?:" + "|".join(phrases.OPENINGS) + ")\\b", re.I)
_DAY = re.compile(
    r"\d{1,4}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{1,4}|(?<!\d)\d{4}(?!\d)|\d{1,2}[:.]\d{2}"
)
_ADDRESS = re.compile(r"[<\[(]\s?(?:mailto:)?[^\s<>@]{1,64}@[^\s<>@]{1,255}")
_BARE_ADDRESS = re.compile(r"[^\s<>@]{1,64}@[^\s<>@]{1,255}")
#: An introduction that the quoted text follows on the same line, as Yahoo's phones write it.
_INLINE = re.compile(r"\s{0,8}(\S.{10,300}?[:：])\s{2,}\S")
_TIME = re.compile(r"\d{1,2}\s?[:.h]\s?\d{2}(?!\d)")
_RULE = re.compile(r"\s{0,3}[_]{5,}\s*$|\s{0,3}[-]{20,}\s*$")
_MARK = r"[\s>*]{0,6}[-—_=]{2,}\s*(?:%s)\s*[-—_=:]{1,}\s*$|[\s>*]{0,6}(?:%s)\s*[:：]\s*$"


def _mark(names: Sequence[str]) -> re.Pattern[str]:
    joined = "|".join(map(re.escape, names))
    return re.compile(_MARK % (joined, joined), re.I)


_ORIGINAL = _mark(phrases.ORIGINAL)
_FORWARDED = _mark(phrases.FORWARDED)
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
    clean = [_plain(line, before) for line, before in zip(clean, ["", *clean], strict=False)]
    written = _own_lines(clean, limit, subject, cutter)
    written = _without_delimiters(clean, without_signature(clean, written))
    shown = "\n".join(lines[index] for index in written if clean[index] != QUOTE_REST)
    return _trimmed(shown) or _trimmed(PRIVATE.sub("", text))


def _plain(line: str, before: str) -> str:
    """A line without emphasis around it, and without the bracket that ends the address before it.

    A line that begins with such a bracket only looks quoted.
    """
    if line.lstrip().startswith(">") and _OPEN_ADDRESS.search(before):
        return line.lstrip()[1:]
    match = _EMPHASISED.match(line)
    return match.group(1) + match.group(3) if match else line


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
        if _RULE.match(line) and is_header_block(lines, index + 1, 2):
            return Start(index, index + 1, whole=True)
        if _TITLE.match(line) and is_header_block(lines, index + 1, 2):
            return Start(index, index + 1, whole=not _FORWARDED.match(line))
        if is_header_block(lines, index, 3):
            return Start(index, index + 1, whole=True)
        inline = _INLINE.match(line)
        if inline is not None and _signs(inline.group(1)) == 3:
            return Start(index, index + 1, whole=True)
        if (first := _introduction(lines, index)) is not None:
            return Start(first, index + 1, whole=not _quoted_next(lines, index + 1))
    return None


def _introduction(lines: list[str], last: int) -> int | None:
    """The first line of the introduction that ends at `last`, None when it is none.

    Lines above belong to it as long as they add one of its signs: a verb, a date, an address.
    """
    dashed = _DASHED.match(lines[last])
    has_end = bool(_ENDS.search(lines[last]) or dashed)
    if not has_end and not _may_end(lines[last]):
        return None
    is_quoted = _quoted_next(lines, last + 1)
    best, first_line = 0, None
    for first in range(last, max(-1, last - INTRODUCTION_LINES), -1):
        line = lines[first]
        if not line.strip() or (first < last and (_is_quoted(line) or _ENDS_SENTENCE.search(line))):
            break
        joined = dashed.group(1) if dashed else " ".join(lines[first : last + 1])
        if len(joined) > MAX_INTRODUCTION:
            break
        signs = _signs(joined)
        if signs > best and (_introduces(joined, is_quoted) if has_end else _is_complete(joined)):
            best, first_line = signs, first
        if signs == 3 or dashed:
            break
    return first_line


def _may_end(line: str) -> bool:
    """Whether an introduction that has lost its colon may end here: at its verb or its address."""
    bare = line.rstrip()
    if bare.endswith((">", "]", ")")):
        return "@" in bare
    return len(bare) <= 200 and any(match.end() == len(bare) for match in _VERB.finditer(bare))


def _signs(text: str) -> int:
    verb = _VERB.search(text) or _CJK_VERB.search(text) or _OPENING.match(text.strip())
    return bool(verb) + bool(_DAY.search(text)) + bool(_ADDRESS.search(text))


def _is_complete(text: str) -> bool:
    """Whether a text without a colon has all that an introduction has, and a time."""
    return _signs(text) == 3 and bool(_TIME.search(text)) and len(text) <= 300


def _introduces(text: str, quoted_next: bool) -> bool:
    verb = bool(_VERB.search(text) or _CJK_VERB.search(text) or _OPENING.match(text.strip()))
    day = bool(_DAY.search(text))
    address = bool(_ADDRESS.search(text))
    if address and (verb or day):
        return True
    if verb and day:
        # A sentence of the sender may have a verb of writing and a date, and quote nothing.
        is_opened = bool(_OPENING.match(text.strip()))
        return quoted_next or is_opened or bool(_BARE_ADDRESS.search(text)) or _is_formal(text)
    return quoted_next and len(text) <= 200 and (verb or day or address)


def _is_formal(text: str) -> bool:
    """Whether the verb stands right before the colon: so a program writes, not a person."""
    bare = _ENDS.sub("", text).rstrip()
    return any(match.end() == len(bare) for match in _VERB.finditer(bare))


def _unannounced(lines: list[str]) -> Start | None:
    """Quoted lines without an introduction, at either end of the mail."""
    filled = [n for n, line in enumerate(lines) if line.strip()]
    quoted = [n for n in filled if _is_quoted(lines[n]) and not _is_within(lines, n)]
    if not quoted or len(quoted) == len(filled):
        return None
    return Start(quoted[0], quoted[0])


def _is_within(lines: list[str], index: int) -> bool:
    """Whether a quoted line stands alone right between lines of the sender, as a sample does."""
    if not 0 < index < len(lines) - 1:
        return False
    around = (lines[index - 1], lines[index + 1])
    return all(line.strip() and not _is_quoted(line) for line in around)


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
    end = signature_start(lines, body)
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


def _without_delimiters(lines: list[str], written: list[int]) -> list[int]:
    """Without the lines of dashes that stood before what was cut off."""
    end = len(written)
    while end and (
        not lines[written[end - 1]].strip() or _DELIMITER.match(lines[written[end - 1]])
    ):
        end -= 1
    return written[:end] if end and written[-1] < len(lines) - 1 else written


def _trimmed(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip()
