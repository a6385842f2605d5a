"""Web chat: the widget on a site's pages and the hub's own chat page."""

from hub.connectors.webchat.connector import Webchat

__all__ = ["Webchat"]
