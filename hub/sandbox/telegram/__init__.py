"""Telegram's Bot API on loopback, with the updates that its customers cause.

Knows `hub.sandbox.base`, and no other provider.
"""

from hub.sandbox.telegram.provider import Telegram

__all__ = ["Telegram"]
