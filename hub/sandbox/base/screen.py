"""A customer's screen: the bubbles of one chat in one app."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from hub.sandbox.base.feed import Feed
from hub.sandbox.base.waitable import Waitable

Kind = Literal[
    "text",
    "photo",
    "voice",
    "audio",
    "video",
    "animation",
    "sticker",
    "file",
    "location",
    "contact",
]


@dataclass(frozen=True, slots=True)
class Media:
    """A file and, once it is stored, its URL."""

    data: bytes = field(repr=False)
    media_type: str
    name: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Button:
    title: str
    payload: str = ""


@dataclass(kw_only=True)
class Bubble:
    """One message on the screen.

    Args:
        mine: whether the customer wrote it; else the shop did.
        by_provider: whether the provider itself wrote it (Twilio's answer to STOP).
        status: the tick: `sent` (at the provider), `delivered` (at the other side), `read`, or
            `failed` with its `problem`.
    """

    id: str
    mine: bool
    kind: Kind = "text"
    text: str = ""
    media: Media | None = None
    location: tuple[float, float] | None = None
    buttons: tuple[Button, ...] = ()
    reply_to: str = ""
    reaction: str = ""
    edited: bool = False
    by_provider: bool = False
    status: str = ""
    problem: str = ""
    at: datetime
    raw: dict[str, Any] = field(default_factory=dict, repr=False)

    def as_json(self) -> dict[str, Any]:
        media = self.media
        return {
            "id": self.id,
            "mine": self.mine,
            "kind": self.kind,
            "text": self.text,
            "media": media
            and {"url": media.url, "media_type": media.media_type, "name": media.name},
            "location": self.location,
            "buttons": [{"title": b.title, "payload": b.payload} for b in self.buttons],
            "reply_to": self.reply_to,
            "reaction": self.reaction,
            "edited": self.edited,
            "by_provider": self.by_provider,
            "status": self.status,
            "problem": self.problem,
            "at": self.at.isoformat(),
        }


class Screen:
    """One chat: `bubbles` are all messages in order, `received` those from the shop."""

    def __init__(self, feed: Feed, key: str) -> None:
        self.key = key
        self.bubbles: Waitable[Bubble] = Waitable()
        self.received: Waitable[Bubble] = Waitable()
        self.typing: Waitable[str] = Waitable()
        self._feed = feed

    def show(self, bubble: Bubble) -> Bubble:
        """Adds a bubble at the end."""
        self.bubbles.append(bubble)
        if not bubble.mine:
            self.received.append(bubble)
        self._publish(bubble)
        return bubble

    def find(self, bubble_id: str) -> Bubble | None:
        return next((bubble for bubble in self.bubbles if bubble.id == bubble_id), None)

    def change(self, bubble_id: str, **changes: Any) -> None:
        """Changes a bubble; one that is not on the screen (any more) is no error."""
        bubble = self.find(bubble_id)
        if bubble is None:
            return
        for name, value in changes.items():
            setattr(bubble, name, value)
        self.bubbles.touch()
        self.received.touch()
        self._publish(bubble)

    def shows_typing(self, activity: str, seconds: float) -> None:
        """Shows for some seconds that the shop is at work; 0 ends it."""
        self.typing.append(activity)
        self._feed.publish("typing", {"screen": self.key, "what": activity, "seconds": seconds})

    def clear(self) -> None:
        self.bubbles = Waitable()
        self.received = Waitable()
        self._feed.publish("cleared", {"screen": self.key})

    def as_json(self) -> list[dict[str, Any]]:
        return [bubble.as_json() for bubble in self.bubbles]

    def _publish(self, bubble: Bubble) -> None:
        self._feed.publish("bubble", {"screen": self.key, "bubble": bubble.as_json()})
