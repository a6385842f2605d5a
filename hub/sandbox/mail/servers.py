"""The event loop of both mail servers, in a thread of its own."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from hub.sandbox.mail.imap import Mailbox
from hub.sandbox.mail.smtp import SmtpRules
from hub.sandbox.mail.tokens import Opens

T = TypeVar("T")
HOST = "127.0.0.1"


class MailServers:
    """Opens and closes the SMTP and the IMAP server, and runs coroutines in their loop."""

    def __init__(self, rules: SmtpRules, user: str, password: str) -> None:
        """Makes servers that are not open. `opens` makes them take tokens in place of passwords."""
        self.opens: Opens | None = None
        self._rules = rules
        self._account = (user, password)
        self._loop = asyncio.new_event_loop()
        self._servers: list[asyncio.Server] = []
        self.smtp_port = 0
        self.imap_port = 0
        self.mailbox: Mailbox
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self, smtp_port: int = 0, imap_port: int = 0) -> None:
        """Opens both ports (0: any free one). Raises OSError when a port is taken."""
        self._thread.start()
        self.smtp_port, self.imap_port = smtp_port, imap_port
        self.run(self._open())

    def stop(self) -> None:
        if not self._thread.is_alive():
            return
        self.run(self._close())
        self.run(self._end_tasks())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def go_down(self) -> None:
        """Refuses new connections and cuts the open ones; the mailbox stays."""
        self.run(self._close())

    def come_up(self) -> None:
        """Listens again, on the same ports as before."""
        if not self._servers:
            self.run(self._listen())

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine in the loop and waits up to 10 seconds for its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _open(self) -> None:
        user, password = self._account
        if self.opens is not None:
            password = secrets.token_hex(16)
        self._rules.opens = self.opens
        self.mailbox = await Mailbox.open(user, password, self.opens)
        await self._listen()

    async def _listen(self) -> None:
        servers = [
            await self._loop.create_server(self._rules.protocol, HOST, self.smtp_port),
            await asyncio.start_server(self.mailbox.callback(), HOST, self.imap_port),
        ]
        self.smtp_port, self.imap_port = (server.sockets[0].getsockname()[1] for server in servers)
        self._servers = servers

    async def _close(self) -> None:
        servers, self._servers = self._servers, []
        for server in servers:
            server.close()
        self._rules.hang_up()
        self.mailbox.hang_up()

    async def _end_tasks(self) -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
