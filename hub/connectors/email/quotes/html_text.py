"""The text of a mail that has only HTML, with marks where quoted text begins and ends.

lxml and inscriptis take long on hostile pages, so they run in a worker process only.
"""

from __future__ import annotations

from typing import Any

from hub.connectors.email.quotes.folding import PRIVATE, QUOTE_END, QUOTE_REST, QUOTE_START
from hub.connectors.email.quotes.header_blocks import role_of

MAX_WIDTH = 100_000
#: Longer pages are read as plain text.
MAX_PAGE = 300_000
MAX_BORDERS = 50
#: Characters in which the first label of a block of headers stands.
MAX_LABEL = 200

#: The elements with which programs mark quoted text that goes on to the end of the mail.
REST_MARKS = (
    '//*[@id="divRplyFwdMsg" or @id="x_divRplyFwdMsg"]',
    '//*[@id="OLK_SRC_BODY_SECTION"]',
    '//*[@id="mail-editor-reference-message-container"]',
    '(//*[@id="appendonsend"])[1]/following::hr[1]',
    '//hr[@id="stopSpelling"]',
    '//*[contains(concat(" ", @class, " "), " yahoo_quoted ")]',
    '//*[contains(concat(" ", @class, " "), " protonmail_quote ")]',
    '//*[contains(concat(" ", @class, " "), " zmail_extra ")]',
    '//*[contains(concat(" ", @class, " "), " freshdesk_quote ")]',
    '//*[contains(concat(" ", @class, " "), " front-blockquote ")]',
    '//*[@name="messageReplySection"]',
    '//*[@name="quote" and starts-with(translate(@style, " ", ""), "margin:10px5px5px10px")]',
)
#: A border above a paragraph may be drawn by the sender: a block of headers must be in it.
BORDERS = '//div[starts-with(translate(@style, " ", ""), "border:none;border-top:solid")]'
CITED = "//blockquote[@type='cite' or contains(@class, 'gmail_quote') or contains(@class, 'quote')]"


def html_to_text(html: str) -> str:
    """The text of a page, `> ` before quoted lines and a mark where all below is quoted."""
    import lxml.etree  # type: ignore[import-untyped]
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
    try:
        page = lxml.html.document_fromstring(html)
    except lxml.etree.ParserError:
        return ""  # nothing but comments
    for query in REST_MARKS:
        for element in page.xpath(query)[:1]:
            _insert(element, QUOTE_REST, inside=False)
    for element in page.xpath(BORDERS)[:MAX_BORDERS]:
        if role_of(element.text_content()[:MAX_LABEL].strip()) == "from":
            _insert(element, QUOTE_REST, inside=False)
            break
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
