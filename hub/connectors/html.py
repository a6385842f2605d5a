"""Cleans HTML of strangers until it is safe to show, and turns text into HTML and back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape, unescape
from html.entities import html5
from urllib.parse import unquote

TAGS = {
    "a", "abbr", "b", "bdi", "bdo", "big", "blockquote", "br", "caption", "center", "cite", "code",
    "col", "colgroup", "dd", "del", "details", "div", "dl", "dt", "em", "figcaption", "figure",
    "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "mark", "ol",
    "p", "pre", "q", "s", "small", "span", "strike", "strong", "sub", "summary", "sup", "table",
    "tbody", "td", "tfoot", "th", "thead", "time", "tr", "tt", "u", "ul", "wbr",
}  # fmt: skip
_BOX = {"align", "valign", "width", "height", "bgcolor"}
ATTRIBUTES = {
    "*": {"dir", "lang", "title", "style"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height", "align"},
    "table": _BOX | {"border", "cellpadding", "cellspacing"},
    "tr": _BOX,
    "td": _BOX | {"colspan", "rowspan"},
    "th": _BOX | {"colspan", "rowspan"},
    "col": {"span", "width"},
    "font": {"color", "face", "size"},
    "div": {"align", "bgcolor"},
    "p": {"align"},
    "ol": {"start", "type"},
    "blockquote": {"type"},
}
#: Properties that cannot load from the network, leave their place or cover the page. `background`
#: is let through to `_safe_style`, which keeps its colour alone.
STYLES = {
    "color", "background", "background-color", "font-family", "font-size", "font-style",
    "font-weight",
    "text-align", "text-decoration", "text-indent", "vertical-align", "white-space", "direction",
    "unicode-bidi", "line-height", "padding", "padding-left", "padding-right", "padding-top",
    "padding-bottom", "margin-left", "margin-right", "border", "border-left", "border-right",
    "border-top", "border-bottom", "border-collapse", "width", "height", "max-width",
}  # fmt: skip
#: nh3 compares names as they are written, and old mail programs write them in capitals.
_STYLE_NAMES = STYLES | {spell(name) for name in STYLES for spell in (str.upper, str.title)}
SCHEMES = {"http", "https", "mailto", "tel", "cid"}
#: Elements that are removed with their content; of other unknown elements the text stays.
WITH_CONTENT = {"script", "style", "title", "noscript", "template", "object", "iframe", "textarea"}

#: Elements without an end. Nested elements cost a reader of HTML their depth, squared.
VOID = {"br", "hr", "img", "input", "meta", "link", "col", "wbr", "area", "base", "source"}
MAX_DEPTH = 500
#: Elements that a reader opens anew in each block. Source: HTML standard, 13.2.4.3.
FORMATS = {
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
}  # fmt: skip
MAX_ATTRIBUTES = 1_000
#: Character references that are left for nh3.
MAX_REFERENCES = 30_000
#: Characters of a page that are cleaned.
MAX_LENGTH = 1_000_000
CELLS = {"td", "th", "caption"}
#: Elements that end where the next of their kind begins, and so nest only within others.
SELF_ENDING = {"p", "li", "dd", "dt", "tr", "td", "th", "thead", "tbody", "tfoot", "option"}
#: Characters of formatting elements that a reader may copy, beside the length of the page.
MAX_COPIED = 1_000_000

# The form in which nh3 writes: names in lower case, values in double quotes with none inside.
_IMAGE = re.compile(r'<img((?: [a-z-]+="[^"]*")*)>')
_SOURCE = re.compile(r' src="([^"]*)"')
_CONTENT_ID = re.compile(r' src="cid:([^"]*)"')
_STYLE = re.compile(r' style="([^"]*)"')
_BODY = re.compile(r"<(/?)body(?=[\s>/])", re.I)
_COLOURED_BODY = re.compile(r"<body\s[^<>]{0,2000}?(?:bgcolor|style)\s{0,8}=", re.I)
# Each alternative begins with another character: linear.
_ONE_DECLARATION = r"""(?:[^;"'\\()]|"[^"\\]*"|'[^'\\]*'|\((?:[^"'\\()]|"[^"\\]*"|'[^'\\]*')*\))+"""
_DECLARATION = re.compile(_ONE_DECLARATION)
_DECLARATIONS = re.compile(rf"{_ONE_DECLARATION}(?:;+{_ONE_DECLARATION})*;*")
#: A colour in the value of `background`. Source: CSS Color 4; the names that mails use.
_COLOUR = re.compile(
    r"#[0-9a-f]{8}\b|#[0-9a-f]{6}\b|#[0-9a-f]{3,4}\b|(?:rgb|hsl)a?\([0-9a-z.,%/\s]{1,60}\)"
    r"|(?<![\w-])(?:transparent|white|black|silver|gray|grey|red|maroon|yellow|olive|lime|green|aqua"
    r"|cyan|teal|blue|navy|fuchsia|magenta|purple|orange|pink|brown|gold|beige|ivory|crimson|tomato"
    r"|coral|salmon|khaki|indigo|violet|orchid|lavender|turquoise|chocolate|tan|wheat|snow|linen"
    r"|(?:dark|light|medium)(?:blue|green|gray|grey|red|cyan|orange|violet|salmon|yellow|pink)"
    r"|whitesmoke|gainsboro|aliceblue|ghostwhite|floralwhite|dimgray|dimgrey|slategray|royalblue"
    r"|steelblue|skyblue|deepskyblue|dodgerblue|cornflowerblue|midnightblue|seagreen|forestgreen"
    r"|firebrick|orangered|hotpink|deeppink)(?![\w-])",
    re.I,
)
_LINK = re.compile(r"https?://[^\s<>\"'`]{1,2000}")
_NAMED = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")
_TAG = re.compile(r"<[!/a-zA-Z?][^<>]{0,5000}>?")
_REFERENCE = re.compile(r"&(#[0-9]{1,7};?|#[xX][0-9a-fA-F]{1,6};?|[a-zA-Z][a-zA-Z0-9]{1,31};?)?")
# A quotation that never ends goes to the end, and nothing is given back: linear.
_WHOLE_TAG = re.compile(r"""<[a-zA-Z](?:[^>"']++|"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))*+""")
_LONG_NUMBER = re.compile(r"&#[xX]?[0-9a-fA-F]{8,};?")
_BREAKS = re.compile(r"<(?:br|/p|/div|/tr|/li|/h[1-6]|/blockquote)\b[^>]{0,200}>", re.I)


def clean_html(html: str, cid_urls: Mapping[str, str]) -> str:
    """HTML of a mail without anything that runs, loads or posts.

    Pictures that came with the mail point at the hub's copies; remote pictures do not load and
    keep their address in `data-remote-src`, for an agent who asks to see them. The result is to be
    shown in a sandboxed frame all the same.

    Args:
        html: as it came.
        cid_urls: the URL of the hub's copy, by the content id of an attachment.
    """
    return place_pictures(clean_markup(html), cid_urls)


def clean_markup(html: str) -> str:
    """As `clean_html`, with the pictures of the mail still named by their content ids.

    Hostile HTML can take any amount of time and memory here, so it is called in a worker process.
    """
    page = _with_few_references(html)
    if page.count("&") > MAX_REFERENCES or is_too_costly(page):
        return text_to_html(plain_text(html))
    import nh3  # only the processes that clean pay for it

    if _COLOURED_BODY.search(page):
        # A page's body is lost in a part of a page, and its colours with it.
        page = _BODY.sub(r"<\1div", page)
    cleaned = nh3.clean(
        page,
        tags=TAGS,
        clean_content_tags=WITH_CONTENT,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        url_relative="deny",
        filter_style_properties=_STYLE_NAMES,
        set_tag_attribute_values={"a": {"target": "_blank"}},
        link_rel="noopener noreferrer nofollow",
    )
    styled = _STYLE.sub(lambda match: _safe_style(match.group(1)), cleaned)
    return _IMAGE.sub(lambda match: _without_remote_source(match.group(1)), styled)


def _safe_style(attribute: str) -> str:
    """A style attribute whose background is a colour and nothing that loads.

    A style that does not read as a list of declarations goes as a whole: to take a part out of it
    could turn its quotations inside out. Where a background was only a picture, the colour of the
    text goes with it, because it was chosen to be read on that picture.
    """
    style = unescape(attribute)
    if "background" not in style.lower():
        return f' style="{attribute}"'
    if not _DECLARATIONS.fullmatch(style):
        return ""
    declarations: list[tuple[str, str]] = []
    lost_background = False
    for declaration in _DECLARATION.findall(style):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name.lower() != "background":
            declarations.append((name, value))
            continue
        colour = _COLOUR.search(value)
        if colour is not None:
            declarations.append(("background-color", colour.group(0)))
        lost_background = colour is None and "(" in value
    text = ";".join(
        f"{name}:{value}"
        for name, value in declarations
        if name and not (lost_background and name.lower() == "color")
    )
    return f' style="{escape(text)}"' if text else ""


def _with_few_references(html: str) -> str:
    """HTML with characters for the references that stand for one beyond ASCII.

    The others are closed, and an ampersand that begins none is escaped: a reader of HTML takes
    quadratic time for many references in one text, and goes back over its input after a false one.
    """
    return _REFERENCE.sub(_short_reference, html)


def _short_reference(match: re.Match[str]) -> str:
    name = match.group(1) or ""
    # In a URL, `&copy=1` is a field; without its semicolon a name counts in text alone.
    if not name or (name[-1] != ";" and match.string.startswith("=", match.end())):
        return f"&amp;{name}"
    closed = f"&{name.rstrip(';')};"
    character = unescape(closed) if name.startswith("#") or name in html5 else ""
    if not character:
        return f"&amp;{name}"
    return character if character > "\xa0" else closed


def place_pictures(cleaned: str, cid_urls: Mapping[str, str]) -> str:
    """Cleaned HTML in which the pictures of the mail point at the hub's copies. Linear.

    Args:
        cleaned: as `clean_markup` returns it.
        cid_urls: the URL of the hub's copy, by the content id of an attachment.
    """
    if "cid:" not in cleaned:
        return cleaned
    return _IMAGE.sub(lambda match: _image(match.group(1), cid_urls), cleaned)


def _without_remote_source(attributes: str) -> str:
    match = _SOURCE.search(attributes)
    source = unescape(match.group(1)).strip() if match else ""
    kept_attributes = _SOURCE.sub("", attributes)
    scheme, _, path = source.partition(":")
    if scheme.lower() == "cid":
        return f'<img{kept_attributes} src="cid:{escape(path)}">'
    if scheme.lower() in {"http", "https"}:
        return f'<img{kept_attributes} data-remote-src="{escape(source)}">'
    return f"<img{kept_attributes}>"


def _image(attributes: str, cid_urls: Mapping[str, str]) -> str:
    match = _CONTENT_ID.search(attributes)
    if match is None:
        return f"<img{attributes}>"
    content_id = unescape(match.group(1))
    url = cid_urls.get(content_id) or cid_urls.get(unquote(content_id))
    kept_attributes = _CONTENT_ID.sub("", attributes)
    return f'<img{kept_attributes} src="{escape(url)}">' if url else f"<img{kept_attributes}>"


def text_to_html(text: str) -> str:
    """A text as simple HTML: paragraphs, line ends, links; each paragraph has its own direction."""
    paragraphs = re.split(r"\n[ \t]*\n+", text.strip("\n"))
    return "\n".join(f'<p dir="auto">{_lines(paragraph)}</p>' for paragraph in paragraphs)


def _lines(text: str) -> str:
    pieces: list[str] = []
    position = 0
    for match in _LINK.finditer(text):
        url = match.group(0).rstrip(".,;:!?)]}»”’،؟")
        pieces.append(escape(text[position : match.start()]))
        pieces.append(f'<a href="{escape(url)}">{escape(url)}</a>')
        position = match.start() + len(url)
    pieces.append(escape(text[position:]))
    return "".join(pieces).replace("\n", "<br>\n")


def plain_text(html: str) -> str:
    """The text of a page without any layout, for pages that better readers cannot read.

    Takes time in proportion to the length of the page, also for hostile pages.
    """
    text = _TAG.sub("", _BREAKS.sub("\n", _without(html, WITH_CONTENT)))
    # Python refuses to read a number of thousands of digits.
    text = unescape(_LONG_NUMBER.sub("\ufffd", text))
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _without(html: str, names: set[str]) -> str:
    """Without these elements and their content; an element that never ends goes to the end."""
    pieces: list[str] = []
    position, until = 0, ""
    for tag in _NAMED.finditer(html):
        name = tag.group(2).lower()
        if not until and name in names and not tag.group(1):
            pieces.append(html[position : tag.start()])
            until = name
        elif until == name and tag.group(1):
            position, until = tag.start(), ""
    return "".join([*pieces, "" if until else html[position:]])


def is_too_costly(html: str) -> bool:
    """Whether a reader of HTML would take time or memory out of proportion to the page.

    A reader compares each attribute of a tag with all before it, nests as deep as the page does,
    and opens every formatting element that was not closed anew in each block (HTML standard,
    13.2.4.3), so that a page grows by their size times the number of tags.
    """
    if any(len(tag.group().split(None, MAX_ATTRIBUTES)) > MAX_ATTRIBUTES for tag in _long(html)):
        return True
    depth = copied = 0
    formats = _OpenFormats()
    for name, is_end, size in _tags(html):
        if name in FORMATS:
            formats.end(name) if is_end else formats.begin(name, size)
        else:
            formats.pass_cell(name, is_end)
            copied += formats.size
            if name not in SELF_ENDING:
                depth = max(0, depth + (-1 if is_end else 1))
        if depth + formats.count > MAX_DEPTH or copied > MAX_COPIED + len(html):
            return True
    return False


class _OpenFormats:
    """The formatting elements that a reader would open anew: their number, and their length in all.

    An end tag within a cell of a table ends no element from outside of it, and the end of a cell
    ends all within it. Source: HTML standard, 13.2.4.3 (markers).
    """

    def __init__(self) -> None:
        self.count = 0
        self.size = 0
        self._cell = 0
        self._cells_before_table: list[int] = []
        #: The cell and the length of each open element, by name.
        self._open: dict[str, list[tuple[int, int]]] = {}

    def begin(self, name: str, size: int) -> None:
        self._open.setdefault(name, []).append((self._cell, size))
        self.size += size
        self.count += 1

    def end(self, name: str) -> None:
        elements = self._open.get(name)
        if elements and elements[-1][0] >= self._cell:
            self._close(elements)

    def pass_cell(self, name: str, is_end: bool) -> None:
        """Notes the beginning or the end of a table or of a cell; any other tag changes nothing."""
        if name == "table":
            if not is_end:
                self._cells_before_table.append(self._cell)
            elif self._cells_before_table:
                self._leave(self._cells_before_table.pop())
        elif name in CELLS and self._cells_before_table:
            # A cell that begins ends the one before it in the same table.
            self._leave(self._cells_before_table[-1])
            self._cell += 0 if is_end else 1

    def _leave(self, cell: int) -> None:
        if cell == self._cell:
            return
        self._cell = cell
        for elements in self._open.values():
            while elements and elements[-1][0] > cell:
                self._close(elements)

    def _close(self, elements: list[tuple[int, int]]) -> None:
        self.size -= elements.pop()[1]
        self.count -= 1


def _long(html: str) -> Iterator[re.Match[str]]:
    """The tags that are long enough to have too many attributes."""
    return (tag for tag in _WHOLE_TAG.finditer(html) if len(tag.group()) > 2 * MAX_ATTRIBUTES)


def _tags(html: str) -> Iterator[tuple[str, bool, int]]:
    """The name of each tag, whether it ends its element, and its distance to the next tag."""
    tags = _NAMED.finditer(html)
    tag = next(tags, None)
    while tag is not None:
        following = next(tags, None)
        name = tag.group(2).lower()
        if name not in VOID:
            end = following.start() if following else len(html)
            yield name, bool(tag.group(1)), end - tag.start()
        tag = following
