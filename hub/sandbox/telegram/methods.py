"""The methods of the Bot API that a helpdesk needs, with the refusals of Telegram.

Sources: https://core.telegram.org/bots/api#available-methods and tdlib/telegram-bot-api 10.0
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.sandbox.telegram import formatting
from hub.sandbox.telegram.chats import Chat, Json, TelegramFile, bubble_of, buttons_of
from hub.sandbox.telegram.parameters import Parameters
from hub.sandbox.telegram.state import TelegramState
from hub.sandbox.telegram.updates import BotApiError
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
# The method -> the field of the message.
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
# The kinds that one album may mix.
ALBUMS = (frozenset(("photo", "video")), frozenset(("document",)), frozenset(("audio",)))


class Methods:
    """The table of the methods, by name."""

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
        """Carries out one method and returns its result.

        Raises:
            BotApiError: 404 for a method that the Bot API (or this stand-in) does not have, or the
                method's own refusal.
        """
        # Telegram's method names are case-insensitive.
        carry_out = {name.lower(): run for name, run in self._table.items()}.get(method.lower())
        if carry_out is None:
            raise BotApiError(404, "Not Found")
        return carry_out(parameters)

    # -- receiving --------------------------------------------------------------------------

    def _get_updates(self, parameters: Parameters) -> list[Json]:
        return self._state.updates.get(
            parameters.integer("offset"),
            parameters.integer("limit", 100),
            parameters.integer("timeout"),
            parameters.structure("allowed_updates"),
        )

    def _set_webhook(self, parameters: Parameters) -> bool:
        url, drop = parameters.text("url"), parameters.flag("drop_pending_updates")
        if not url:
            self._state.updates.delete_webhook(drop)
            return True
        secret, kinds = parameters.text("secret_token"), parameters.structure("allowed_updates")
        self._state.updates.set_webhook(url, secret, kinds, drop)
        return True

    def _delete_webhook(self, parameters: Parameters) -> bool:
        self._state.updates.delete_webhook(parameters.flag("drop_pending_updates"))
        return True

    # -- sending ----------------------------------------------------------------------------

    def _send_message(self, parameters: Parameters) -> Json:
        chat = self._state.chat_to_write(parameters.text("chat_id"))
        text, entities = self._text(parameters, "text", "parse_mode", "entities", TEXT_UNITS)
        if not text:
            raise BotApiError(400, "Bad Request: message text is empty")
        return self._write(
            chat, parameters, {"text": text, **({"entities": entities} if entities else {})}
        )

    def _send_location(self, parameters: Parameters) -> Json:
        chat = self._state.chat_to_write(parameters.text("chat_id"))
        latitude, longitude = parameters.number("latitude"), parameters.number("longitude")
        if abs(latitude) > 90 or abs(longitude) > 180:
            raise BotApiError(400, "Bad Request: invalid geo point specified")
        return self._write(
            chat, parameters, {"location": {"latitude": latitude, "longitude": longitude}}
        )

    def _media_sender(self, field_name: str) -> Callable[[Parameters], Json]:
        def send(parameters: Parameters) -> Json:
            chat = self._state.chat_to_write(parameters.text("chat_id"))
            file = self._state.files.uploaded_file(
                parameters, field_name, parameters.text(field_name), field_name
            )
            return self._write(
                chat, parameters, {**file.in_message(field_name), **self._caption(parameters)}, file
            )

        return send

    def _send_media_group(self, parameters: Parameters) -> list[Json]:
        chat = self._state.chat_to_write(parameters.text("chat_id"))
        items = parameters.structure("media")
        if not isinstance(items, list) or not 2 <= len(items) <= 10:
            raise BotApiError(
                400, "Bad Request: there must be at least 2 and at most 10 media in the album"
            )
        kinds = {str(item.get("type")) for item in items}
        if not any(kinds <= allowed for allowed in ALBUMS):
            raise BotApiError(400, "Bad Request: media of these types can't be mixed in one album")
        album = self._state.new_album()
        prepared = []
        for item in items:
            kind = str(item["type"])
            file = self._state.files.uploaded_file(parameters, "", str(item.get("media", "")), kind)
            caption = self._caption(Parameters(item))
            prepared.append((file, {**file.in_message(kind), **caption, "media_group_id": album}))
        return [self._write(chat, parameters, content, file) for file, content in prepared]

    def _send_chat_action(self, parameters: Parameters) -> bool:
        chat = self._state.chat_to_write(parameters.text("chat_id"))
        action = parameters.text("action")
        if action not in ACTIONS:
            raise BotApiError(400, "Bad Request: wrong parameter action in request")
        chat.screen.shows_typing(action, 5)
        return True

    def _set_message_reaction(self, parameters: Parameters) -> bool:
        chat = self._state.chat_to_write(parameters.text("chat_id"))
        message = self._message(chat, parameters, "message to react not found")
        reactions = parameters.structure("reaction") or []
        if len(reactions) > 1:
            raise BotApiError(400, "Bad Request: REACTIONS_TOO_MANY")
        emoji = str(reactions[0].get("emoji", "")) if reactions else ""
        chat.screen.change(str(message["message_id"]), reaction=emoji)
        return True

    def _answer_callback_query(self, parameters: Parameters) -> bool:
        if len(parameters.text("text")) > ANSWER_CHARACTERS:
            raise BotApiError(400, "Bad Request: MESSAGE_TOO_LONG")
        if not self._state.take_callback(parameters.text("callback_query_id")):
            raise BotApiError(
                400,
                "Bad Request: query is too old and response timeout expired or query ID is invalid",
            )
        return True

    # -- changing ---------------------------------------------------------------------------

    def _edit_message_text(self, parameters: Parameters) -> Json:
        chat = self._state.chat_to_write(parameters.text("chat_id"))
        message = self._message(chat, parameters, "message to edit not found")
        if message["from"]["id"] != self._state.bot_id or "text" not in message:
            raise BotApiError(400, "Bad Request: message can't be edited")
        text, entities = self._text(parameters, "text", "parse_mode", "entities", TEXT_UNITS)
        if not text:
            raise BotApiError(400, "Bad Request: message text is empty")
        markup = self._markup(parameters)
        if text == message["text"] and markup == message.get("reply_markup"):
            raise BotApiError(
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
        bubble = bubble_of(message, None, mine=False)
        chat.screen.change(bubble.id, text=text, edited=True, buttons=buttons_of(markup))
        return message

    def _delete_message(self, parameters: Parameters) -> bool:
        chat = self._state.chat_to_write(parameters.text("chat_id"))
        message = self._message(chat, parameters, "message to delete not found")
        del chat.messages[message["message_id"]]
        chat.screen.change(str(message["message_id"]), text="", media=None, edited=True)
        return True

    # -- reading ----------------------------------------------------------------------------

    def _get_file(self, parameters: Parameters) -> Json:
        file = self._state.files.find(parameters.text("file_id"))
        if file is None:
            raise BotApiError(400, "Bad Request: invalid file_id")
        if len(file.media.data) > DOWNLOAD_BYTES:
            raise BotApiError(400, "Bad Request: file is too big")
        return {**file.as_json(), "file_path": file.path}

    def _get_chat(self, parameters: Parameters) -> Json:
        chat = self._state.chat(parameters.text("chat_id"))
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

    def _get_user_profile_photos(self, parameters: Parameters) -> Json:
        photo = self._state.profile_photo(parameters.text("user_id"))
        return {"total_count": 1, "photos": [photo.in_message("photo")["photo"]]}

    # -- parts ------------------------------------------------------------------------------

    def _write(
        self, chat: Chat, parameters: Parameters, content: Json, file: TelegramFile | None = None
    ) -> Json:
        message = {"from": self._state.bot(), "chat": chat.as_json(), **content}
        message["date"] = self._state.timestamp()
        answered_message = self._answered_message(chat, parameters)
        if answered_message:
            message["reply_to_message"] = answered_message
        markup = self._markup(parameters)
        if markup:
            message["reply_markup"] = markup
        self._state.count_send(chat)
        chat.add(message, file, mine=False)
        return message

    def _text(
        self, parameters: Parameters, name: str, mode: str, entities_name: str, limit: int
    ) -> tuple[str, list[Json]]:
        raw = parameters.text(name)
        if len(raw.encode("utf-8", "replace")) > TEXT_BYTES:
            raise BotApiError(400, "Bad Request: text is too long")
        text, entities = formatting.parse_text(
            raw, parameters.text(mode), parameters.structure(entities_name)
        )
        if formatting.utf16_length(text) > limit:
            part = "message" if limit == TEXT_UNITS else "message caption"
            raise BotApiError(400, f"Bad Request: {part} is too long")
        return text, entities

    def _caption(self, parameters: Parameters) -> Json:
        text, entities = self._text(
            parameters, "caption", "parse_mode", "caption_entities", CAPTION_UNITS
        )
        caption: Json = {"caption": text} if text else {}
        return {**caption, **({"caption_entities": entities} if entities else {})}

    def _answered_message(self, chat: Chat, parameters: Parameters) -> Json | None:
        reply = parameters.structure("reply_parameters") or {}
        number = reply.get("message_id") or parameters.integer("reply_to_message_id")
        if not number:
            return None
        message = chat.messages.get(int(number))
        lenient = reply.get("allow_sending_without_reply") or parameters.flag(
            "allow_sending_without_reply"
        )
        if message is None and not lenient:
            raise BotApiError(400, "Bad Request: message to be replied not found")
        fields = (message or {}).items()
        return {name: value for name, value in fields if name != "reply_to_message"} or None

    def _markup(self, parameters: Parameters) -> Json | None:
        markup = parameters.structure("reply_markup")
        for row in (markup or {}).get("inline_keyboard", []):
            for button in row:
                data = str(button.get("callback_data", "")).encode()
                if len(data) > CALLBACK_BYTES or not button.get("text"):
                    raise BotApiError(400, "Bad Request: BUTTON_DATA_INVALID")
        return markup or None

    def _message(self, chat: Chat, parameters: Parameters, missing: str) -> Json:
        message = chat.messages.get(parameters.integer("message_id"))
        if message is None:
            raise BotApiError(400, f"Bad Request: {missing}")
        return message
