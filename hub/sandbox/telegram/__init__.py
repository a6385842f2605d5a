"""Telegram's Bot API on loopback."""

from hub.sandbox.telegram.provider import Telegram

__all__ = ["Telegram"]
