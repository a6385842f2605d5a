"""parse_mode HTML as the Bot API parses it: few tags, all other markup refused.

Source: https://core.telegram.org/bots/api#html-style
"""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from hub.sandbox.telegram.updates import BotApiError

TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-spoiler": "spoiler",
}


def utf16_length(text: str) -> int:
    """Returns the length in UTF-16 code units, as Telegram counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def parse_text(text: str, parse_mode: str, entities: Any) -> tuple[str, list[dict[str, Any]]]:
    """Returns the text as shown and its entities. Raises BotApiError 400 for broken markup."""
    if parse_mode:
        if parse_mode.lower() != "html":
            raise BotApiError(400, f"Bad Request: unsupported parse_mode here: {parse_mode}")
        parser = _HtmlParser()
        parser.feed(text)
        parser.close()
        if parser.open:
            raise _parse_error(
                f'Can\'t find end tag corresponding to start tag "{parser.open[-1]}"'
            )
        return parser.text.strip(), parser.entities
    shown_text = text.strip()
    for entity in entities or []:
        end = int(entity.get("offset", -1)) + int(entity.get("length", 0))
        if entity.get("offset", -1) < 0 or end > utf16_length(text):
            raise BotApiError(400, "Bad Request: can't parse entities: entity is out of the text")
    return shown_text, list(entities or [])


class _HtmlParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.open: list[str] = []
        self.entities: list[dict[str, Any]] = []
        self._starts: list[tuple[int, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            raise _parse_error(f'Unsupported start tag "{tag}"')
        self.open.append(tag)
        self._starts.append((utf16_length(self.text), dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise _parse_error(f'Unexpected end tag "{tag}"')
        start, attributes = self._starts.pop()
        entity = {
            "type": TAGS[tag],
            "offset": start,
            "length": utf16_length(self.text) - start,
        }
        if tag == "a":
            entity["url"] = attributes.get("href")
        self.entities.append(entity)

    def handle_data(self, data: str) -> None:
        self.text += data


def _parse_error(reason: str) -> BotApiError:
    return BotApiError(400, f"Bad Request: can't parse entities: {reason}")
