"""Socket.IO's list of clients, extended to the clients of the other processes of this hub.

python-socketio's own manager for Redis takes what anybody publishes, and goes on after a gap as if
nothing had happened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from socketio import PubSubManager
from socketio.manager import Manager

if TYPE_CHECKING:
    from hub.inbox.peers.channel import PeerChannel

#: What python-socketio's processes say to each other.
_METHODS = ("emit", "callback", "disconnect", "enter_room", "leave_room", "close_room")


class PeerManager(PubSubManager):  # type: ignore[misc]
    """Passes events on through a `PeerChannel`."""

    def __init__(self, channel: PeerChannel) -> None:
        super().__init__()
        self.host_id = channel.process_id
        self._channel = channel

    def initialize(self) -> None:
        # The channel starts and stops with the process, not with its first socket.
        Manager.initialize(self)

    def receive(self, body: dict[str, Any]) -> None:
        """Handles an event of another process."""
        method = body.get("method")
        if method in _METHODS:
            getattr(self, f"_handle_{method}")(body)

    def _publish(self, data: dict[str, Any]) -> None:
        self._channel.publish(data)
