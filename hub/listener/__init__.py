"""The HTTP server: accepts connections, reads requests strictly, and bounds what clients use."""

from hub.listener.accepting import Listener, listen
from hub.listener.limits import BodyLimit, Limits
from hub.listener.proxies import Proxies

__all__ = ["BodyLimit", "Limits", "Listener", "Proxies", "listen"]
