"""What a message of Telegram shows: its words, files and facts.

Source: https://core.telegram.org/bots/api#message
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hub.connectors.telegram.amounts import amount_text
from hub.connectors.telegram.payloads import (
    Checklist,
    Contact,
    Content,
    Entity,
    File,
    ForwardOrigin,
    Game,
    Gift,
    Invoice,
    Message,
    PaidMedium,
    Payment,
    Poll,
    PressedMessage,
    Story,
    TasksAdded,
    TasksDone,
    WebAppData,
)
from hub.connectors.telegram.vcards import lines_of_vcard
from hub.types import Attachment, ContactCard, Location, Medium, MessageOrigin

#: The message's field, its medium, and its type where the provider gives none. An animation comes
#: with a copy of itself in `document`, so the first field that is set counts.
FILES = (
    ("animation", Medium.VIDEO, "video/mp4"),
    ("audio", Medium.AUDIO, "audio/mpeg"),
    ("video", Medium.VIDEO, "video/mp4"),
    ("video_note", Medium.VIDEO, "video/mp4"),
    ("voice", Medium.VOICE, "audio/ogg"),
    ("document", Medium.FILE, ""),
)
#: Fields that a customer can send and the hub cannot show: the agent is told that they were sent.
NOT_SHOWN = (
    "gift", "giveaway", "giveaway_winners", "live_photo", "passport_data", "story", "unique_gift",
)  # fmt: skip
#: The fields that are named like those above where they came in a form that cannot be read.
CONTENT = tuple(name for name in Content.model_fields if not name.endswith("entities"))
#: Telegram's limit of a text, which a quote of another's message needs at most.
QUOTE_LIMIT = 1024


def text_of(content: Content) -> tuple[str, dict[str, str]]:
    """The text of a message, or a text in place of it, and the kind of content it stands for."""
    if content.text:
        return with_links(content.text, content.entities), {}
    if content.caption:
        return with_links(content.caption, content.caption_entities), {}
    if content.sticker is not None:
        return content.sticker.emoji, {}
    if content.dice is not None:
        return f"{content.dice.emoji} {content.dice.value}".strip(), {"kind": "dice"}
    for kind, write in WRITTEN.items():
        part = getattr(content, kind)
        text = "" if part is None else write(part)
        if text:
            return text, {"kind": kind}
    return "", {}


def with_links(text: str, entities: Iterable[Entity]) -> str:
    """The text with the address behind each of its hidden links, in brackets after its words.

    Args:
        entities: their offsets count UTF-16 units.
    """
    links = [entity for entity in entities if entity.type == "text_link" and entity.url]
    if not links:
        return text
    units = text.encode("utf-16-le", "surrogatepass")
    pieces: list[str] = []
    begin = 0
    for link in sorted(links, key=lambda link: link.offset + link.length):
        end = max(begin, min(2 * (link.offset + link.length), len(units)))
        linked_text = units[max(begin, 2 * link.offset) : end]
        pieces.append(_decoded(units[begin:end]))
        # Where the words are the address already, it is not hidden.
        if _decoded(linked_text).strip() != link.url:
            pieces.append(f" ({link.url})")
        begin = end
    return "".join([*pieces, _decoded(units[begin:])])


def attachments_of(content: Content) -> tuple[Attachment, ...]:
    if content.photo:
        largest = max(content.photo, key=lambda size: size.width * size.height)
        return (_attachment(largest, Medium.IMAGE, "image/jpeg"),)
    if content.sticker is not None:
        sticker = content.sticker
        media_type = "image/webp"
        if sticker.is_animated or sticker.is_video:
            media_type = "video/webm" if sticker.is_video else "application/x-tgsticker"
        return (_attachment(sticker, Medium.STICKER, media_type),)
    for name, medium, media_type in FILES:
        file = getattr(content, name)
        if file is not None:
            return (_attachment(file, medium, media_type),)
    paid = content.paid_media.paid_media if content.paid_media is not None else []
    return tuple(_paid_attachment(medium) for medium in paid if medium.photo or medium.video)


def location_of(content: Content) -> Location | None:
    if content.venue is not None:
        point = content.venue.location
        return Location(point.latitude, point.longitude, content.venue.title, content.venue.address)
    if content.location is not None:
        return Location(content.location.latitude, content.location.longitude)
    return None


def card_of(message: Message) -> ContactCard | None:
    """The contact that was shared.

    Only the number of the sender's own account is proved: then the user ids are equal.
    """
    contact = message.contact
    if contact is None:
        return None
    phone = contact.phone_number
    sender = message.from_user.id if message.from_user is not None else None
    is_own = contact.user_id is not None and contact.user_id == sender
    # An account's number comes in international form, with the plus or without it.
    if is_own and phone.isdecimal():
        phone = f"+{phone}"
    return ContactCard(f"{contact.first_name} {contact.last_name}".strip(), phone, is_own)


def facts_of(message: Message) -> dict[str, str]:
    """The words that the message answers, the source it was forwarded from, its album."""
    fields = {
        "quote": _answered_words(message),
        "forwarded_from": _forwarded_from(message.forward_origin) if message.forward_origin else "",
        "media_group_id": message.media_group_id,
    }
    return {name: value for name, value in fields.items() if value}


def topic_of(message: Message | PressedMessage) -> str:
    """The topic that a message of a private chat stands in. Only there are threads topics."""
    thread = message.message_thread_id
    return "" if thread is None or message.chat.type != "private" else str(thread)


def origin_of(message: Message) -> MessageOrigin | None:
    """The story or the post of a channel that the message answers."""
    if message.reply_to_story is not None:
        return _story_origin(message.reply_to_story)
    reply = message.external_reply
    if reply is None:
        return None
    if reply.story is not None:
        return _story_origin(reply.story)
    chat = reply.chat or (reply.origin and (reply.origin.chat or reply.origin.sender_chat))
    number = reply.message_id or (reply.origin and reply.origin.message_id)
    if not chat:
        return None
    url = f"https://t.me/{chat.username}/{number}" if chat.username and number else ""
    return MessageOrigin("post", chat.name, str(number or ""), url)


def unsupported_in(message: Message, raw: Mapping[str, Any]) -> dict[str, str]:
    """Names the content that the agent cannot see, also where the message has a text beside it.

    Args:
        raw: the message as it came.
    """
    unread = [name for name in CONTENT if raw.get(name) and not getattr(message, name)]
    if message.paid_media is not None and not attachments_of(message):
        unread.append("paid_media")  # only a preview of what was not paid for
    return unsupported([*(name for name in NOT_SHOWN if raw.get(name)), *unread])


def unsupported(names: Iterable[str]) -> dict[str, str]:
    text = ", ".join(dict.fromkeys(names))
    return {"unsupported": text[:200]} if text else {}


# -- texts in place of other content ---------------------------------------------------------------


def _poll_text(poll: Poll) -> str:
    return "\n• ".join([poll.question, *(option.text for option in poll.options)])


def _checklist_text(checklist: Checklist) -> str:
    tasks = (f"{'☑' if task.completion_date else '☐'} {task.text}" for task in checklist.tasks)
    return "\n".join(filter(None, [checklist.title, *tasks]))


def _invoice_text(invoice: Invoice) -> str:
    price = amount_text(invoice.total_amount, invoice.currency) if invoice.currency else ""
    return "\n".join(filter(None, [invoice.title, invoice.description, price]))


def _payment_text(payment: Payment) -> str:
    price = amount_text(payment.total_amount, payment.currency)
    return "\n".join(filter(None, [f"✅ {price}", payment.invoice_payload]))


def _refund_text(payment: Payment) -> str:
    price = amount_text(payment.total_amount, payment.currency)
    return "\n".join(filter(None, [f"↩ {price}", payment.invoice_payload]))


def _form_text(form: WebAppData) -> str:
    return "\n".join(filter(None, [form.button_text, form.data]))


def _game_text(game: Game) -> str:
    return "\n".join(filter(None, [game.title, game.description]))


def _gift_text(gift: Gift) -> str:
    stars = gift.gift.star_count if gift.gift is not None else 0
    price = f"🎁 {amount_text(stars, 'XTR')}" if stars else "🎁"
    return "\n".join(filter(None, [price, gift.text]))


def _tasks_text(added: TasksAdded) -> str:
    return "\n".join(f"＋ {task.text}" for task in added.tasks)


def _ticks_text(ticks: TasksDone) -> str:
    """The tasks that were ticked, and those whose tick was taken away."""
    message = ticks.checklist_message
    checklist = message.checklist if message is not None else None
    texts = {task.id: task.text for task in checklist.tasks} if checklist is not None else {}
    ticked = [f"☑ {texts.get(number, number)}" for number in ticks.marked_as_done_task_ids]
    open_again = [f"☐ {texts.get(number, number)}" for number in ticks.marked_as_not_done_task_ids]
    return "\n".join([*ticked, *open_again])


def _card_text(contact: Contact) -> str:
    """The lines of a contact's vCard that the card of the hub has no field for."""
    digits = _digits(contact.phone_number)
    return "\n".join(
        line for line in lines_of_vcard(contact.vcard) if not digits or _digits(line) != digits
    )


WRITTEN: dict[str, Any] = {
    "poll": _poll_text,
    "checklist": _checklist_text,
    "successful_payment": _payment_text,
    "refunded_payment": _refund_text,
    "invoice": _invoice_text,
    "web_app_data": _form_text,
    "game": _game_text,
    "contact": _card_text,
    "gift": _gift_text,
    "checklist_tasks_added": _tasks_text,
    "checklist_tasks_done": _ticks_text,
}


# -- parts -----------------------------------------------------------------------------------------


def _attachment(file: File, medium: Medium, media_type: str) -> Attachment:
    return Attachment(
        medium,
        name=file.file_name,
        media_type=file.mime_type or media_type,
        size=file.file_size,
        source=file.file_id,
    )


def _paid_attachment(medium: PaidMedium) -> Attachment:
    if medium.video is not None:
        return _attachment(medium.video, Medium.VIDEO, "video/mp4")
    largest = max(medium.photo, key=lambda size: size.width * size.height)
    return _attachment(largest, Medium.IMAGE, "image/jpeg")


def _answered_words(message: Message) -> str:
    """The words that are answered: the hub may never have seen them."""
    if message.quote is not None:
        return message.quote.text
    answered = message.reply_to_message or message.external_reply
    if answered is None:
        return ""
    text = text_of(answered)[0] or ", ".join(
        file.name or f"[{file.medium}]" for file in attachments_of(answered)
    )
    return text[:QUOTE_LIMIT]


def _forwarded_from(origin: ForwardOrigin) -> str:
    """The name of the user, hidden user, chat or channel whose message was forwarded."""
    if origin.sender_user is not None:
        return origin.sender_user.full_name
    chat = origin.sender_chat or origin.chat
    return chat.name if chat is not None else origin.sender_user_name or "somebody"


def _story_origin(story: Story) -> MessageOrigin:
    chat = story.chat
    url = f"https://t.me/{chat.username}/s/{story.id}" if chat.username else ""
    return MessageOrigin("story", chat.name, str(story.id), url)


def _digits(text: str) -> str:
    return "".join(filter(str.isdecimal, text))


def _decoded(units: bytes) -> str:
    return units.decode("utf-16-le", "replace")
