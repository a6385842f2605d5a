"""A person with Messenger on the phone, as verbs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Protocol

from hub.sandbox.base import sample_files
from hub.sandbox.base.cdn import Cdn
from hub.sandbox.base.context import Clock, Shared, Waitable
from hub.sandbox.base.screen import Bubble, Kind, Media, Screen
from hub.sandbox.graph.webhooks import Webhooks

Json = dict[str, Any]
KINDS: dict[str, Kind] = {"image": "photo", "audio": "audio", "video": "video", "file": "file"}
EMOJI = {"👍": "like", "❤": "love", "😆": "smile", "😮": "wow", "😢": "sad", "😠": "angry"}
STARTED = "GET_STARTED"


class MessengerPage(Protocol):
    """The part of the stand-in that a customer needs."""

    shared: Shared
    cdn: Cdn
    page_id: str
    webhooks: Webhooks

    def new_mid(self) -> str:
        """Returns an id for a message, as Meta makes them."""


class MessengerCustomer:
    """Every writing verb returns the Bubble it left on the screen, its id the mid."""

    def __init__(self, page: MessengerPage, psid: str, name: str, screen: Screen) -> None:
        self._page = page
        self.psid = psid
        self.name = name
        self.screen = screen
        self.last_wrote: datetime | None = None
        self.blocked = False

    @property
    def received(self) -> Waitable[Bubble]:
        """What arrived on this phone."""
        return self.screen.received

    @property
    def clock(self) -> Clock:
        return self._page.shared.clock

    # -- writing ----------------------------------------------------------------------------

    def says(self, text: str, *, reply_to: Bubble | str | None = None, **message: Any) -> Bubble:
        return self._writes({"text": text, **message}, reply_to=reply_to, text=text)

    def sends_photo(self, data: bytes | None = None, *, caption: str = "") -> Bubble:
        """A photo; Messenger has no captions, so a caption is a message of its own after it."""
        bubble = self.sends("image", data or sample_files.photo(), "image/png", "photo.png")
        if caption:
            self.says(caption)
        return bubble

    def sends_voice(self, data: bytes | None = None, media_type: str = "audio/ogg") -> Bubble:
        return self.sends("audio", data or sample_files.voice(), media_type, "audioclip.ogg")

    def sends_file(self, data: bytes | None = None, name: str = "form.pdf") -> Bubble:
        return self.sends("file", data or sample_files.pdf(), "application/pdf", name)

    def sends(self, kind: str, data: bytes, media_type: str, name: str) -> Bubble:
        """`kind` is image, audio, video or file."""
        media = self._page.cdn.put(data, media_type, name)
        attachment = {"type": kind, "payload": {"url": media.url}}
        return self._writes({"attachments": [attachment]}, kind=KINDS[kind], media=media)

    def sends_location(self, latitude: float, longitude: float) -> Bubble:
        payload = {"coordinates": {"lat": latitude, "long": longitude}}
        attachment = {"type": "location", "title": "Location", "payload": payload}
        return self._writes(
            {"attachments": [attachment]}, kind="location", location=(latitude, longitude)
        )

    def likes(self) -> Bubble:
        """The thumb: a sticker, which comes as an image with an id."""
        media = self._page.cdn.put(sample_files.thumb(), "image/png", "thumb.png")
        payload = {"url": media.url, "sticker_id": 369239263222822}
        attachment = {"type": "image", "payload": payload}
        return self._writes(
            {"sticker_id": 369239263222822, "attachments": [attachment]},
            kind="sticker",
            media=media,
        )

    def presses(self, title: str) -> None:
        """Presses a quick reply (a message with its payload) or a button (a postback).

        Raises AssertionError when no message has it.
        """
        for bubble in reversed(list(self.received)):
            for button in bubble.buttons:
                if button.title == title:
                    if bubble.raw.get("quick_replies"):
                        self.says(title, quick_reply={"payload": button.payload})
                    else:
                        self.posts_back(button.payload, title)
                    return
        raise AssertionError(f"no message has a button {title!r}")

    def posts_back(self, payload: str, title: str = "", ref: str = "") -> None:
        postback: Json = {"mid": self._page.new_mid(), "title": title, "payload": payload}
        if ref:
            postback["referral"] = {"ref": ref, "source": "SHORTLINK", "type": "OPEN_THREAD"}
        self._does("messaging_postbacks", {"postback": postback})

    def follows_link(self, ref: str) -> None:
        """Opens https://m.me/<page>?ref=...; at first sight that is a press on Get Started."""
        if self.last_wrote is None:
            self.posts_back(STARTED, "Get Started", ref)
            return
        referral = {"ref": ref, "source": "SHORTLINK", "type": "OPEN_THREAD"}
        self._does("messaging_referrals", {"referral": referral})

    # The provider's own word for it.
    referral = follows_link

    def reacts(self, message: Bubble | str, emoji: str = "❤") -> None:
        """Puts an emoji under a message; "" takes it back."""
        mid = message if isinstance(message, str) else message.id
        reaction: Json = {"action": "react" if emoji else "unreact", "mid": mid}
        if emoji:
            reaction |= {"reaction": EMOJI.get(emoji, "other"), "emoji": emoji}
        self.screen.change(mid, reaction=emoji)
        self._does("message_reactions", {"reaction": reaction})

    def edits(self, message: Bubble | str, text: str, number: int = 1) -> None:
        mid = message if isinstance(message, str) else message.id
        self.screen.change(mid, text=text, edited=True)
        edit = {"mid": mid, "text": text, "num_edit": number}
        self._does("message_edits", {"message_edit": edit})

    # -- reading ----------------------------------------------------------------------------

    def reads(self) -> None:
        """Opens the chat: all of the page's messages so far are read."""
        unread = [b for b in self.received if b.status != "read"]
        if not unread:
            return
        for bubble in unread:
            self.screen.change(bubble.id, status="read")
        watermark = max(int(b.raw["timestamp"]) for b in unread)
        self._tells("message_reads", {"read": {"watermark": watermark}})

    # -- doors ------------------------------------------------------------------------------

    def last_wrote_hours_ago(self, hours: float) -> None:
        """As if the last message had come that long ago: moves the reply window."""
        self.last_wrote = self._page.shared.clock.now() - timedelta(hours=hours)

    def blocks_page(self) -> None:
        """Sends are refused with 551 from now on. The page is not told."""
        self.blocked = True

    def unblocks_page(self) -> None:
        self.blocked = False

    # -- parts ------------------------------------------------------------------------------

    def _writes(
        self, message: Json, *, reply_to: Bubble | str | None = None, **shown: Any
    ) -> Bubble:
        mid = self._page.new_mid()
        if reply_to is not None:
            answered = reply_to if isinstance(reply_to, str) else reply_to.id
            message["reply_to"] = {"mid": answered}
            shown["reply_to"] = answered
        bubble = self.screen.show(
            Bubble(
                id=mid,
                mine=True,
                at=self._page.shared.clock.now(),
                status="sent",
                raw=message,
                **shown,
            )
        )

        def done(accepted: bool) -> None:
            self.screen.change(mid, status="delivered" if accepted else "failed")

        self._does("messages", {"message": {"mid": mid, **message}}, done)
        return bubble

    def _does(self, field: str, event: Json, done: Any = lambda _: None) -> None:
        # Whatever a person does in the chat opens the window again.
        self.last_wrote = self._page.shared.clock.now()
        self._tells(field, event, done)

    def _tells(self, field: str, event: Json, done: Any = lambda _: None) -> None:
        self._page.webhooks.send(field, {**self.head(), **event}, done)

    def head(self) -> Json:
        return {
            "sender": {"id": self.psid},
            "recipient": {"id": self._page.page_id},
            "timestamp": int(self._page.shared.clock.now().timestamp() * 1000),
        }


def shown_media(media: Media | None, kind: str) -> Kind:
    return KINDS.get(kind, "file") if media else "text"
