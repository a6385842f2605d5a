"""What a device is told by a push. Pure. The words are the service worker's, in its language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hub.notifications.push_states import TEST
from hub.notifications.settings import NotificationSettings
from hub.schema.resources import Notification

#: A push service refuses more than 4096 bytes, and a letter may take four.
MAX_NAME = 80


@dataclass(frozen=True, slots=True)
class Push:
    """A push: what the device gets, and how urgent it is."""

    content: dict[str, Any]
    urgency: str


def push_of_test(language: str) -> Push:
    """A push that says that it is a test."""
    return Push({"type": "test", "language": language}, "high")


def push_of_conversation(
    conversation_id: int,
    unseen: Sequence[Notification],
    settings: NotificationSettings,
    language: str,
) -> Push | None:
    """What a device shows of a conversation now; None where there is nothing to show.

    Args:
        unseen: all that the agent has not seen of it, the latest first.
    """
    pushed = [each for each in unseen if settings.places(each.kind).push]
    if not pushed:
        return None
    latest = pushed[0]
    content = {
        "type": "show",
        "language": language,
        "conversation_id": str(conversation_id),
        "message_id": latest.message_id,
        "kind": latest.kind,
        "name": latest.contact_name[:MAX_NAME],
        "author": latest.author[:MAX_NAME],
        "clock": latest.clock,
        "hide_text": settings.hide_text,
        "text": "" if settings.hide_text else latest.text,
        "silent": latest.connector in settings.silent_connectors
        or not settings.places(latest.kind).sound,
    }
    return Push(content, "high")


def push_of_clearing(conversation_id: int) -> Push:
    """Takes back what a device shows of a conversation."""
    return Push({"type": "clear", "conversation_id": str(conversation_id)}, "normal")


def topic_of(conversation_id: int) -> str:
    """At most 32 letters of base64url: a later push about the conversation replaces the former.

    Source: RFC 8030, 5.4
    """
    return "test" if conversation_id == TEST else f"conversation-{conversation_id}"
