"""The process that reads HTML and folds quotes, because it can be killed.

The libraries' patterns take minutes on hostile text, and nothing in Python interrupts a pattern.
So they run here: every request has a budget of processor time, after which the kernel ends the
process; the hub then shows the mail as it is and starts a new one. It is processor time, not time
on the clock, so that a busy machine does not change the result.

Reads one JSON object a line, writes one JSON string a line, starting with `ready`.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import sys
from types import ModuleType
from typing import Any

from hub.connectors.email.quotes.folding import (
    PRIVATE,
    QUOTE_END,
    QUOTE_REST,
    QUOTE_START,
    fold,
)

FOLD_SECONDS = 0.25
READ_SECONDS = 1.0
IDLE_SECONDS = 300.0
MAX_MEMORY = 1024 * 1024 * 1024
MAX_WIDTH = 100_000


def main() -> None:
    """Serves until the pipe closes or no request has come for `IDLE_SECONDS`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    # Output of a library must not look like an answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    requests = os.fdopen(0, "rb", buffering=0)
    # The first request must not pay for imports and for compiling patterns.
    libraries_cut("Warm\n\nup")
    html_to_text("<p>up</p>")
    _say(answers, "ready")
    pending = b""
    while True:
        while b"\n" not in pending:
            if not select.select([requests], [], [], IDLE_SECONDS)[0]:
                return
            data = requests.read(1 << 16)
            if not data:
                return
            pending += data
        line, _, pending = pending.partition(b"\n")
        _say(answers, serve_one(json.loads(line)))


def serve_one(request: dict[str, Any]) -> str:
    """`fold`: the sender's part of a text. `read`: the text of HTML, quotations marked."""
    reads = request["op"] == "read"
    signal.setitimer(signal.ITIMER_PROF, READ_SECONDS if reads else FOLD_SECONDS)
    try:
        if reads:
            return html_to_text(request["html"])
        return fold(request["text"], request.get("subject", ""), libraries_cut)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _say(answers: Any, text: str) -> None:
    answers.write(json.dumps(text) + "\n")
    answers.flush()


# -- the libraries ---------------------------------------------------------------------------------


def libraries_cut(text: str) -> int | None:
    """The number of lines that quotequail, unquotemail and mail-parser-reply leave, in this order.

    A stage that leaves no text, or takes lines out of the middle, is skipped. None where no stage
    cuts a line.
    """
    lines = text.split("\n")
    count = len(lines)
    for stage in (_quotequail, _unquotemail, _mail_parser_reply):
        count = _lines_left(lines[:count], stage("\n".join(lines[:count]))) or count
    return count if count < len(lines) else None


def _lines_left(lines: list[str], text: str) -> int | None:
    """How many of the lines make up a text that a stage left; None if they do not."""
    target = "".join(text.split())
    joined = ""
    for index, line in enumerate(lines):
        if len(joined) >= len(target):
            return index if target and joined == target else None
        joined += "".join(line.split())
        if not target.startswith(joined):
            return None
    return None


def _quotequail(text: str) -> str:
    import quotequail

    pieces = quotequail.quote(text, limit=100_000, quote_intro_line=True)
    return "".join(piece for shown, piece in pieces if shown)


def _unquotemail(text: str) -> str:
    # It imports a reader of HTML whose licence is not ours; its text path never calls it.
    sys.modules.setdefault("html2text", ModuleType("html2text"))
    from unquotemail import Unquote

    return str(Unquote(None, text).get_text()) if text.strip() else ""


def _mail_parser_reply(text: str) -> str:
    from mailparser_reply.constants import MAIL_LANGUAGES
    from mailparser_reply.parser import EmailMessage

    mail = EmailMessage(
        text=text,
        languages=[language for language in MAIL_LANGUAGES if language != "david"],
        keep_hyphen_lists=True,
    ).read()
    # Signatures are not taken from it: "Tak" at the start of a Danish closing is "Yes" in Polish.
    return str(mail.replies[0].full_body) if mail.replies else ""


# -- HTML ------------------------------------------------------------------------------------------

#: The elements with which programs mark quoted text that goes on to the end of the mail.
REST_MARKS = (
    '//*[@id="divRplyFwdMsg" or @id="x_divRplyFwdMsg"]',
    '//*[@id="OLK_SRC_BODY_SECTION"]',
    '//*[@id="mail-editor-reference-message-container"]',
    '//*[@id="appendonsend"]/following::hr[1]',
    '//hr[@id="stopSpelling"]',
    '//*[contains(concat(" ", @class, " "), " yahoo_quoted ")]',
    '//*[contains(concat(" ", @class, " "), " protonmail_quote ")]',
    '//*[contains(concat(" ", @class, " "), " zmail_extra ")]',
    '//*[contains(concat(" ", @class, " "), " freshdesk_quote ")]',
    '//*[contains(concat(" ", @class, " "), " front-blockquote ")]',
    '//div[starts-with(translate(@style, " ", ""), "border:none;border-top:solid")]',
    '//*[@name="messageReplySection"]',
    '//*[@name="quote" and starts-with(translate(@style, " ", ""), "margin:10px5px5px10px")]',
)
CITED = "//blockquote[@type='cite' or contains(@class, 'gmail_quote') or contains(@class, 'quote')]"


def html_to_text(html: str) -> str:
    """The text of a page, `> ` before quoted lines and a mark where all below is quoted."""
    import lxml.html  # type: ignore[import-untyped]
    from inscriptis import Inscriptis
    from inscriptis.css_profiles import STRICT_CSS_PROFILE
    from inscriptis.html_properties import Display
    from inscriptis.model.config import ParserConfig
    from inscriptis.model.html_element import HtmlElement

    html = PRIVATE.sub("", html)
    if not html.strip():
        return ""
    # A declaration of encoding in a string is an error to lxml.
    if html.lstrip().startswith("<?"):
        html = html[html.find("?>") + 2 :]
    page = lxml.html.document_fromstring(html)
    for query in REST_MARKS:
        for element in page.xpath(query)[:1]:
            _insert(element, QUOTE_REST, inside=False)
    for element in page.xpath(CITED):
        _insert(element, QUOTE_START, inside=False)
        _insert(element, QUOTE_END, inside=True)
    # Programs indent what they cite; here the mark says it.
    style = {**STRICT_CSS_PROFILE, "blockquote": HtmlElement(display=Display.block)}
    config = ParserConfig(css=style, display_links=False)
    return _with_marks(Inscriptis(page, config).get_text())


def _insert(element: Any, mark: str, *, inside: bool) -> None:
    line = element.makeelement("div")
    line.text = mark
    if inside:
        element.append(line)
    elif element.getparent() is not None:
        element.addprevious(line)


def _with_marks(text: str) -> str:
    lines: list[str] = []
    depth = 0
    for line in text.split("\n"):
        match line.strip():
            case "\ue001":
                depth += 1
            case "\ue002":
                while lines and depth and lines[-1] and not lines[-1].strip("> "):
                    lines.pop()
                depth = max(0, depth - 1)
            case "\ue003":
                lines.append(QUOTE_REST)
            case "" if depth and not (lines and lines[-1].startswith(">")):
                continue
            case content:
                lines.append("> " * min(depth, 9) + content[:MAX_WIDTH] if depth else line.rstrip())
    # Pages have margins around everything; more than one blank line says nothing.
    return "\n".join(
        line
        for before, line in zip(["", *lines], lines, strict=False)
        if line.strip("> ") or before.strip("> ")
    ).strip("\n")


if __name__ == "__main__":
    main()
