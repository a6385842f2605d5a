"""An Update of the Bot API as an event of ours.

python-telegram-bot gives the Update its structure and checks no types, so every value that is taken
from it goes through one of the functions at the end.

Source: https://core.telegram.org/bots/api#update
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson
from telegram import (
    CallbackQuery,
    ChatMemberUpdated,
    Message,
    MessageReactionUpdated,
    PhotoSize,
    Update,
    User,
)

from hub.errors import EventIgnored, PayloadInvalid
from hub.types import (
    Address,
    AddressMoved,
    Attachment,
    ContactCard,
    ContactEvent,
    ContactEventName,
    InboundEvent,
    InboundMessage,
    Location,
    Medium,
    Profile,
)

#: Telegram leaves message_reaction out unless it is asked for by name.
ALLOWED_UPDATES = (
    "message", "edited_message", "callback_query", "message_reaction", "my_chat_member",
)  # fmt: skip

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
#: The deep link's payload: https://core.telegram.org/bots/features#deep-linking
START = re.compile(r"/start(?:@\w+)?(?:\s+([A-Za-z0-9_-]{1,64}))?\s*", re.ASCII)
#: What a changed membership means in a private chat: `kicked` is "blocked by the user".
MEMBERSHIPS: dict[str, ContactEventName] = {"kicked": "stopped", "member": "started"}

Value = TypeVar("Value")
MakeAddress = Callable[[str], Address]


def read_update(body: bytes, address: MakeAddress) -> InboundEvent:
    """The one event in an Update.

    Raises:
        PayloadInvalid: not an Update.
        EventIgnored: nothing for an inbox in it.
    """
    try:
        document = orjson.loads(body)
        update = Update.de_json(document, None)
    except Exception as error:  # noqa: BLE001  the library trips over a wrong type in any way
        raise PayloadInvalid(f"not an Update of the Bot API ({type(error).__name__})") from None
    return UpdateReader(update, body, address).event()


class UpdateReader:
    """Reads one Update. All events of it share its key: an Update holds one thing only."""

    def __init__(self, update: Update, raw: bytes, address: MakeAddress) -> None:
        self.raw = raw
        self.key = f"update:{identifier(update.update_id)}"
        self.update = update
        self.address = address

    def event(self) -> InboundEvent:
        update = self.update
        if update.message is not None:
            return self._message(update.message)
        if update.edited_message is not None:
            return self._edit(update.edited_message)
        if update.callback_query is not None:
            return self._button(update.callback_query)
        if update.message_reaction is not None:
            return self._reaction(update.message_reaction)
        if update.my_chat_member is not None:
            return self._membership(update.my_chat_member)
        kinds = [name for name in update.to_dict() if name != "update_id"]
        raise EventIgnored(f"not for an inbox: {', '.join(kinds) or 'an empty update'}"[:200])

    # -- messages ------------------------------------------------------------------------------

    def _message(self, message: Message) -> InboundEvent:
        if message.migrate_to_chat_id is not None:
            return AddressMoved(
                key=self.key,
                raw=self.raw,
                address=self._chat_address(given(message.chat).id),
                new_address=self._chat_address(message.migrate_to_chat_id),
            )
        started = START.fullmatch(text_of(message.text))
        if started and given(message.chat).type == "private":
            return ContactEvent(
                key=self.key,
                raw=self.raw,
                address=self._private_address(message.chat),
                name="started",
                at=time_of(message.date),
                handover_token=started[1] or "",
                profile=profile_of(message.from_user),
            )
        return self._said(message)

    def _edit(self, message: Message) -> InboundEvent:
        if message.location is not None:
            raise EventIgnored("a live location moved: its first place is in the thread")
        return self._said(message, edited=True)

    def _said(self, message: Message, *, edited: bool = False) -> InboundMessage:
        address = self._private_address(message.chat)
        text, extra = _words(message)
        attachments = _attachments(message)
        place, card = _place(message), _card(message)
        if not (text or attachments or place or card or extra):
            extra = _not_shown(message)
        number = str(identifier(message.message_id))
        return InboundMessage(
            key=self.key,
            raw=self.raw,
            address=address,
            external_id=number,
            edits=number if edited else "",
            sent_at=time_of(message.edit_date if edited else message.date),
            text=text,
            attachments=attachments,
            location=place,
            card=card,
            profile=profile_of(message.from_user),
            reply_to=_answered(message),
            extra={**extra, **_circumstances(message)},
        )

    # -- what is not a message -----------------------------------------------------------------

    def _button(self, query: CallbackQuery) -> InboundMessage:
        if query.message is None or not text_of(query.data):
            raise EventIgnored("a button of a game or of a message sent elsewhere")
        return InboundMessage(
            key=self.key,
            raw=self.raw,
            address=self._private_address(query.message.chat),
            text=text_of(query.data),
            profile=profile_of(query.from_user),
            reply_to=str(identifier(query.message.message_id)),
            extra={"button": text_of(query.data), "callback_query_id": text_of(query.id)},
        )

    def _reaction(self, change: MessageReactionUpdated) -> ContactEvent:
        emoji = "".join(filter(None, (_emoji(each) for each in change.new_reaction)))
        if change.new_reaction and not emoji:
            raise EventIgnored("a custom emoji, of which a bot is told the number only")
        return ContactEvent(
            key=self.key,
            raw=self.raw,
            address=self._private_address(change.chat),
            name="reaction",
            text=emoji,
            at=time_of(change.date),
            external_id=str(identifier(change.message_id)),
            profile=profile_of(change.user),
        )

    def _membership(self, change: ChatMemberUpdated) -> ContactEvent:
        address = self._private_address(change.chat)
        status = text_of(given(change.new_chat_member).status)
        if status not in MEMBERSHIPS:
            raise EventIgnored(f"the bot's membership became {status[:40]!r}")
        return ContactEvent(
            key=self.key,
            raw=self.raw,
            address=address,
            name=MEMBERSHIPS[status],
            at=time_of(change.date),
            profile=profile_of(change.from_user),
        )

    # -- who -----------------------------------------------------------------------------------

    def _private_address(self, chat: Any) -> Address:
        kind = text_of(given(chat).type)
        if kind != "private":
            raise EventIgnored(f"written in a {kind}, not to the bot alone"[:200])
        return self._chat_address(chat.id)

    def _chat_address(self, number: object) -> Address:
        return self.address(str(identifier(number)))


# -- parts of a message ------------------------------------------------------------------------


def _words(message: Message) -> tuple[str, dict[str, str]]:
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


def _attachments(message: Message) -> tuple[Attachment, ...]:
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


def _place(message: Message) -> Location | None:
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


def _card(message: Message) -> ContactCard | None:
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
    return ContactCard(_name(contact.first_name, contact.last_name), phone, own)


def _answered(message: Message) -> str:
    return str(identifier(message.reply_to_message.message_id)) if message.reply_to_message else ""


def _circumstances(message: Message) -> dict[str, str]:
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
        return _name(user.first_name, user.last_name)
    chat = getattr(origin, "sender_chat", None) or getattr(origin, "chat", None)
    if chat is not None:
        return text_of(chat.title) or text_of(chat.first_name) or "a chat"
    return text_of(getattr(origin, "sender_user_name", None)) or "somebody"


def _not_shown(message: Message) -> dict[str, str]:
    found = [name for name in NOT_SHOWN if getattr(message, name, None)] or sorted(
        message.api_kwargs
    )
    if not found:
        raise EventIgnored("a service message")
    return {"unsupported": ", ".join(found)[:200]}


def _emoji(reaction: Any) -> str:
    return "⭐" if reaction.type == "paid" else text_of(getattr(reaction, "emoji", None))


# -- values, checked ---------------------------------------------------------------------------


def profile_of(user: User | None) -> Profile:
    if user is None:
        return Profile()
    username = text_of(user.username)
    return Profile(
        name=_name(user.first_name, user.last_name) or username,
        locale=text_of(user.language_code),
        attributes={"username": username} if username else {},
    )


def _name(first: object, last: object) -> str:
    return f"{text_of(first)} {text_of(last)}".strip()


def given(value: Value | None) -> Value:
    """The library makes None of an empty object, also where Telegram promises one."""
    if value is None:
        raise PayloadInvalid("an empty object where something belongs")
    return value


def text_of(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise PayloadInvalid(f"a {type(value).__name__} where a text belongs")
    return str(value)


def identifier(value: object) -> int:
    # Telegram's ids have up to 52 bits; a larger one would not fit the database either.
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**63:
        raise PayloadInvalid(f"a {type(value).__name__} where a number belongs")
    return value


def number(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise PayloadInvalid(f"a {type(value).__name__} where a number belongs")
    return float(value)


def time_of(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)
