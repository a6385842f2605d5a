"""Web chat: the widget on a site's pages and the hub's own chat page."""

from hub.connectors.page_identity import Identity, IdentityRefused, IdentityRequired, SignedId
from hub.connectors.webchat.connector import Webchat
from hub.connectors.webchat.outbound import SocketCall, SocketTyping

__all__ = [
    "Identity",
    "IdentityRefused",
    "IdentityRequired",
    "SignedId",
    "SocketCall",
    "SocketTyping",
    "Webchat",
]
