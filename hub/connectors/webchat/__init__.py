"""Web chat: the widget on a shop's pages and the hub's own chat page."""

from hub.connectors.page_identity import Identity, IdentityRefused, IdentityRequired, SignedId
from hub.connectors.webchat.connector import SocketCall, SocketTyping, Webchat, WebchatConfig

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
