"""A message of the hub as calls of the Bot API.

Limits: https://core.telegram.org/bots/api#sendmessage (text 4096, caption 1024, in UTF-16 units),
https://core.telegram.org/bots/api#sending-files (photo 10 MB, other 50 MB),
https://core.telegram.org/bots/api#sendmediagroup (2 to 10)
"""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from telegram import InputFile, InputMedia, InputMediaPhoto, InputMediaVideo

from hub.connectors.text import split_text, utf16_length
from hub.errors import Unsupported
from hub.types import Attachment, Location, Medium, MediumLimit, OutboundMessage, TextUnit

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
ALBUM_LIMIT = 10
MEGABYTE = 1024 * 1024
PHOTO_BYTES = 10 * MEGABYTE
FILE_BYTES = 50 * MEGABYTE
STICKER_BYTES = 512 * 1024

MEDIA: dict[Medium, MediumLimit] = {
    Medium.IMAGE: MediumLimit(FILE_BYTES, ("image/*",), CAPTION_LIMIT),
    Medium.AUDIO: MediumLimit(FILE_BYTES, ("audio/*",), CAPTION_LIMIT),
    Medium.VOICE: MediumLimit(FILE_BYTES, ("audio/*",), CAPTION_LIMIT),
    Medium.VIDEO: MediumLimit(FILE_BYTES, ("video/*",), CAPTION_LIMIT),
    Medium.STICKER: MediumLimit(STICKER_BYTES, ("image/webp",)),
    Medium.FILE: MediumLimit(FILE_BYTES, ("*/*",), CAPTION_LIMIT),
}

_MP3_OR_M4A = ("audio/mpeg", "audio/mp3", "audio/mp4", "audio/m4a", "audio/x-m4a")
#: The method by which Telegram shows a file as its medium; any other file goes as a document.
METHODS: dict[tuple[Medium, str], str] = {
    (Medium.IMAGE, "image/jpeg"): "send_photo",
    (Medium.IMAGE, "image/png"): "send_photo",
    (Medium.IMAGE, "image/webp"): "send_photo",
    (Medium.IMAGE, "image/gif"): "send_animation",
    (Medium.VIDEO, "video/mp4"): "send_video",
    (Medium.VIDEO, "image/gif"): "send_animation",
    (Medium.VOICE, "audio/ogg"): "send_voice",
    (Medium.STICKER, "image/webp"): "send_sticker",
    **{(Medium.VOICE, kind): "send_voice" for kind in _MP3_OR_M4A},
    **{(Medium.AUDIO, kind): "send_audio" for kind in _MP3_OR_M4A},
}
ALBUM_METHOD = "send_media_group"
#: The parameter that names a topic of a chat.
TOPIC = "message_thread_id"
ALBUM: dict[str, type[InputMediaPhoto | InputMediaVideo]] = {
    "send_photo": InputMediaPhoto,
    "send_video": InputMediaVideo,
}


@dataclass(frozen=True, slots=True)
class BotCall:
    """One call of a method of the Bot API.

    Args:
        method: python-telegram-bot's name for it.
        chat_id: the chat it is about, "" where the method is about no chat.
        options: its other parameters.
        attachments: the files to upload; read when the call is made.
    """

    method: str
    chat_id: str = ""
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    attachments: tuple[Attachment, ...] = ()

    def parameters(self) -> dict[str, Any]:
        """All parameters of the Bot's method, with the files' bytes."""
        values = {**({"chat_id": self.chat_id} if self.chat_id else {}), **self.options}
        if self.method == ALBUM_METHOD:
            return {**values, "media": [self._album_item(file) for file in self.attachments]}
        for attachment in self.attachments:
            values[self.method.removeprefix("send_")] = _upload(attachment)
        return values

    def as_document(self) -> BotCall:
        """The same file as a document, where Telegram does not show it as its medium."""
        # Telegram would look into the bytes, and make a photo of a picture again.
        plain = {**self.options, "disable_content_type_detection": True}
        return replace(self, method="send_document", options=plain)

    def singly(self) -> list[BotCall]:
        """The files of an album in calls of their own; its caption goes with the first."""
        if self.method != ALBUM_METHOD:
            return [self]
        first, *later_files = self.attachments
        topic = {name: value for name, value in self.options.items() if name == TOPIC}
        return [
            replace(self, method=method_for(first), attachments=(first,)),
            *(BotCall(method_for(file), self.chat_id, topic, (file,)) for file in later_files),
        ]

    @property
    def shows_medium(self) -> bool:
        """Whether it shows a file as a picture, a video or a voice, and not as a document."""
        return bool(self.attachments) and self.method not in ("send_document", ALBUM_METHOD)

    def outside_topic(self) -> BotCall:
        """The same in the chat itself."""
        options = {name: value for name, value in self.options.items() if name != TOPIC}
        return replace(self, options=options)

    def _album_item(self, attachment: Attachment) -> InputMedia:
        return ALBUM[method_for(attachment)](_upload(attachment, attach=True))


def compose_message(message: OutboundMessage) -> list[BotCall]:
    """The calls for a message, in order: files (with a short text below them), text, location.

    Raises:
        Unsupported: Telegram cannot carry a part of the message.
    """
    chat = message.address.path
    text = message.text.strip()
    _check_limits(message, text)
    calls = [_files_call(chat, files) for files in _albums(message.attachments)]
    if _is_caption(text, calls) and not message.buttons:
        calls[0] = _with(calls[0], caption=text)
        text = ""
    pieces = split_text(text, TEXT_LIMIT, TextUnit.UTF16)
    calls += [BotCall("send_message", chat, {"text": piece}) for piece in pieces]
    if message.location is not None:
        calls.append(_location_call(chat, message.location))
    if message.topic.isdecimal():
        calls = [_with(call, **{TOPIC: int(message.topic)}) for call in calls]
    if message.buttons:
        calls[-1] = _with(calls[-1], reply_markup=keyboard(message.buttons))
    if message.reply_to.isdecimal():
        # Without the second option, an answer to a message that was deleted would be refused.
        reply = {"message_id": int(message.reply_to), "allow_sending_without_reply": True}
        calls[0] = _with(calls[0], reply_parameters=reply)
    return calls


def keyboard(labels: Sequence[str]) -> dict[str, Any]:
    """Buttons in place of the customer's keyboard: pressing one writes its label as a message.

    Buttons under the message would carry 64 bytes at most, and the chat would not show which one
    the customer pressed.
    """
    rows = [[{"text": label}] for label in labels]
    return {"keyboard": rows, "one_time_keyboard": True, "resize_keyboard": True}


def method_for(attachment: Attachment) -> str:
    """The method that shows a file as its medium, or as a document."""
    media_type = attachment.media_type.partition(";")[0].strip().lower()
    method = METHODS.get((attachment.medium, media_type), "send_document")
    if method == "send_photo" and (attachment.size or 0) > PHOTO_BYTES:
        return "send_document"
    return method


def _check_limits(message: OutboundMessage, text: str) -> None:
    if not (text or message.attachments or message.location):
        raise Unsupported("a message with nothing in it")
    if message.buttons and not (text or message.location):
        raise Unsupported("buttons without a text")
    for attachment in message.attachments:
        limit = MEDIA[attachment.medium].max_bytes
        if (attachment.size or 0) > limit:
            size = f"{limit // MEGABYTE} MB" if limit >= MEGABYTE else f"{limit // 1024} KB"
            raise Unsupported(
                f"{attachment.medium} over {size}",
                f"{attachment.name or 'The file'} is larger than the {size} that Telegram takes "
                "from a bot. Send a smaller file or a link.",
            )


def _albums(attachments: Sequence[Attachment]) -> list[tuple[Attachment, ...]]:
    """The files of each call: photos and videos that follow each other share one, ten at most."""
    albums: list[tuple[Attachment, ...]] = []
    for is_album, run in groupby(attachments, lambda file: method_for(file) in ALBUM):
        files = tuple(run)
        size = ALBUM_LIMIT if is_album else 1
        albums += [files[start : start + size] for start in range(0, len(files), size)]
    return albums


def _files_call(chat: str, files: tuple[Attachment, ...]) -> BotCall:
    method = method_for(files[0]) if len(files) == 1 else ALBUM_METHOD
    return BotCall(method, chat, {}, files)


def _is_caption(text: str, calls: Sequence[BotCall]) -> bool:
    """Whether the text fits below the first file."""
    if not (text and calls) or utf16_length(text) > CAPTION_LIMIT:
        return False
    return calls[0].method != "send_sticker"


def _location_call(chat: str, location: Location) -> BotCall:
    options = {"latitude": location.latitude, "longitude": location.longitude}
    if not location.name:
        return BotCall("send_location", chat, options)
    # A venue is a location with a title; its address must be set, and may repeat the title.
    title, address = location.name, location.address or location.name
    return BotCall("send_venue", chat, {**options, "title": title, "address": address})


def _with(call: BotCall, **options: Any) -> BotCall:
    return replace(call, options={**call.options, **options})


def _upload(attachment: Attachment, *, attach: bool = False) -> InputFile:
    assert attachment.content is not None, "an outgoing attachment has its bytes at hand"
    media_type = attachment.media_type.partition(";")[0].strip()
    name = attachment.name or f"{attachment.medium}{mimetypes.guess_extension(media_type) or ''}"
    return InputFile(attachment.content(), filename=name, attach=attach)
