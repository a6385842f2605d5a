"""Web chat: the widget on a shop's pages and the hub's own chat page."""

from hub.connectors.webchat.connector import SocketCall, SocketTyping, Webchat, WebchatConfig
from hub.connectors.webchat.identity import Identity, IdentityRefused, IdentityRequired, SignedId

__all__ = [
    "Identity",
    "IdentityRefused",
    "IdentityRequired",
    "SignedId",
    "SocketCall",
    "SocketTyping",
    "Webchat",
    "WebchatConfig",
]
