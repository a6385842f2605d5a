"""The hub's mailbox, served by pymap from memory.

Source: RFC 3501, RFC 2177 (IDLE), https://github.com/icgood/pymap
"""

from __future__ import annotations

from argparse import Namespace
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

from proxyprotocol.result import ProxyResultLocal
from proxyprotocol.sock import SocketInfo
from pymap.backend.dict import Config, DictBackend, Login
from pymap.backend.dict.filter import FilterSet
from pymap.backend.dict.mailbox import MailboxSet
from pymap.flags import FlagOp
from pymap.imap import IMAPServer
from pymap.parsing.message import AppendMessage
from pymap.parsing.specials.flag import Seen
from pysasl.hashing import BuiltinHash

from hub.sandbox.mail.tokens import Opens, TokenConfig, XOAuth2

Callback = Callable[[StreamReader, StreamWriter], Awaitable[None]]


class Mailbox:
    """One account with an INBOX. Every method runs in the mail servers' event loop."""

    def __init__(self, config: Config, backend: DictBackend, user: str) -> None:
        self._config = config
        self._backend = backend
        self._user = user
        self._writers: set[StreamWriter] = set()
        self._mailboxes = MailboxSet()
        config.set_cache[user] = (self._mailboxes, FilterSet())

    @classmethod
    async def open(cls, user: str, password: str, opens: Opens | None = None) -> Mailbox:
        """Makes the account. `opens` checks tokens, which it then takes in place of a password."""
        args = Namespace(
            host=None,
            port=0,
            debug=False,
            cert=None,
            key=None,
            tls=False,
            passlib_cfg=None,
            proxy_protocol=None,
            inherited_sockets=None,
            demo_data=False,
            demo_user=user,
            demo_password=password,
        )
        # One round: this password protects nothing, and the hub may log in every second.
        kind = Config if opens is None else TokenConfig
        config = kind.from_args(args, hash_context=BuiltinHash(rounds=1))
        if isinstance(config, TokenConfig) and opens is not None:
            config.mechanism = XOAuth2(opens, user, password)
        login = Login(config)
        await DictBackend._add_demo_user(config, login)
        backend = DictBackend(login, config)
        config.apply_context()
        return cls(config, backend, user)

    def callback(self) -> Callback:
        """Returns the function that serves one connection, for asyncio.start_server."""
        server = IMAPServer(self._backend.login, self._config)

        async def run(reader: StreamReader, writer: StreamWriter) -> None:
            self._config.apply_context()
            self._writers.add(writer)
            socket_info = SocketInfo.get(writer, ProxyResultLocal(), unique_id=uuid4().bytes)
            try:
                await server(reader, cast(StreamWriter, _OnePiece(writer)), socket_info)
            finally:
                self._writers.discard(writer)

        return run

    async def add(self, raw: bytes, at: datetime | None = None) -> None:
        inbox = await self._mailboxes.get_mailbox("INBOX")
        arrived_at = at or datetime.now(UTC)
        await inbox.append(AppendMessage(raw, arrived_at, frozenset()), recent=True)

    async def mark_all_seen(self) -> None:
        inbox = await self._mailboxes.get_mailbox("INBOX")
        for message in [each async for each in inbox.messages()]:
            await inbox.update(message.uid, message, frozenset((Seen,)), FlagOp.ADD)

    async def renumber(self, raws: list[bytes]) -> None:
        """Puts the same mails under another UIDVALIDITY, with new UIDs."""
        self._config.apply_context()
        old = await self._mailboxes.get_mailbox("INBOX")
        self._mailboxes = MailboxSet()
        self._config.set_cache[self._user] = (self._mailboxes, FilterSet())
        inbox = await self._mailboxes.get_mailbox("INBOX")
        inbox._uid_validity = old.uid_validity + 1
        for raw in raws:
            await self.add(raw)
        self.hang_up()

    async def count(self) -> int:
        inbox = await self._mailboxes.get_mailbox("INBOX")
        return len([each async for each in inbox.messages()])

    def hang_up(self) -> None:
        """Cuts every connection."""
        for writer in list(self._writers):
            writer.transport.abort()


class _OnePiece:
    """Sends each response in one piece.

    pymap writes a response in fragments; a client that looks at a non-blocking socket while it
    idles, as IMAPClient does, then takes half a line for a broken connection.
    """

    def __init__(self, writer: StreamWriter) -> None:
        self._writer = writer
        self._buffer = bytearray()

    def write(self, data: bytes) -> None:
        self._buffer += data

    async def drain(self) -> None:
        self._send()
        await self._writer.drain()

    def close(self) -> None:
        self._send()
        self._writer.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)

    def _send(self) -> None:
        response, self._buffer = bytes(self._buffer), bytearray()
        if response:
            self._writer.write(response)
