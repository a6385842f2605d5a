"""What a message of Messenger shows, and where its sender came from.

Source: https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messages
"""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from pydantic import ValidationError

from hub.connectors.messenger.payloads import (
    Enclosure,
    Message,
    Payload,
    Referral,
    TemplateButton,
)
from hub.types import Attachment, Location, Medium, MessageOrigin

#: Voice notes come as `audio`, and nothing tells them from songs.
MEDIA = {
    "image": Medium.IMAGE,
    "audio": Medium.AUDIO,
    "video": Medium.VIDEO,
    "file": Medium.FILE,
}


def origin_of_message(message: Message) -> MessageOrigin | None:
    """The story or the product that a message is about, or what led its sender here."""
    story = message.reply_to.story if message.reply_to else None
    if story is not None:
        return MessageOrigin("story", ref=story.id, url=story.url)
    for item in message.attachments or ():
        product = (_enclosure(item).payload or Payload()).product
        if product is not None and product.elements:
            element = product.elements[0]
            reference = element.retailer_id or element.id
            return MessageOrigin("product", element.title, reference, element.url)
    return origin_of(message.referral)


def origin_of(referral: Referral | None) -> MessageOrigin | None:
    """The ad, the product or the link that led a customer here."""
    if referral is None:
        return None
    ad = referral.ads_context_data
    if referral.source == "ADS" or referral.ad_id or ad is not None:
        title, post = (ad.ad_title, ad.post_id) if ad is not None else ("", "")
        url = f"https://www.facebook.com/{post}" if post else ""
        return MessageOrigin("ad", title, referral.ref or referral.ad_id, url)
    if referral.product is not None and referral.product.id:
        return MessageOrigin("product", ref=referral.product.id, url=referral.referer_uri)
    if referral.ref or referral.referer_uri:
        return MessageOrigin("link", ref=referral.ref or "", url=referral.referer_uri)
    return None


def content_of(message: Message) -> tuple[str, tuple[Attachment, ...], Location | None]:
    """Text, files and location. Any other content becomes a line of text, so that none is lost."""
    lines = [message.text] if message.text else []
    files: list[Attachment] = []
    location = None
    # Meta repeats a shared link that stands in the text, and the first card's title.
    lines_shown = {
        line_or_link for text in lines for line_or_link in (*text.split(), *text.split("\n"))
    }
    for item in message.attachments or ():
        enclosure = _enclosure(item)
        payload = enclosure.payload or Payload()
        if enclosure.type in MEDIA and payload.url:
            files.append(_file(enclosure.type, payload))
        elif payload.coordinates and location is None:
            point = payload.coordinates
            location = Location(point.lat, point.long, enclosure.title or "")
        else:
            new_lines = [
                line for line in _text_lines(enclosure, payload) if line not in lines_shown
            ]
            lines += new_lines
            lines_shown.update(new_lines)
    story = message.reply_to.story if message.reply_to else None
    if story is not None and story.url:
        # Its address ends after a day, so the picture is fetched like one of the customer's.
        files.append(Attachment(Medium.IMAGE, name="story", source=story.url))
    if not (lines or files or location):
        lines = ["[something that Messenger does not hand on]"]
    return "\n".join(lines), tuple(files), location


def _enclosure(item: object) -> Enclosure:
    try:
        return Enclosure.model_validate(item)
    except ValidationError:
        return Enclosure(type="attachment")


def _file(kind: str, payload: Payload) -> Attachment:
    url = payload.url or ""
    if payload.sticker_id:
        return Attachment(Medium.STICKER, source=url)
    return Attachment(MEDIA[kind], name=_name(url) if kind == "file" else "", source=url)


def _text_lines(enclosure: Enclosure, payload: Payload) -> list[str]:
    """The words and links of a share, a reel or a template, of all of its cards and buttons."""
    lines = [enclosure.title or payload.title or "", payload.text]
    lines += [payload.order_number]
    elements = [*payload.elements, *(payload.product.elements if payload.product else ())]
    for element in elements:
        lines += [element.title, element.subtitle, element.url]
        lines += map(_button_line, element.buttons)
    if payload.summary is not None:
        lines.append(f"{payload.summary.total_cost} {payload.currency}".strip())
    lines += map(_button_line, payload.buttons)
    lines.append(enclosure.url or payload.url or "")
    return list(dict.fromkeys(line for line in lines if line)) or [f"[{enclosure.type}]"]


def _button_line(button: TemplateButton) -> str:
    return f"▸ {button.title} {button.url}".rstrip() if button.title else button.url


def _name(url: str) -> str:
    try:
        return unquote(urlsplit(url).path.rpartition("/")[2])
    except ValueError:
        return ""
