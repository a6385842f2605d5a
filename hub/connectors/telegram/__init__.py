"""Telegram, as a bot: by long polling or by webhook."""

from hub.connectors.telegram.connector import Telegram

__all__ = ["Telegram"]
