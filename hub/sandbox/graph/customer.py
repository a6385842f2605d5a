"""A customer with Messenger on the phone, as verbs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Protocol

from hub.sandbox.base import sample_files
from hub.sandbox.base.cdn import Cdn
from hub.sandbox.base.context import Clock, SandboxContext
from hub.sandbox.base.screen import Bubble, Kind, Media, Screen
from hub.sandbox.base.waitable import Waitable
from hub.sandbox.graph.webhooks import OnFinished, Webhooks

Json = dict[str, Any]
KINDS: dict[str, Kind] = {"image": "photo", "audio": "audio", "video": "video", "file": "file"}
EMOJI = {"👍": "like", "❤": "love", "😆": "smile", "😮": "wow", "😢": "sad", "😠": "angry"}
STARTED = "GET_STARTED"


class MessengerPage(Protocol):
    """The part of the stand-in that a customer needs: the page and its webhooks."""

    context: SandboxContext
    cdn: Cdn
    page_id: str
    webhooks: Webhooks

    def new_mid(self) -> str:
        """Makes the id of a message."""


class MessengerCustomer:
    """Every verb that writes returns the Bubble that it put on the screen; its id is the mid."""

    def __init__(self, page: MessengerPage, psid: str, name: str, screen: Screen) -> None:
        self._page = page
        self.psid = psid
        self.name = name
        self.screen = screen
        self.last_wrote: datetime | None = None
        self.blocked = False

    @property
    def received(self) -> Waitable[Bubble]:
        """The messages that arrived on this phone."""
        return self.screen.received

    @property
    def clock(self) -> Clock:
        return self._page.context.clock

    # -- writing ----------------------------------------------------------------------------

    def says(self, text: str, *, reply_to: Bubble | str | None = None, **message: Any) -> Bubble:
        return self._send_message({"text": text, **message}, reply_to=reply_to, text=text)

    def sends_photo(self, data: bytes | None = None, *, caption: str = "") -> Bubble:
        """Sends a photo. Messenger has no captions: a caption follows as a message of its own."""
        bubble = self.sends("image", data or sample_files.photo(), "image/png", "photo.png")
        if caption:
            self.says(caption)
        return bubble

    def sends_voice(self, data: bytes | None = None, media_type: str = "audio/ogg") -> Bubble:
        return self.sends("audio", data or sample_files.voice(), media_type, "audioclip.ogg")

    def sends_file(self, data: bytes | None = None, name: str = "form.pdf") -> Bubble:
        return self.sends("file", data or sample_files.pdf(), "application/pdf", name)

    def sends(self, kind: str, data: bytes, media_type: str, name: str) -> Bubble:
        """Sends a file; `kind` is image, audio, video or file."""
        media = self._page.cdn.put(data, media_type, name)
        attachment = {"type": kind, "payload": {"url": media.url}}
        return self._send_message({"attachments": [attachment]}, kind=KINDS[kind], media=media)

    def sends_location(self, latitude: float, longitude: float) -> Bubble:
        payload = {"coordinates": {"lat": latitude, "long": longitude}}
        attachment = {"type": "location", "title": "Location", "payload": payload}
        return self._send_message(
            {"attachments": [attachment]}, kind="location", location=(latitude, longitude)
        )

    def likes(self) -> Bubble:
        """Sends the thumb: a sticker, which comes as an image with an id."""
        media = self._page.cdn.put(sample_files.thumb(), "image/png", "thumb.png")
        payload = {"url": media.url, "sticker_id": 369239263222822}
        attachment = {"type": "image", "payload": payload}
        return self._send_message(
            {"sticker_id": 369239263222822, "attachments": [attachment]},
            kind="sticker",
            media=media,
        )

    def presses(self, title: str) -> None:
        """Presses a quick reply (a message with its payload) or a button (a postback).

        Raises:
            AssertionError: no message has a button with this title.
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
        """Sends the payload of a button, and the `ref` of an m.me link."""
        postback: Json = {"mid": self._page.new_mid(), "title": title, "payload": payload}
        if ref:
            postback["referral"] = {"ref": ref, "source": "SHORTLINK", "type": "OPEN_THREAD"}
        self._send_activity("messaging_postbacks", {"postback": postback})

    def follows_link(self, ref: str) -> None:
        """Opens https://m.me/<page>?ref=...; for a new customer that is a press on Get Started."""
        if self.last_wrote is None:
            self.posts_back(STARTED, "Get Started", ref)
            return
        referral = {"ref": ref, "source": "SHORTLINK", "type": "OPEN_THREAD"}
        self._send_activity("messaging_referrals", {"referral": referral})

    # The name of the event at Meta.
    referral = follows_link

    def reacts(self, message: Bubble | str, emoji: str = "❤") -> None:
        """Puts an emoji under a message, or removes it with an empty text."""
        mid = message if isinstance(message, str) else message.id
        reaction: Json = {"action": "react" if emoji else "unreact", "mid": mid}
        if emoji:
            reaction |= {"reaction": EMOJI.get(emoji, "other"), "emoji": emoji}
        self.screen.change(mid, reaction=emoji)
        self._send_activity("message_reactions", {"reaction": reaction})

    def edits(self, message: Bubble | str, text: str, number: int = 1) -> None:
        mid = message if isinstance(message, str) else message.id
        self.screen.change(mid, text=text, edited=True)
        edit = {"mid": mid, "text": text, "num_edit": number}
        self._send_activity("message_edits", {"message_edit": edit})

    # -- reading ----------------------------------------------------------------------------

    def reads(self) -> None:
        """Opens the chat: all of the page's messages so far are read."""
        unread = [bubble for bubble in self.received if bubble.status != "read"]
        if not unread:
            return
        for bubble in unread:
            self.screen.change(bubble.id, status="read")
        watermark = max(int(bubble.raw["timestamp"]) for bubble in unread)
        self._send_event("message_reads", {"read": {"watermark": watermark}})

    # -- blocking ---------------------------------------------------------------------------

    def last_wrote_hours_ago(self, hours: float) -> None:
        """Moves the reply window: as if the last message had come that many hours ago."""
        self.last_wrote = self._page.context.clock.now() - timedelta(hours=hours)

    def blocks_page(self) -> None:
        """Lets sends to this customer be refused with 551. The page gets no event."""
        self.blocked = True

    def unblocks_page(self) -> None:
        self.blocked = False

    # -- parts ------------------------------------------------------------------------------

    def _send_message(
        self, message: Json, *, reply_to: Bubble | str | None = None, **bubble_fields: Any
    ) -> Bubble:
        mid = self._page.new_mid()
        if reply_to is not None:
            answered_mid = reply_to if isinstance(reply_to, str) else reply_to.id
            message["reply_to"] = {"mid": answered_mid}
            bubble_fields["reply_to"] = answered_mid
        bubble = self.screen.show(
            Bubble(
                id=mid,
                mine=True,
                at=self._page.context.clock.now(),
                status="sent",
                raw=message,
                **bubble_fields,
            )
        )

        def on_finished(accepted: bool) -> None:
            self.screen.change(mid, status="delivered" if accepted else "failed")

        self._send_activity("messages", {"message": {"mid": mid, **message}}, on_finished)
        return bubble

    def _send_activity(
        self, field: str, event: Json, on_finished: OnFinished = lambda _: None
    ) -> None:
        # Every activity of the customer in the chat opens the window again.
        self.last_wrote = self._page.context.clock.now()
        self._send_event(field, event, on_finished)

    def _send_event(
        self, field: str, event: Json, on_finished: OnFinished = lambda _: None
    ) -> None:
        self._page.webhooks.send(field, {**self.envelope(), **event}, on_finished)

    def envelope(self) -> Json:
        """Returns the fields that every event of this customer has."""
        return {
            "sender": {"id": self.psid},
            "recipient": {"id": self._page.page_id},
            "timestamp": int(self._page.context.clock.now().timestamp() * 1000),
        }


def bubble_kind(media: Media | None, kind: str) -> Kind:
    """Returns how the screen draws an attachment of Messenger's type `kind`."""
    return KINDS.get(kind, "file") if media else "text"
