"""The methods of the Bot API that a helpdesk needs, refusing what Telegram refuses.

Sources: https://core.telegram.org/bots/api#available-methods and tdlib/telegram-bot-api 10.0
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.sandbox.telegram import formatting
from hub.sandbox.telegram.chats import Chat, Json, TelegramFile, bubble_of, buttons_of
from hub.sandbox.telegram.parameters import Parameters
from hub.sandbox.telegram.state import TelegramState
from hub.sandbox.telegram.updates import Refusal
from hub.sandbox.telegram.uploads import DOWNLOAD_BYTES

TEXT_UNITS = 4096
TEXT_BYTES = 32_768
CAPTION_UNITS = 1024
CALLBACK_BYTES = 64
ANSWER_CHARACTERS = 200

ACTIONS = frozenset(
    [
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    ]
)
# sendX -> the message's field.
MEDIA = {
    "sendPhoto": "photo",
    "sendDocument": "document",
    "sendVoice": "voice",
    "sendAudio": "audio",
    "sendVideo": "video",
    "sendAnimation": "animation",
    "sendSticker": "sticker",
    "sendVideoNote": "video_note",
}
# Kinds that may stand in one album; others stand among themselves.
ALBUMS = (frozenset(("photo", "video")), frozenset(("document",)), frozenset(("audio",)))


class Methods:
    """`call` carries out one method and returns its result, or raises Refusal."""

    def __init__(self, state: TelegramState) -> None:
        self._state = state
        self._table: dict[str, Callable[[Parameters], Any]] = {
            "getMe": lambda _: state.me(),
            "getUpdates": self._get_updates,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": lambda _: state.updates.info(),
            "sendMessage": self._send_message,
            "sendLocation": self._send_location,
            "sendMediaGroup": self._send_media_group,
            "sendChatAction": self._send_chat_action,
            "editMessageText": self._edit_message_text,
            "deleteMessage": self._delete_message,
            "setMessageReaction": self._set_message_reaction,
            "answerCallbackQuery": self._answer_callback_query,
            "getFile": self._get_file,
            "getChat": self._get_chat,
            "getUserProfilePhotos": self._get_user_profile_photos,
            "setMyCommands": lambda _: True,
        }
        for method, field_name in MEDIA.items():
            self._table[method] = self._media_sender(field_name)

    def call(self, method: str, parameters: Parameters) -> Any:
        """Raises Refusal 404 for a method that the Bot API (or this stand-in) does not have."""
        # Telegram's method names are case-insensitive.
        known = {name.lower(): run for name, run in self._table.items()}.get(method.lower())
        if known is None:
            raise Refusal(404, "Not Found")
        return known(parameters)

    # -- receiving --------------------------------------------------------------------------

    def _get_updates(self, given: Parameters) -> list[Json]:
        return self._state.updates.get(
            given.integer("offset"),
            given.integer("limit", 100),
            given.integer("timeout"),
            given.structure("allowed_updates"),
        )

    def _set_webhook(self, given: Parameters) -> bool:
        url, drop = given.text("url"), given.flag("drop_pending_updates")
        if not url:
            self._state.updates.delete_webhook(drop)
            return True
        secret, kinds = given.text("secret_token"), given.structure("allowed_updates")
        self._state.updates.set_webhook(url, secret, kinds, drop)
        return True

    def _delete_webhook(self, given: Parameters) -> bool:
        self._state.updates.delete_webhook(given.flag("drop_pending_updates"))
        return True

    # -- sending ----------------------------------------------------------------------------

    def _send_message(self, given: Parameters) -> Json:
        chat = self._state.chat_to_write(given.text("chat_id"))
        text, entities = self._text(given, "text", "parse_mode", "entities", TEXT_UNITS)
        if not text:
            raise Refusal(400, "Bad Request: message text is empty")
        return self._say(
            chat, given, {"text": text, **({"entities": entities} if entities else {})}
        )

    def _send_location(self, given: Parameters) -> Json:
        chat = self._state.chat_to_write(given.text("chat_id"))
        latitude, longitude = given.number("latitude"), given.number("longitude")
        if abs(latitude) > 90 or abs(longitude) > 180:
            raise Refusal(400, "Bad Request: invalid geo point specified")
        return self._say(chat, given, {"location": {"latitude": latitude, "longitude": longitude}})

    def _media_sender(self, field_name: str) -> Callable[[Parameters], Json]:
        def send(given: Parameters) -> Json:
            chat = self._state.chat_to_write(given.text("chat_id"))
            file = self._state.files.taken_from(
                given, field_name, given.text(field_name), field_name
            )
            return self._say(
                chat, given, {**file.in_message(field_name), **self._caption(given)}, file
            )

        return send

    def _send_media_group(self, given: Parameters) -> list[Json]:
        chat = self._state.chat_to_write(given.text("chat_id"))
        items = given.structure("media")
        if not isinstance(items, list) or not 2 <= len(items) <= 10:
            raise Refusal(
                400, "Bad Request: there must be at least 2 and at most 10 media in the album"
            )
        kinds = {str(item.get("type")) for item in items}
        if not any(kinds <= allowed for allowed in ALBUMS):
            raise Refusal(400, "Bad Request: media of these types can't be mixed in one album")
        album = self._state.new_album()
        prepared = []
        for item in items:
            kind = str(item["type"])
            file = self._state.files.taken_from(given, "", str(item.get("media", "")), kind)
            caption = self._caption(Parameters(item))
            prepared.append((file, {**file.in_message(kind), **caption, "media_group_id": album}))
        return [self._say(chat, given, content, file) for file, content in prepared]

    def _send_chat_action(self, given: Parameters) -> bool:
        chat = self._state.chat_to_write(given.text("chat_id"))
        action = given.text("action")
        if action not in ACTIONS:
            raise Refusal(400, "Bad Request: wrong parameter action in request")
        chat.screen.shows_typing(action, 5)
        return True

    def _set_message_reaction(self, given: Parameters) -> bool:
        chat = self._state.chat_to_write(given.text("chat_id"))
        message = self._message(chat, given, "message to react not found")
        reactions = given.structure("reaction") or []
        if len(reactions) > 1:
            raise Refusal(400, "Bad Request: REACTIONS_TOO_MANY")
        emoji = str(reactions[0].get("emoji", "")) if reactions else ""
        chat.screen.change(str(message["message_id"]), reaction=emoji)
        return True

    def _answer_callback_query(self, given: Parameters) -> bool:
        if len(given.text("text")) > ANSWER_CHARACTERS:
            raise Refusal(400, "Bad Request: MESSAGE_TOO_LONG")
        if not self._state.take_callback(given.text("callback_query_id")):
            raise Refusal(
                400,
                "Bad Request: query is too old and response timeout expired or query ID is invalid",
            )
        return True

    # -- changing ---------------------------------------------------------------------------

    def _edit_message_text(self, given: Parameters) -> Json:
        chat = self._state.chat_to_write(given.text("chat_id"))
        message = self._message(chat, given, "message to edit not found")
        if message["from"]["id"] != self._state.bot_id or "text" not in message:
            raise Refusal(400, "Bad Request: message can't be edited")
        text, entities = self._text(given, "text", "parse_mode", "entities", TEXT_UNITS)
        if not text:
            raise Refusal(400, "Bad Request: message text is empty")
        markup = self._markup(given)
        if text == message["text"] and markup == message.get("reply_markup"):
            raise Refusal(
                400,
                "Bad Request: message is not modified: specified new message content and reply "
                "markup are exactly the same as a current content and reply markup of the message",
            )
        message.update(text=text, edit_date=self._state.timestamp())
        message.pop("entities", None)
        if entities:
            message["entities"] = entities
        if markup:
            message["reply_markup"] = markup
        shown = bubble_of(message, None, mine=False)
        chat.screen.change(shown.id, text=text, edited=True, buttons=buttons_of(markup))
        return message

    def _delete_message(self, given: Parameters) -> bool:
        chat = self._state.chat_to_write(given.text("chat_id"))
        message = self._message(chat, given, "message to delete not found")
        del chat.messages[message["message_id"]]
        chat.screen.change(str(message["message_id"]), text="", media=None, edited=True)
        return True

    # -- asking -----------------------------------------------------------------------------

    def _get_file(self, given: Parameters) -> Json:
        file = self._state.files.find(given.text("file_id"))
        if file is None:
            raise Refusal(400, "Bad Request: invalid file_id")
        if len(file.media.data) > DOWNLOAD_BYTES:
            raise Refusal(400, "Bad Request: file is too big")
        return {**file.as_json(), "file_path": file.path}

    def _get_chat(self, given: Parameters) -> Json:
        chat = self._state.chat(given.text("chat_id"))
        return {
            **chat.as_json(),
            "accent_color_id": 0,
            "max_reaction_count": 11,
            "accepted_gift_types": {
                "unlimited_gifts": True,
                "limited_gifts": True,
                "unique_gifts": True,
                "premium_subscription": True,
                "gifts_from_channels": True,
            },
        }

    def _get_user_profile_photos(self, given: Parameters) -> Json:
        face = self._state.face_of(given.text("user_id"))
        return {"total_count": 1, "photos": [face.in_message("photo")["photo"]]}

    # -- parts ------------------------------------------------------------------------------

    def _say(
        self, chat: Chat, given: Parameters, content: Json, file: TelegramFile | None = None
    ) -> Json:
        message = {"from": self._state.bot(), "chat": chat.as_json(), **content}
        message["date"] = self._state.timestamp()
        answered = self._reply(chat, given)
        if answered:
            message["reply_to_message"] = answered
        markup = self._markup(given)
        if markup:
            message["reply_markup"] = markup
        self._state.count_send(chat)
        chat.add(message, file, mine=False)
        return message

    def _text(
        self, given: Parameters, name: str, mode: str, entities: str, limit: int
    ) -> tuple[str, list[Json]]:
        raw = given.text(name)
        if len(raw.encode("utf-8", "replace")) > TEXT_BYTES:
            raise Refusal(400, "Bad Request: text is too long")
        text, found = formatting.read(raw, given.text(mode), given.structure(entities))
        if formatting.utf16_length(text) > limit:
            what = "message is too long" if limit == TEXT_UNITS else "message caption is too long"
            raise Refusal(400, f"Bad Request: {what}")
        return text, found

    def _caption(self, given: Parameters) -> Json:
        text, entities = self._text(
            given, "caption", "parse_mode", "caption_entities", CAPTION_UNITS
        )
        caption: Json = {"caption": text} if text else {}
        return {**caption, **({"caption_entities": entities} if entities else {})}

    def _reply(self, chat: Chat, given: Parameters) -> Json | None:
        order = given.structure("reply_parameters") or {}
        number = order.get("message_id") or given.integer("reply_to_message_id")
        if not number:
            return None
        answered = chat.messages.get(int(number))
        lenient = order.get("allow_sending_without_reply") or given.flag(
            "allow_sending_without_reply"
        )
        if answered is None and not lenient:
            raise Refusal(400, "Bad Request: message to be replied not found")
        return {k: v for k, v in (answered or {}).items() if k != "reply_to_message"} or None

    def _markup(self, given: Parameters) -> Json | None:
        markup = given.structure("reply_markup")
        for row in (markup or {}).get("inline_keyboard", []):
            for button in row:
                data = str(button.get("callback_data", "")).encode()
                if len(data) > CALLBACK_BYTES or not button.get("text"):
                    raise Refusal(400, "Bad Request: BUTTON_DATA_INVALID")
        return markup or None

    def _message(self, chat: Chat, given: Parameters, missing: str) -> Json:
        message = chat.messages.get(given.integer("message_id"))
        if message is None:
            raise Refusal(400, f"Bad Request: {missing}")
        return message
