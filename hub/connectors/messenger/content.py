"""What a message of Messenger shows, and where its sender came from.

Source: https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messages
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from pydantic import ValidationError

from hub.connectors.messenger.payloads import (
    Enclosure,
    Feedback,
    Message,
    Order,
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
#: The keys of templates whose values people read.
READABLE_KEYS = frozenset(
    ("title", "subtitle", "text", "intro_message", "coupon_code", "coupon_pre_message", "name",
     "passenger_name", "confirmation_number", "pnr_number", "flight_number", "departure_time",
     "boarding_time", "gate", "seat", "note", "description", "payment_method", "street_1",
     "street_2", "city", "postal_code", "message", "caption")
)  # fmt: skip
#: Lists and objects inside each other, of which a template has a few.
DEEPEST = 12


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
            known_lines = _text_lines(enclosure, payload)
            known_text = "\n".join(known_lines)
            other_texts = [text for text in _other_words(item) if text not in known_text]
            all_lines = [*known_lines, *other_texts] or [f"[{enclosure.type}]"]
            new_lines = [line for line in dict.fromkeys(all_lines) if line not in lines_shown]
            lines += new_lines
            lines_shown.update(new_lines)
    if message.order is not None:
        lines += _order_lines(message.order)
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
        price = " × ".join(filter(None, [element.quantity, element.price]))
        lines += [element.title, element.subtitle, price, element.url]
        lines += map(_button_line, element.buttons)
    if payload.summary is not None:
        lines.append(f"{payload.summary.total_cost} {payload.currency}".strip())
    lines += map(_button_line, payload.buttons)
    lines.append(enclosure.url or payload.url or "")
    return [line for line in lines if line]


def _other_words(node: object, name: str = "", depth: int = 0) -> list[str]:
    """The words in a template that the hub does not know, of any depth, in their order."""
    if isinstance(node, str):
        return [node] if name in READABLE_KEYS and node else []
    children: Iterable[tuple[str, object]] = ()
    if isinstance(node, dict):
        children = ((str(key), value) for key, value in node.items())
    elif isinstance(node, list):
        children = ((name, value) for value in node)
    if depth > DEEPEST:
        return []
    return [text for key, value in children for text in _other_words(value, key, depth + 1)]


def _order_lines(order: Order) -> list[str]:
    """The products that a customer ordered, a line each, and the note."""
    lines = [
        " ".join(
            filter(
                None,
                [
                    f"{product.quantity} ×" if product.quantity else "",
                    product.name or product.retailer_id,
                    product.unit_price,
                    product.currency,
                ],
            )
        )
        for product in order.products
    ]
    return [line for line in [*lines, order.note] if line]


def feedback_text(feedback: Feedback) -> str:
    """The answers on a feedback form, a line each, with what was written to them."""
    answers = [
        (name, answer)
        for screen in feedback.feedback_screens
        for name, answer in screen.questions.items()
    ]
    lines = []
    for name, answer in answers:
        question = answer.title or name
        mark = "" if question.endswith(("?", ":")) else ":"
        lines.append(f"{question}{mark} {answer.payload}")
        if answer.follow_up is not None and answer.follow_up.payload:
            lines.append(answer.follow_up.payload)
    return "\n".join(lines)


def _button_line(button: TemplateButton) -> str:
    return f"▸ {button.title} {button.url}".rstrip() if button.title else button.url


def _name(url: str) -> str:
    try:
        return unquote(urlsplit(url).path.rpartition("/")[2])
    except ValueError:
        return ""
