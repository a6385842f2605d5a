"""An Update of the Bot API as an event of the hub.

Source: https://core.telegram.org/bots/api#update, https://core.telegram.org/bots/api#message
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from telegram import (
    CallbackQuery,
    ChatMemberUpdated,
    Message,
    MessageReactionUpdated,
    PhotoSize,
    Update,
)

from hub.connectors.lenient_json import read_json
from hub.connectors.telegram.batches import number_in
from hub.connectors.telegram.payloads import (
    full_name,
    identifier,
    number,
    profile_of,
    required,
    text_of,
    time_of,
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
    ParsedEvent,
    UnreadableEvent,
)

#: Telegram leaves message_reaction out unless it is asked for by name.
ALLOWED_UPDATES = (
    "message", "edited_message", "callback_query", "message_reaction", "my_chat_member",
)  # fmt: skip

#: The deep link's payload: https://core.telegram.org/bots/features#deep-linking
START = re.compile(r"/start(?:@\w+)?(?:\s+([A-Za-z0-9_-]{1,64}))?\s*", re.ASCII)
#: What a changed membership means in a private chat: `kicked` is "blocked by the user".
MEMBERSHIPS: dict[str, ContactEventName] = {"kicked": "stopped", "member": "started"}

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
    "checklist", "game", "gift", "giveaway", "giveaway_winners", "invoice", "live_photo",
    "paid_media", "passport_data", "story", "successful_payment", "unique_gift", "web_app_data",
)  # fmt: skip

MakeAddress = Callable[[str], Address]


def read_update(body: bytes, address_of: MakeAddress) -> ParsedEvent:
    """The one event in an Update.

    Args:
        body: an Update as JSON.
        address_of: makes the address of a chat's id.

    Raises:
        PayloadInvalid: the body is not an Update.
        EventIgnored: the Update has nothing for an inbox.
    """
    try:
        update = Update.de_json(read_json(body), None)
        return UpdateReader(update, body, address_of).event()
    except EventIgnored:
        raise
    except Exception as error:  # noqa: BLE001  the library trips over a wrong type in any way
        reason = error.message if isinstance(error, PayloadInvalid) else type(error).__name__
        number = number_in(body)
        if number is None:
            raise PayloadInvalid(f"not an Update of the Bot API ({reason})") from None
        return UnreadableEvent(key=f"update:{number}", raw=body, reason=reason)


class UpdateReader:
    """Reads one Update. Its event has the Update's own key: an Update holds one event only."""

    def __init__(self, update: Update, raw: bytes, address_of: MakeAddress) -> None:
        self.raw = raw
        self.key = f"update:{identifier(update.update_id)}"
        self.update = update
        self.address_of = address_of

    def event(self) -> InboundEvent:
        """The event. Raises EventIgnored and PayloadInvalid."""
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
        fields = [name for name in update.to_dict() if name != "update_id"]
        raise EventIgnored(f"not for an inbox: {', '.join(fields) or 'an empty update'}"[:200])

    # -- messages ------------------------------------------------------------------------------

    def _message(self, message: Message) -> InboundEvent:
        if message.migrate_to_chat_id is not None:
            return AddressMoved(
                key=self.key,
                raw=self.raw,
                address=self._chat_address(required(message.chat).id),
                new_address=self._chat_address(message.migrate_to_chat_id),
            )
        start = START.fullmatch(text_of(message.text))
        if start and required(message.chat).type == "private":
            return ContactEvent(
                key=self.key,
                raw=self.raw,
                address=self._private_address(message.chat),
                name="started",
                at=time_of(message.date),
                handover_token=start[1] or "",
                profile=profile_of(message.from_user),
            )
        return self._inbound_message(message)

    def _edit(self, message: Message) -> InboundEvent:
        if message.location is not None:
            raise EventIgnored("a live location moved: its first place is in the thread")
        return self._inbound_message(message, edited=True)

    def _inbound_message(self, message: Message, *, edited: bool = False) -> InboundMessage:
        address = self._private_address(message.chat)
        text, kind = _text(message)
        attachments = _attachments(message)
        location, card = _location(message), _contact_card(message)
        extra = {**kind, **_not_shown(message)}
        if not (text or attachments or location or card or extra):
            extra = _unknown_fields(message)
        message_id = str(identifier(message.message_id))
        return InboundMessage(
            key=self.key,
            raw=self.raw,
            address=address,
            external_id=message_id,
            edits=message_id if edited else "",
            sent_at=time_of(message.edit_date if edited else message.date),
            text=text,
            attachments=attachments,
            location=location,
            card=card,
            profile=profile_of(message.from_user),
            reply_to=_answered_message(message),
            extra={**extra, **_origin_of(message)},
        )

    # -- other events --------------------------------------------------------------------------

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
        emoji = "".join(filter(None, (_emoji(reaction) for reaction in change.new_reaction)))
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
        status = text_of(required(change.new_chat_member).status)
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

    # -- addresses -----------------------------------------------------------------------------

    def _private_address(self, chat: Any) -> Address:
        kind = text_of(required(chat).type)
        if kind != "private":
            raise EventIgnored(f"written in a {kind}, not to the bot alone"[:200])
        return self._chat_address(chat.id)

    def _chat_address(self, chat_id: object) -> Address:
        return self.address_of(str(identifier(chat_id)))


# -- the parts of a message ------------------------------------------------------------------------


def _text(message: Message) -> tuple[str, dict[str, str]]:
    """The text, or a text in place of it, and the kind of content that it then stands for."""
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
        media_type = "image/webp"
        if sticker.is_animated or sticker.is_video:
            media_type = "video/webm" if sticker.is_video else "application/x-tgsticker"
        return (_attachment(sticker, Medium.STICKER, media_type),)
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


def _location(message: Message) -> Location | None:
    if message.venue is not None:
        point = required(message.venue.location)
        return Location(
            number(point.latitude),
            number(point.longitude),
            text_of(message.venue.title),
            text_of(message.venue.address),
        )
    if message.location is not None:
        return Location(number(message.location.latitude), number(message.location.longitude))
    return None


def _contact_card(message: Message) -> ContactCard | None:
    """The contact that was shared.

    Only the number of the sender's own account is proved: then the user ids are equal.
    """
    contact = message.contact
    if contact is None:
        return None
    phone = text_of(contact.phone_number)
    sender = message.from_user.id if message.from_user is not None else None
    is_own = contact.user_id is not None and contact.user_id == sender
    # An account's number comes in international form, with the plus or without it.
    if is_own and phone.isdecimal():
        phone = f"+{phone}"
    return ContactCard(full_name(contact.first_name, contact.last_name), phone, is_own)


def _answered_message(message: Message) -> str:
    return str(identifier(message.reply_to_message.message_id)) if message.reply_to_message else ""


def _origin_of(message: Message) -> dict[str, str]:
    """The quote that the message answers, the source it was forwarded from, its album."""
    fields = {
        "quote": text_of(message.quote.text) if message.quote else "",
        "forwarded_from": _forwarded_from(message.forward_origin) if message.forward_origin else "",
        "media_group_id": text_of(message.media_group_id),
    }
    return {name: value for name, value in fields.items() if value}


def _forwarded_from(origin: Any) -> str:
    """The name of the user, hidden user, chat or channel whose message was forwarded."""
    user = getattr(origin, "sender_user", None)
    if user is not None:
        return full_name(user.first_name, user.last_name)
    chat = getattr(origin, "sender_chat", None) or getattr(origin, "chat", None)
    if chat is not None:
        return text_of(chat.title) or text_of(chat.first_name) or "a chat"
    return text_of(getattr(origin, "sender_user_name", None)) or "somebody"


def _not_shown(message: Message) -> dict[str, str]:
    """Names the content that the agent cannot see, also where the message has a text beside it."""
    return _unsupported(name for name in NOT_SHOWN if getattr(message, name, None))


def _unknown_fields(message: Message) -> dict[str, str]:
    """Names the fields that are newer than the library, for a message without any known content.

    Raises EventIgnored where there are none: Telegram's own notes on what happened in a chat.
    """
    if not message.api_kwargs:
        raise EventIgnored("a service message")
    return _unsupported(sorted(message.api_kwargs))


def _unsupported(names: Iterable[str]) -> dict[str, str]:
    text = ", ".join(names)
    return {"unsupported": text[:200]} if text else {}


def _emoji(reaction: Any) -> str:
    return "⭐" if reaction.type == "paid" else text_of(getattr(reaction, "emoji", None))
