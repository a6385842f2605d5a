"""Telegram, as a bot: by long polling or by webhook."""

from hub.optional_imports import import_without

# cryptography opens data of Telegram Passport alone, which no bot of a hub asks for: 8 MB.
import_without(("cryptography",), "telegram")

from hub.connectors.telegram.connector import Telegram  # noqa: E402

__all__ = ["Telegram"]
