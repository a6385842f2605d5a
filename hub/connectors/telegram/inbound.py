"""An Update of the Bot API as an event of the hub.

Source: https://core.telegram.org/bots/api#update, https://core.telegram.org/bots/api#message
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from hub.connectors.lenient_json import read_json
from hub.connectors.telegram import content
from hub.connectors.telegram.batches import number_in
from hub.connectors.telegram.payloads import (
    CallbackQuery,
    Chat,
    MembershipChange,
    Message,
    ReactionChange,
    User,
    time_of,
)
from hub.errors import EventIgnored, PayloadInvalid
from hub.types import (
    Address,
    AddressMoved,
    ContactEvent,
    ContactEventName,
    InboundEvent,
    InboundMessage,
    MessageOrigin,
    ParsedEvent,
    Profile,
    UnreadableEvent,
)

#: The deep link's payload: https://core.telegram.org/bots/features#deep-linking
START = re.compile(r"/start(?:@\w+)?(?:\s+([A-Za-z0-9_-]{1,64}))?\s*", re.ASCII)
#: What a changed membership means in a private chat: `kicked` is "blocked by the user".
MEMBERSHIPS: dict[str, ContactEventName] = {"kicked": "stopped", "member": "started"}

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
    number = number_in(body)
    if number is None:
        raise PayloadInvalid("It is not an Update of the Bot API: it has no number.")
    key = f"update:{number}"
    try:
        update = read_json(body)
        for field, read in READERS.items():
            if isinstance(update.get(field), dict):
                return read(UpdateReader(key, body, address_of), update[field])
    except ValidationError as error:
        missing = (".".join(map(str, problem["loc"])) for problem in error.errors())
        reason = f"Telegram sent an Update without a good {', '.join(missing)}."
        return UnreadableEvent(key=key, raw=body, reason=reason[:300])
    except ValueError:
        return UnreadableEvent(key=key, raw=body, reason="The Update is not JSON.")
    if any(update.get(field) is not None for field in READERS):
        return UnreadableEvent(key=key, raw=body, reason="Telegram sent an Update without a form.")
    fields = ", ".join(name for name in update if name != "update_id")
    raise EventIgnored(f"Not for an inbox: {fields or 'an empty Update'}."[:200])


class UpdateReader:
    """Reads one Update. Its event has the Update's own key: an Update holds one event only."""

    def __init__(self, key: str, raw: bytes, address_of: MakeAddress) -> None:
        self.key = key
        self.raw = raw
        self.address_of = address_of

    # -- messages ------------------------------------------------------------------------------

    def message(self, raw_message: Mapping[str, Any]) -> InboundEvent:
        message = Message.model_validate(raw_message)
        if message.migrate_to_chat_id is not None:
            return AddressMoved(
                key=self.key,
                raw=self.raw,
                address=self._chat_address(message.chat),
                new_address=self.address_of(str(message.migrate_to_chat_id)),
            )
        start = START.fullmatch(message.text)
        if start and message.chat.type == "private":
            payload = start[1] or ""
            return ContactEvent(
                key=self.key,
                raw=self.raw,
                address=self._private_address(message.chat),
                name="started",
                at=time_of(message.date),
                handover_token=payload,
                topic=content.topic_of(message),
                origin=MessageOrigin("start", ref=payload) if payload else None,
                profile=_profile(message.from_user),
            )
        return self._inbound_message(message, raw_message)

    def edited_message(self, raw_message: Mapping[str, Any]) -> InboundEvent:
        message = Message.model_validate(raw_message)
        if message.location is not None:
            raise EventIgnored("A live location moved: its first place is in the thread.")
        return self._inbound_message(message, raw_message, edited=True)

    def _inbound_message(
        self, message: Message, raw_message: Mapping[str, Any], *, edited: bool = False
    ) -> InboundMessage:
        address = self._private_address(message.chat)
        text, kind = content.text_of(message)
        attachments = content.attachments_of(message)
        location, card = content.location_of(message), content.card_of(message)
        extra = {**kind, **content.unsupported_in(message, raw_message)}
        origin = content.origin_of(message)
        if not (text or attachments or location or card or extra):
            extra = _unknown_fields(message)
        message_id = str(message.message_id)
        answered = message.reply_to_message
        return InboundMessage(
            key=self.key,
            raw=self.raw,
            address=address,
            external_id=message_id,
            edits=message_id if edited else "",
            sent_at=time_of(message.edit_date or message.date if edited else message.date),
            text=text,
            attachments=attachments,
            location=location,
            card=card,
            profile=_profile(message.from_user),
            reply_to="" if answered is None else str(answered.message_id),
            topic=content.topic_of(message),
            origin=origin,
            extra={**extra, **content.facts_of(message)},
        )

    # -- other events --------------------------------------------------------------------------

    def button(self, raw_query: Mapping[str, Any]) -> InboundMessage:
        query = CallbackQuery.model_validate(raw_query)
        if query.message is None or not query.data:
            raise EventIgnored("A button of a game, or of a message sent elsewhere.")
        return InboundMessage(
            key=self.key,
            raw=self.raw,
            address=self._private_address(query.message.chat),
            text=query.data,
            profile=query.from_user.profile,
            reply_to=str(query.message.message_id),
            topic=content.topic_of(query.message),
            extra={"button": query.data, "callback_query_id": query.id},
        )

    def reaction(self, raw_change: Mapping[str, Any]) -> ContactEvent:
        change = ReactionChange.model_validate(raw_change)
        emoji = "".join(
            "⭐" if reaction.type == "paid" else reaction.emoji for reaction in change.new_reaction
        )
        if change.new_reaction and not emoji:
            raise EventIgnored("A custom emoji, of which a bot is told the number only.")
        return ContactEvent(
            key=self.key,
            raw=self.raw,
            address=self._private_address(change.chat),
            name="reaction",
            text=emoji,
            at=time_of(change.date),
            external_id=str(change.message_id),
            profile=_profile(change.user),
        )

    def membership(self, raw_change: Mapping[str, Any]) -> ContactEvent:
        change = MembershipChange.model_validate(raw_change)
        address = self._private_address(change.chat)
        status = change.new_chat_member.status
        if status not in MEMBERSHIPS:
            raise EventIgnored(f"The bot's membership became {status[:40]!r}.")
        return ContactEvent(
            key=self.key,
            raw=self.raw,
            address=address,
            name=MEMBERSHIPS[status],
            at=time_of(change.date),
            profile=_profile(change.from_user),
        )

    # -- addresses -----------------------------------------------------------------------------

    def _private_address(self, chat: Chat) -> Address:
        if chat.type != "private":
            raise EventIgnored(f"Written in a {chat.type[:40]}, not to the bot alone.")
        return self._chat_address(chat)

    def _chat_address(self, chat: Chat) -> Address:
        return self.address_of(str(chat.id))


READERS: dict[str, Callable[[UpdateReader, Mapping[str, Any]], InboundEvent]] = {
    "message": UpdateReader.message,
    "edited_message": UpdateReader.edited_message,
    "callback_query": UpdateReader.button,
    "message_reaction": UpdateReader.reaction,
    "my_chat_member": UpdateReader.membership,
}
#: Telegram leaves message_reaction out unless it is asked for by name.
ALLOWED_UPDATES = tuple(READERS)


def _profile(user: User | None) -> Profile:
    return Profile() if user is None else user.profile


def _unknown_fields(message: Message) -> dict[str, str]:
    """Names the fields that are newer than the hub, for a message without any known content.

    Raises EventIgnored where there are none: Telegram's own notes on what happened in a chat.
    """
    names = sorted(set(message.model_extra or {}) - SERVICE)
    if not names:
        raise EventIgnored("A note of Telegram's own on what happened in the chat.")
    return content.unsupported(names)


#: Fields beside the content of a message, and those that make it a note of Telegram's own.
SERVICE = frozenset(
    ("sender_chat", "sender_boost_count", "sender_business_bot", "business_connection_id",
     "via_bot", "has_protected_content", "is_from_offline", "is_automatic_forward",
     "author_signature", "link_preview_options", "effect_id", "has_media_spoiler",
     "show_caption_above_media", "reply_markup", "paid_star_count", "reply_to_checklist_task_id",
     "direct_messages_topic", "is_paid_post", "suggested_post_info", "forward_from", "forward_date",
     "forward_from_chat", "forward_from_message_id", "forward_signature", "forward_sender_name",
     "new_chat_members", "new_chat_member", "new_chat_participant", "left_chat_member",
     "left_chat_participant", "new_chat_title", "new_chat_photo", "delete_chat_photo",
     "group_chat_created", "supergroup_chat_created", "channel_chat_created",
     "message_auto_delete_timer_changed", "migrate_from_chat_id", "pinned_message",
     "connected_website", "write_access_allowed", "proximity_alert_triggered", "boost_added",
     "chat_background_set", "forum_topic_created", "forum_topic_edited", "forum_topic_closed",
     "forum_topic_reopened", "general_forum_topic_hidden", "general_forum_topic_unhidden",
     "video_chat_scheduled", "video_chat_started", "video_chat_ended",
     "video_chat_participants_invited", "direct_message_price_changed",
     "paid_message_price_changed", "giveaway_created", "giveaway_completed",
     "suggested_post_approved", "suggested_post_approval_failed", "suggested_post_declined",
     "suggested_post_paid", "suggested_post_refunded", "sender_tag")
)  # fmt: skip
