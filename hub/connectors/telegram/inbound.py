"""An Update of the Bot API as an event of ours.

python-telegram-bot gives the Update its structure and checks no types, so every value that is taken
from it goes through one of the functions in `values`.

Source: https://core.telegram.org/bots/api#update
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson
from telegram import (
    CallbackQuery,
    ChatMemberUpdated,
    Message,
    MessageReactionUpdated,
    Update,
)

from hub.connectors.telegram import contents
from hub.connectors.telegram.payloads import given, identifier, profile_of, text_of, time_of
from hub.errors import EventIgnored, PayloadInvalid
from hub.types import (
    Address,
    AddressMoved,
    ContactEvent,
    ContactEventName,
    InboundEvent,
    InboundMessage,
)

#: Telegram leaves message_reaction out unless it is asked for by name.
ALLOWED_UPDATES = (
    "message", "edited_message", "callback_query", "message_reaction", "my_chat_member",
)  # fmt: skip

#: The deep link's payload: https://core.telegram.org/bots/features#deep-linking
START = re.compile(r"/start(?:@\w+)?(?:\s+([A-Za-z0-9_-]{1,64}))?\s*", re.ASCII)
#: What a changed membership means in a private chat: `kicked` is "blocked by the user".
MEMBERSHIPS: dict[str, ContactEventName] = {"kicked": "stopped", "member": "started"}

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
        text, kind = contents.words(message)
        attachments = contents.attachments(message)
        place, card = contents.place(message), contents.card(message)
        extra = {**kind, **contents.not_shown(message)}
        if not (text or attachments or place or card or extra):
            extra = contents.newer(message)
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
            reply_to=contents.answered(message),
            extra={**extra, **contents.circumstances(message)},
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
        emoji = "".join(filter(None, (contents.emoji(each) for each in change.new_reaction)))
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
