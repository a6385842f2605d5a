"""Web chat: the widget on a shop's pages and the hub's own chat page."""

from hub.connectors.webchat.connector import SocketCall, SocketTyping, Webchat, WebchatConfig

__all__ = ["SocketCall", "SocketTyping", "Webchat", "WebchatConfig"]
