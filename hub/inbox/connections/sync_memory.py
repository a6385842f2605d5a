"""What a socket has been given by `sync`, so that no message is left out and few come twice."""

from __future__ import annotations

from collections import deque

from hub.schema.resources import Message

#: More than commit out of their order at any moment.
REMEMBERED = 2_000


class SyncMemory:
    """The memory of one socket. Its events come one after the other."""

    def __init__(self) -> None:
        self._given_ids: deque[str] = deque(maxlen=REMEMBERED)
        self._floor: int | None = None
        self._begun_conversations: set[int | None] = set()
        #: The last id of an answer that ended below the id that was asked for, and that id.
        self._ended: tuple[int, int] | None = None

    def missed_after(self, message_id: int) -> None:
        """Notes that events may have been missed since a message.

        The newest message that a client has is no measure then: it may be of this process, and
        older ones of other processes are missing.
        """
        self._floor = message_id if self._floor is None else min(self._floor, message_id)
        self._begun_conversations.clear()

    def start(self, after: int, conversation_id: int | None = None) -> int:
        """Where to begin instead of `after`: earlier, for the first question after a gap."""
        if self._ended is not None and after == self._ended[0]:
            # The client goes on after the last message of its answer.
            after = self._ended[1]
        if self._floor is None or conversation_id in self._begun_conversations:
            return after
        self._begun_conversations.add(conversation_id)
        return min(after, self._floor)

    def give(self, messages: list[Message], after: int) -> list[Message]:
        """Takes out what this socket was given before, and remembers the rest."""
        fresh = [
            message
            for message in messages
            if int(message.id) > after or message.id not in self._given_ids
        ]
        self._given_ids.extend(message.id for message in fresh)
        if fresh:
            last = int(fresh[-1].id)
            self._ended = (last, after) if last < after else None
        return fresh
