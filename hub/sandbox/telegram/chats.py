"""Chats and files of the Telegram stand-in, and their JSON in the Bot API.

Source: https://core.telegram.org/bots/api#message
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hub.sandbox.base import sample_files
from hub.sandbox.base.screen import Bubble, Button, Kind, Media, Screen

Json = dict[str, Any]

# Telegram's field of a message -> how the screen draws it.
KINDS: dict[str, Kind] = {
    "photo": "photo",
    "document": "file",
    "voice": "voice",
    "audio": "audio",
    "video": "video",
    "video_note": "video",
    "animation": "animation",
    "sticker": "sticker",
    "location": "location",
    "contact": "contact",
}


@dataclass(frozen=True, slots=True)
class TelegramFile:
    """A file at Telegram, with its id and its path in the Bot API."""

    file_id: str
    unique_id: str
    path: str
    media: Media
    duration: int = 1

    @classmethod
    def from_media(cls, media: Media, field_name: str, duration: int = 1) -> TelegramFile:
        unique = secrets.token_hex(6)
        ending = media.name.rpartition(".")[2] if "." in media.name else "bin"
        path = f"{field_name}s/file_{unique}.{ending}"
        return cls("Ag" + secrets.token_urlsafe(24), unique, path, media, duration)

    def as_json(self) -> Json:
        return {
            "file_id": self.file_id,
            "file_unique_id": self.unique_id,
            "file_size": len(self.media.data),
        }

    def in_message(self, field_name: str) -> Json:
        """Returns the part of a message that carries this file as a photo, a voice note, ..."""
        base = self.as_json()
        named = {**base, "mime_type": self.media.media_type}
        if field_name == "photo":
            width, height = sample_files.image_size(self.media.data) or (90, 90)
            small = {**base, "file_id": base["file_id"] + "_s", "file_unique_id": "s"}
            return {
                "photo": [
                    {**small, "width": max(1, width // 4), "height": max(1, height // 4)},
                    {**base, "width": width, "height": height},
                ]
            }
        if field_name == "document":
            return {"document": {**named, "file_name": self.media.name}}
        if field_name == "sticker":
            shape = {"width": 512, "height": 512, "is_animated": False, "is_video": False}
            return {"sticker": {**base, **shape, "type": "regular", "emoji": "👍"}}
        if field_name == "video_note":
            return {"video_note": {**base, "length": 240, "duration": self.duration}}
        timed = {**named, "duration": self.duration}
        if field_name == "voice":
            return {"voice": timed}
        timed["file_name"] = self.media.name
        if field_name == "audio":
            return {"audio": timed}
        clip = {**timed, "width": 320, "height": 240}
        if field_name == "animation":
            # An animation also comes as a document, for older bots.
            return {"animation": clip, "document": {**named, "file_name": self.media.name}}
        return {"video": clip}


@dataclass
class Chat:
    """A private chat, whose id is that of its customer, or a group.

    `bot` is the bot's membership: `unknown` until the customer first writes, `member`, `kicked`.
    """

    id: int
    screen: Screen
    type: str = "private"
    first_name: str = ""
    username: str = ""
    language: str = "en"
    title: str = ""
    bot: str = "unknown"
    deactivated: bool = False
    migrated_to: int | None = None
    messages: dict[int, Json] = field(default_factory=dict)
    next_id: int = 1

    def as_json(self) -> Json:
        if self.type == "private":
            named = {"first_name": self.first_name, "username": self.username}
        else:
            named = {"title": self.title}
        return {
            "id": self.id,
            "type": self.type,
            **{name: value for name, value in named.items() if value},
        }

    def add(self, message: Json, file: TelegramFile | None, *, mine: bool) -> Bubble:
        """Puts a message into the chat and onto the screen. Sets its message_id."""
        message["message_id"] = self.next_id
        self.next_id += 1
        self.messages[message["message_id"]] = message
        return self.screen.show(bubble_of(message, file, mine=mine))


def bubble_of(message: Json, file: TelegramFile | None, *, mine: bool) -> Bubble:
    """Returns a message as the customer's screen shows it."""
    kind: Kind = next((kind for name, kind in KINDS.items() if name in message), "text")
    location = message.get("location")
    contact = message.get("contact")
    return Bubble(
        id=str(message["message_id"]),
        mine=mine,
        kind="animation" if "animation" in message else kind,
        text=message.get("text") or message.get("caption") or (contact or {}).get("first_name", ""),
        media=file.media if file else None,
        location=(location["latitude"], location["longitude"]) if location else None,
        buttons=buttons_of(message.get("reply_markup")),
        reply_to=str(message.get("reply_to_message", {}).get("message_id", "")),
        at=datetime.fromtimestamp(message["date"], UTC),
        status="sent" if mine else "",
        raw=message,
    )


def buttons_of(markup: Json | None) -> tuple[Button, ...]:
    """Returns the buttons of a reply_markup, row after row."""
    if not markup:
        return ()
    rows = markup.get("inline_keyboard") or markup.get("keyboard") or []
    return tuple(
        Button(button, "")
        if isinstance(button, str)
        else Button(button["text"], button.get("callback_data", ""))
        for row in rows
        for button in row
    )
