"""A customer with Telegram on the phone, as verbs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.sandbox.base import sample_files
from hub.sandbox.base.screen import Bubble, Screen
from hub.sandbox.base.waitable import Waitable
from hub.sandbox.telegram.chats import Chat, Json, TelegramFile
from hub.sandbox.telegram.state import TelegramState

MIME = {
    "photo": ("image/png", "photo.png"),
    "voice": ("audio/ogg", "voice.ogg"),
    "audio": ("audio/mpeg", "song.mp3"),
    "video": ("video/mp4", "clip.mp4"),
    "video_note": ("video/mp4", "round.mp4"),
    "animation": ("video/mp4", "animation.mp4"),
    "sticker": ("image/webp", "sticker.webp"),
    "document": ("application/octet-stream", "file.bin"),
}


class TelegramCustomer:
    """Every verb that writes returns the Bubble that it put on the screen; its id is Telegram's."""

    def __init__(self, state: TelegramState, chat: Chat) -> None:
        self._state = state
        self.chat = chat

    @property
    def id(self) -> int:
        return self.chat.id

    @property
    def name(self) -> str:
        return self.chat.first_name

    @property
    def screen(self) -> Screen:
        return self.chat.screen

    @property
    def received(self) -> Waitable[Bubble]:
        """The messages that arrived on this phone."""
        return self.chat.screen.received

    # -- writing ----------------------------------------------------------------------------

    def says(
        self, text: str, *, reply_to: Bubble | str | None = None, chat: Chat | None = None
    ) -> Bubble:
        """Writes a text to the bot, or in a group `chat`; `/commands` get their entity."""
        content: Json = {"text": text}
        if text.startswith("/"):
            command = text.split()[0]
            content["entities"] = [{"type": "bot_command", "offset": 0, "length": len(command)}]
        return self._send_message(content, reply_to=reply_to, chat=chat)

    def starts(self, payload: str = "") -> Bubble:
        """Presses Start; with a payload it is that of a link https://t.me/<bot>?start=payload."""
        if self.chat.bot == "kicked":
            self.unblocks_bot()
        return self.says(f"/start {payload}".strip())

    def sends_photo(self, data: bytes | None = None, caption: str = "", **more: Any) -> Bubble:
        return self._send_file("photo", data or sample_files.photo(), caption, **more)

    def sends_voice(self, data: bytes | None = None, duration: int = 1, **more: Any) -> Bubble:
        return self._send_file(
            "voice", data or sample_files.voice(duration), duration=duration, **more
        )

    def sends_document(
        self, data: bytes | None = None, name: str = "form.pdf", caption: str = "", **more: Any
    ) -> Bubble:
        more.setdefault("media_type", "application/pdf" if name.endswith(".pdf") else "")
        return self._send_file("document", data or sample_files.pdf(), caption, name=name, **more)

    def sends_video(self, data: bytes, caption: str = "", **more: Any) -> Bubble:
        return self._send_file("video", data, caption, **more)

    def sends_audio(self, data: bytes, caption: str = "", **more: Any) -> Bubble:
        return self._send_file("audio", data, caption, **more)

    def sends_animation(self, data: bytes, caption: str = "", **more: Any) -> Bubble:
        return self._send_file("animation", data, caption, **more)

    def sends_video_note(self, data: bytes, **more: Any) -> Bubble:
        return self._send_file("video_note", data, **more)

    def sends_sticker(self, data: bytes | None = None) -> Bubble:
        return self._send_file(
            "sticker", data or sample_files.png(64, 64, lambda x, y: (x, y, 128))
        )

    def sends_location(self, latitude: float, longitude: float) -> Bubble:
        return self._send_message({"location": {"latitude": latitude, "longitude": longitude}})

    def shares_contact(self, phone: str, name: str = "", *, is_own_number: bool = False) -> Bubble:
        card: Json = {"phone_number": phone, "first_name": name or self.name}
        return self._send_message(
            {"contact": {**card, **({"user_id": self.id} if is_own_number else {})}}
        )

    def album(self, items: Sequence[bytes | str], caption: str = "") -> list[Bubble]:
        """Sends photos as one album: one update each, all with one media_group_id.

        The caption belongs to the first.
        """
        group = self._state.new_album()
        pictures = [item if isinstance(item, bytes) else sample_files.photo() for item in items]
        return [
            self._send_file("photo", data, caption if not number else "", media_group_id=group)
            for number, data in enumerate(pictures)
        ]

    def forwards(self, texts: Sequence[str], origin: str = "Bob") -> list[Bubble]:
        """Forwards several messages; they come as updates of the same second."""
        forward_origin = {
            "type": "hidden_user",
            "sender_user_name": origin,
            "date": self._state.timestamp(),
        }
        return [
            self._send_message({"text": text, "forward_origin": forward_origin}) for text in texts
        ]

    def edits(self, message: Bubble | int | str, text: str) -> None:
        """Changes the text of a message, or the caption under its file."""
        number = int(message.id if isinstance(message, Bubble) else message)
        old = self.chat.messages[number]
        old["text" if "text" in old else "caption"] = text
        old["edit_date"] = self._state.timestamp()
        self.screen.change(str(number), text=text, edited=True)
        self._state.updates.put("edited_message", dict(old), f"chat {self.chat.id}")

    def presses(self, title: str) -> None:
        """Presses a button under a message of the bot, or one of its keyboard (which is a text).

        Raises:
            AssertionError: no message has a button with this title.
        """
        for bubble in reversed(list(self.received)):
            for button in bubble.buttons:
                if button.title == title:
                    if "inline_keyboard" in bubble.raw.get("reply_markup", {}):
                        self._press_inline_button(bubble, button.payload)
                    else:
                        self.says(title)
                    return
        raise AssertionError(f"no message has a button {title!r}")

    def reacts(self, message: Bubble | int | str, emoji: str) -> None:
        """Puts an emoji under a message, or removes it with an empty text.

        The update comes only if the bot asked for reactions.
        """
        number = str(message.id if isinstance(message, Bubble) else message)
        bubble = self.screen.find(number)
        old = bubble.reaction if bubble else ""
        self.screen.change(number, reaction=emoji)
        value = {
            "chat": self.chat.as_json(),
            "message_id": int(number),
            "user": self._user(),
            "date": self._state.timestamp(),
            "old_reaction": [{"type": "emoji", "emoji": old}] if old else [],
            "new_reaction": [{"type": "emoji", "emoji": emoji}] if emoji else [],
        }
        self._state.updates.put("message_reaction", value, f"reactions {self.id}")

    # -- membership -------------------------------------------------------------------------

    def blocks_bot(self) -> None:
        self._change_membership("kicked")

    def unblocks_bot(self) -> None:
        self._change_membership("member")

    def deletes_account(self) -> None:
        self.chat.deactivated = True

    # -- parts ------------------------------------------------------------------------------

    def _user(self) -> Json:
        user: Json = {"id": self.id, "is_bot": False, "first_name": self.name}
        if self.chat.username:
            user["username"] = self.chat.username
        return {**user, "language_code": self.chat.language}

    def _send_file(self, kind: str, data: bytes, caption: str = "", **more: Any) -> Bubble:
        media_type, name = MIME[kind]
        file = self._state.files.store(
            data,
            more.pop("media_type", "") or media_type,
            more.pop("name", "") or name,
            kind,
            more.pop("duration", 1),
        )
        content = {**file.in_message(kind), **({"caption": caption} if caption else {})}
        reply_to = more.pop("reply_to", None)
        return self._send_message({**content, **more}, file, reply_to=reply_to)

    def _send_message(
        self,
        content: Json,
        file: TelegramFile | None = None,
        *,
        reply_to: Bubble | str | None = None,
        chat: Chat | None = None,
    ) -> Bubble:
        chat = chat or self.chat
        if chat.bot == "unknown":
            chat.bot = "member"
        message: Json = {"message_id": 0, "from": self._user(), "chat": chat.as_json()}
        message |= {"date": self._state.timestamp(), **content}
        if reply_to is not None:
            number = int(reply_to.id if isinstance(reply_to, Bubble) else reply_to)
            answered_message = dict(chat.messages[number])
            answered_message.pop("reply_to_message", None)
            message["reply_to_message"] = answered_message
        bubble = chat.add(message, file, mine=True)
        if chat.bot == "kicked":
            # A customer that blocked a bot cannot write to it; the app shows an Unblock button.
            chat.screen.change(bubble.id, status="failed", problem="You blocked this bot")
            return bubble
        self._state.updates.put(
            "message",
            dict(message),
            f"chat {chat.id}",
            lambda: chat.screen.change(bubble.id, status="delivered"),
        )
        return bubble

    def _press_inline_button(self, bubble: Bubble, data: str) -> None:
        value = {
            "id": self._state.new_callback(),
            "from": self._user(),
            "message": bubble.raw,
            "chat_instance": str(self.id),
            "data": data,
        }
        self._state.updates.put("callback_query", value, f"callbacks {self.id}")

    def _change_membership(self, status: str) -> None:
        old, self.chat.bot = self.chat.bot, status
        if old == status:
            return
        bot = self._state.bot()
        value = {
            "chat": self.chat.as_json(),
            "from": self._user(),
            "date": self._state.timestamp(),
            "old_chat_member": _member(bot, "member" if old != "kicked" else "kicked"),
            "new_chat_member": _member(bot, status),
        }
        self._state.updates.put("my_chat_member", value, f"chat {self.chat.id}")


class TelegramGroup:
    """A group with the bot as a member."""

    def __init__(self, state: TelegramState, title: str) -> None:
        self._state = state
        self.chat = state.group_chat(title)

    @property
    def received(self) -> Waitable[Bubble]:
        return self.chat.screen.received

    def hears(self, customer: TelegramCustomer, text: str) -> Bubble:
        return customer.says(text, chat=self.chat)

    def becomes_supergroup(self, *, sends_updates: bool = True) -> Chat:
        """Gives the group a new id.

        Args:
            sends_updates: false where the bot learns of it only when its next send is refused.
        """
        old = self.chat
        self.chat = self._state.group_chat(old.title, supergroup=True)
        old.migrated_to = self.chat.id
        if sends_updates:
            for chat, key, linked_id in (
                (old, "migrate_to_chat_id", self.chat.id),
                (self.chat, "migrate_from_chat_id", old.id),
            ):
                message = {"chat": chat.as_json(), "date": self._state.timestamp(), key: linked_id}
                message["message_id"] = chat.next_id
                chat.next_id += 1
                self._state.updates.put("message", message, f"chat {chat.id}")
        return self.chat


def _member(bot: Json, status: str) -> Json:
    member: Json = {"user": bot, "status": status}
    return {**member, "until_date": 0} if status == "kicked" else member
