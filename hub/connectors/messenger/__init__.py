"""Facebook Messenger."""

from hub.connectors.messenger.connector import Messenger

__all__ = ["Messenger"]
