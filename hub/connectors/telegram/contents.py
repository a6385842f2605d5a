"""What is in one message of Telegram: words, files, places, cards, and how it came about.

Source: https://core.telegram.org/bots/api#message
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from telegram import Message, PhotoSize

from hub.connectors.telegram.payloads import given, identifier, name_of, number, text_of
from hub.errors import EventIgnored
from hub.types import Attachment, ContactCard, Location, Medium

#: The message's field, its medium, and its type where the provider gives none. An animation comes
#: with a copy of itself in `document`, so the first that is there counts.
FILES = (
    ("animation", Medium.VIDEO, "video/mp4"),
    ("audio", Medium.AUDIO, "audio/mpeg"),
    ("video", Medium.VIDEO, "video/mp4"),
    ("video_note", Medium.VIDEO, "video/mp4"),
    ("voice", Medium.VOICE, "audio/ogg"),
    ("document", Medium.FILE, ""),
)
#: What a person can send and we cannot show: it must not vanish without a word.
NOT_SHOWN = (
    "checklist", "game", "gift", "giveaway", "giveaway_winners", "invoice", "live_photo",
    "paid_media", "passport_data", "story", "successful_payment", "unique_gift", "web_app_data",
)  # fmt: skip


def words(message: Message) -> tuple[str, dict[str, str]]:
    """The text, or what stands for it, and what kind of thing it stands for."""
    text = text_of(message.text) or text_of(message.caption)
    if text:
        return text, {}
    if message.sticker is not None:
        return text_of(message.sticker.emoji), {}
    if message.dice is not None:
        return f"{text_of(message.dice.emoji)} {identifier(message.dice.value)}", {"kind": "dice"}
    if message.poll is not None:
        options = [text_of(option.text) for option in message.poll.options]
        return "\n• ".join([text_of(message.poll.question), *options]), {"kind": "poll"}
    return "", {}


def attachments(message: Message) -> tuple[Attachment, ...]:
    if message.photo:
        return (_photo(message.photo),)
    if message.sticker is not None:
        sticker = message.sticker
        kind = "image/webp"
        if sticker.is_animated or sticker.is_video:
            kind = "video/webm" if sticker.is_video else "application/x-tgsticker"
        return (_attachment(sticker, Medium.STICKER, kind),)
    for name, medium, media_type in FILES:
        file = getattr(message, name)
        if file is not None:
            return (_attachment(file, medium, media_type),)
    return ()


def _photo(sizes: tuple[PhotoSize, ...]) -> Attachment:
    largest = max(sizes, key=lambda size: identifier(size.width) * identifier(size.height))
    return _attachment(largest, Medium.IMAGE, "image/jpeg")


def _attachment(file: Any, medium: Medium, media_type: str) -> Attachment:
    size = file.file_size
    return Attachment(
        medium,
        name=text_of(getattr(file, "file_name", None)),
        media_type=text_of(getattr(file, "mime_type", None)) or media_type,
        size=None if size is None else identifier(size),
        source=text_of(file.file_id),
    )


def place(message: Message) -> Location | None:
    if message.venue is not None:
        where = given(message.venue.location)
        return Location(
            number(where.latitude),
            number(where.longitude),
            text_of(message.venue.title),
            text_of(message.venue.address),
        )
    if message.location is not None:
        return Location(number(message.location.latitude), number(message.location.longitude))
    return None


def card(message: Message) -> ContactCard | None:
    """Only the number of the sender's own account is proved: then the user ids are equal."""
    contact = message.contact
    if contact is None:
        return None
    phone = text_of(contact.phone_number)
    sender = message.from_user.id if message.from_user is not None else None
    own = contact.user_id is not None and contact.user_id == sender
    # An account's number comes in international form, with the plus or without it.
    if own and phone.isdecimal():
        phone = f"+{phone}"
    return ContactCard(name_of(contact.first_name, contact.last_name), phone, own)


def answered(message: Message) -> str:
    return str(identifier(message.reply_to_message.message_id)) if message.reply_to_message else ""


def circumstances(message: Message) -> dict[str, str]:
    found = {
        "quote": text_of(message.quote.text) if message.quote else "",
        "forwarded_from": _origin(message.forward_origin) if message.forward_origin else "",
        "media_group_id": text_of(message.media_group_id),
    }
    return {name: value for name, value in found.items() if value}


def _origin(origin: Any) -> str:
    """Whose words were forwarded: a user, somebody who hides, a chat or a channel."""
    user = getattr(origin, "sender_user", None)
    if user is not None:
        return name_of(user.first_name, user.last_name)
    chat = getattr(origin, "sender_chat", None) or getattr(origin, "chat", None)
    if chat is not None:
        return text_of(chat.title) or text_of(chat.first_name) or "a chat"
    return text_of(getattr(origin, "sender_user_name", None)) or "somebody"


def not_shown(message: Message) -> dict[str, str]:
    """What the agent has to be told is missing, also where there are words beside it."""
    return _missing(name for name in NOT_SHOWN if getattr(message, name, None))


def newer(message: Message) -> dict[str, str]:
    """For a message in which nothing is known: what it has that came after the library.

    Raises EventIgnored where it has nothing: Telegram's own notes on what happened in a chat.
    """
    if not message.api_kwargs:
        raise EventIgnored("a service message")
    return _missing(sorted(message.api_kwargs))


def _missing(names: Iterable[str]) -> dict[str, str]:
    found = ", ".join(names)
    return {"unsupported": found[:200]} if found else {}


def emoji(reaction: Any) -> str:
    return "⭐" if reaction.type == "paid" else text_of(getattr(reaction, "emoji", None))
