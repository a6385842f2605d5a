"""The state of Telegram: the bot, its chats and files, its rate limits.

Sources: https://core.telegram.org/bots/api#making-requests, https://core.telegram.org/bots/faq
"""

from __future__ import annotations

import hashlib
import itertools
import math
import secrets
import threading
import time
from collections.abc import Callable

from hub.sandbox.base import sample_files
from hub.sandbox.base.cdn import Cdn
from hub.sandbox.base.context import SandboxContext
from hub.sandbox.base.screen import Screen
from hub.sandbox.telegram.chats import Chat, Json, TelegramFile
from hub.sandbox.telegram.updates import BotApiError, Updates
from hub.sandbox.telegram.uploads import Files

# The FAQ gives the steady rates; how long a burst may be is not published, so it is generous.
PER_SECOND = 30
PER_CHAT_BURST = 20


class TokenBucket:
    """A rate limit: a token per send, of which `size` at most are saved up."""

    def __init__(self, size: float, per_second: float) -> None:
        self._size = self._left = size
        self._rate = per_second
        self._at = time.monotonic()

    def take(self) -> float:
        """Takes a token. Returns 0, or the seconds until there is one."""
        now = time.monotonic()
        self._left = min(self._size, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return (1 - self._left) / self._rate
        self._left -= 1
        return 0.0


class TelegramState:
    """One bot with its chats, files and updates.

    `enforces_rates` may be turned off where a test writes faster than Telegram allows.
    """

    def __init__(
        self,
        context: SandboxContext,
        cdn: Cdn,
        token: str,
        username: str,
        execute: Callable[[Json], None],
    ) -> None:
        self.context = context
        self.token = token
        self.username = username
        self.bot_id = int(token.partition(":")[0])
        self.files = Files(cdn)
        self.updates = Updates(context, execute)
        self.enforces_rates = True
        self._chats: dict[int, Chat] = {}
        self._profile_photos: dict[int, TelegramFile] = {}
        self._callbacks: set[str] = set()
        self._bot_bucket = TokenBucket(PER_SECOND, PER_SECOND)
        self._chat_buckets: dict[int, TokenBucket] = {}
        self._albums = itertools.count(13_000_000_000_000_000)
        self._lock = threading.RLock()

    def timestamp(self) -> int:
        return int(self.context.clock.now().timestamp())

    def bot(self) -> Json:
        return {
            "id": self.bot_id,
            "is_bot": True,
            "first_name": "Sandbox",
            "username": self.username,
        }

    def me(self) -> Json:
        return {
            **self.bot(),
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }

    # -- chats ------------------------------------------------------------------------------

    def private_chat(self, name: str, language: str) -> Chat:
        """Returns the chat of a customer, made at the first call. The id follows from the name."""
        number = int.from_bytes(hashlib.sha256(f"telegram {name}".encode()).digest()[:4], "big")
        number = 100_000_000 + number % 900_000_000
        with self._lock:
            if number not in self._chats:
                ascii_name = "".join(c for c in name.lower() if c.isascii() and c.isalnum())
                self._chats[number] = Chat(
                    number,
                    Screen(self.context.feed, f"telegram/{number}"),
                    first_name=name,
                    username=ascii_name,
                    language=language,
                    next_id=self._first_message_id(),
                )
            return self._chats[number]

    def group_chat(self, title: str, *, supergroup: bool = False) -> Chat:
        with self._lock:
            number = -secrets.randbelow(10**9) - 1
            if supergroup:
                number -= 10**12
            chat = Chat(
                number,
                Screen(self.context.feed, f"telegram/{number}"),
                type="supergroup" if supergroup else "group",
                title=title,
                bot="member",
                next_id=1,
            )
            self._chats[number] = chat
            return chat

    def chat(self, chat_id: str) -> Chat:
        """Returns a chat. Raises BotApiError 400 for an id that the bot does not know."""
        chat = self._chats.get(int(chat_id)) if chat_id.lstrip("-").isdigit() else None
        if chat is None:
            raise BotApiError(
                400, "Bad Request: chat not found" if chat_id else "Bad Request: chat_id is empty"
            )
        return chat

    def chat_to_write(self, chat_id: str) -> Chat:
        """Returns a chat for a send. Raises BotApiError where the bot may not write."""
        chat = self.chat(chat_id)
        if chat.migrated_to is not None:
            raise BotApiError(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=chat.migrated_to,
            )
        if chat.deactivated:
            raise BotApiError(403, "Forbidden: user is deactivated")
        if chat.bot == "kicked":
            private = chat.type == "private"
            raise BotApiError(
                403,
                "Forbidden: bot was blocked by the user"
                if private
                else "Forbidden: bot was kicked from the group chat",
            )
        if chat.bot == "unknown":
            raise BotApiError(403, "Forbidden: bot can't initiate conversation with a user")
        return chat

    def count_send(self, chat: Chat) -> None:
        """Counts a send. Raises BotApiError 429 when the bot is faster than Telegram allows."""
        if not self.enforces_rates:
            return
        with self._lock:
            bucket = self._chat_buckets.setdefault(chat.id, TokenBucket(PER_CHAT_BURST, 1))
            wait = max(self._bot_bucket.take(), bucket.take())
        if wait:
            raise too_many_requests(math.ceil(wait))

    # -- ids and photos ---------------------------------------------------------------------

    def new_album(self) -> str:
        return str(next(self._albums))

    def new_callback(self) -> str:
        number = str(secrets.randbelow(10**18))
        self._callbacks.add(number)
        return number

    def take_callback(self, number: str) -> bool:
        """Uses up the id of a button press. False for an unknown or used one."""
        with self._lock:
            is_known = number in self._callbacks
            self._callbacks.discard(number)
            return is_known

    def profile_photo(self, user_id: str) -> TelegramFile:
        chat = self.chat(user_id)
        with self._lock:
            if chat.id not in self._profile_photos:
                picture = sample_files.face(chat.first_name)
                self._profile_photos[chat.id] = self.files.store(
                    picture, "image/png", "face.png", "photo"
                )
            return self._profile_photos[chat.id]

    def _first_message_id(self) -> int:
        # Seconds since a day in 2025: a restarted sandbox must not reuse a message id.
        return max(1, int(time.time()) - 1_740_000_000)


def too_many_requests(seconds: int) -> BotApiError:
    return BotApiError(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
