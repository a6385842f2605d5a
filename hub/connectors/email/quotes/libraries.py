"""Three libraries that find where quoted text begins.

Their patterns take minutes on hostile text, so they run in a worker process only.
"""

from __future__ import annotations

import sys
from types import ModuleType


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
