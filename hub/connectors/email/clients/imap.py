"""Reads a mailbox by UID, and changes nothing in it.

Mail counts as new by its UID and never by a flag: a phone that opens a mail must not hide it from
us. Source: RFC 3501, 2.3.1.1 (UIDs), RFC 2177 (IDLE).
"""

from __future__ import annotations

import contextlib
import imaplib
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import structlog
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError
from imapclient.imapclient import SocketTimeout

from hub.connectors.email.clients.xoauth2 import TokenSignIn, sign_in_imap
from hub.connectors.email.config import ImapServer
from hub.connectors.email.errors import TokenRefused, mailbox_error
from hub.connectors.email.inbound import LEFT_OUT
from hub.connectors.email.mime.headers import read_headers
from hub.connectors.oauth import with_token
from hub.errors import Rejected

log = structlog.get_logger()

CONNECT_SECONDS = 10.0
REPLY_SECONDS = 60.0
MAX_MAILS = 20
MAX_MAIL_BYTES = 35 * 1024 * 1024
MAX_ROUND_BYTES = 48 * 1024 * 1024
#: After so many lost connections over one mail only its header is fetched, then nothing of it.
MAX_LOSSES = 3
#: RFC 2177 wants IDLE issued anew before 29 minutes; NAT forgets idle sockets much earlier.
MAX_IDLE_SECONDS = 300.0
#: A wait may end this much early.
TICK = 0.05
#: How far before the last mail a renumbered mailbox is read again; known mails are recognised.
RESYNC_DAYS = 30


@dataclass(frozen=True, slots=True)
class Cursor:
    """Up to where a mailbox was read. `since` is the day of the newest mail or the first look."""

    uidvalidity: int
    uid: int
    since: str

    @classmethod
    def parse(cls, text: str) -> Cursor:
        return cls(**json.loads(text))

    def __str__(self) -> str:
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class Look:
    """The mails that one look at a mailbox found.

    Args:
        more: whether another look will find mail at once.
        announces: whether the server announces new mail, so that the next look needs no pause.
    """

    mails: tuple[bytes, ...]
    cursor: Cursor
    more: bool = False
    announces: bool = False


class ImapMailbox:
    """One folder, over one connection that is kept between looks."""

    def __init__(
        self,
        server: ImapServer,
        import_days: int,
        every: float,
        token_sign_in: TokenSignIn | None = None,
    ) -> None:
        """Makes a mailbox that is not open. `token_sign_in` takes the place of a password."""
        self._server = server
        self._token_sign_in = token_sign_in
        self._import_days = import_days
        self._every = every
        self._client: IMAPClient | None = None
        self._selected: dict[bytes, Any] = {}
        self._closing = threading.Event()
        #: How often the connection was lost while a mail was fetched, by its UID.
        self._losses: dict[int, int] = {}

    def look(self, cursor: str, wait: float) -> Look:
        """The mails after `cursor`; waits for one where the server announces new mail.

        Args:
            cursor: the last one as text, "" at the very first look.
            wait: seconds.

        Raises:
            ConnectionFailed: the server was not reached, also not by a second connection.
            CredentialsRefused: the server refused us, or there is no token to sign in with.
            Rejected: there is no such folder.
        """
        self._closing.clear()
        # A kept connection may have died in the meantime: then a fresh one gets a try.
        for fresh in (self._client is None, True):
            try:
                return self._look(cursor, wait)
            except (OSError, IMAPClientError, ValueError) as error:
                # A socket that `close` closes during a read raises ValueError.
                closing = self._closing.is_set()
                if not (isinstance(error, OSError | IMAPClientError) or closing):
                    raise
                self._drop()
                if fresh or closing:
                    raise mailbox_error(self._server, error) from None
        raise AssertionError("the second try returns or raises")

    def count(self) -> int:
        """The number of mails in the folder, over a connection of its own. Raises SendError."""
        try:
            with _connected(self._server, self._token_sign_in) as client:
                return int(_select(client, self._server.folder).get(b"EXISTS", 0))
        except (OSError, IMAPClientError) as error:
            raise mailbox_error(self._server, error) from None

    def close(self) -> None:
        """Ends a look that waits, and the connection."""
        self._closing.set()
        self._drop()

    def _look(self, text: str, wait: float) -> Look:
        client = self._open()
        cursor = self._position(client, text)
        client.noop()
        look = self._fetch(client, cursor)
        announces = client.has_capability("IDLE")
        # The very first position is stored before the first wait.
        deadline = time.monotonic() + (wait if text else 0)
        while announces and not look.mails and not self._closing.is_set():
            left = deadline - time.monotonic()
            if left <= 0:
                break
            # An announcement can slip in between two commands, so never trust IDLE alone for long.
            self._idle(client, min(left, self._every, MAX_IDLE_SECONDS))
            look = self._fetch(client, look.cursor)
        return replace(look, announces=announces)

    def _idle(self, client: IMAPClient, seconds: float) -> None:
        """Waits until the server announces mail."""
        deadline = time.monotonic() + seconds
        client.idle()
        try:
            while (left := deadline - time.monotonic()) > 0 and not self._closing.is_set():
                responses = client.idle_check(timeout=left)
                if any(b"EXISTS" in line or b"BYE" in line for line in responses if line):
                    break
                if not responses and time.monotonic() < deadline - TICK:
                    # Readable without data: the server has closed the connection.
                    raise imaplib.IMAP4.abort("the connection was closed")
        finally:
            client.idle_done()

    def _open(self) -> IMAPClient:
        if self._client is None:
            client = _connect(self._server, self._token_sign_in)
            try:
                self._selected = _select(client, self._server.folder)
            except BaseException:
                client.shutdown()
                raise
            self._client = client
        return self._client

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            # RuntimeError: a look is reading from it at this moment, as when the hub ends.
            with contextlib.suppress(OSError, RuntimeError, imaplib.IMAP4.error):
                client.shutdown()

    # -- which mails ---------------------------------------------------------------------------

    def _position(self, client: IMAPClient, text: str) -> Cursor:
        uidvalidity = int(self._selected.get(b"UIDVALIDITY", 0))
        today = datetime.now(UTC).date()
        if not text:
            since = today - timedelta(days=self._import_days)
            uid = self._before(client, since) if self._import_days else self._newest(client)
            return Cursor(uidvalidity, uid, since.isoformat())
        cursor = Cursor.parse(text)
        if cursor.uidvalidity == uidvalidity:
            return cursor
        # The server has numbered its mails anew: the old numbers mean nothing.
        since = date.fromisoformat(cursor.since) - timedelta(days=RESYNC_DAYS)
        return Cursor(uidvalidity, self._before(client, since), cursor.since)

    def _newest(self, client: IMAPClient) -> int:
        if b"UIDNEXT" in self._selected:
            return int(self._selected[b"UIDNEXT"]) - 1
        return max(client.search("ALL"), default=0)

    def _before(self, client: IMAPClient, since: date) -> int:
        """The last UID before the first mail of that day."""
        uids = client.search(["SINCE", since])
        return min(uids) - 1 if uids else self._newest(client)

    # -- their bytes ---------------------------------------------------------------------------

    def _fetch(self, client: IMAPClient, cursor: Cursor) -> Look:
        matches = client.search(["UID", f"{cursor.uid + 1}:*"])
        # `*` is the last mail of the folder, also when it is older than the range.
        uids = sorted(uid for uid in matches if uid > cursor.uid)
        batch = uids[:MAX_MAILS]
        facts = self._facts(client, batch)
        mails: list[bytes] = []
        total = 0
        for uid in batch:
            size = int(facts.get(uid, {}).get(b"RFC822.SIZE", 0))
            if mails and total + size > MAX_ROUND_BYTES:
                break
            mail = self._mail(client, uid, size)
            total += len(mail or b"")
            self._losses.pop(uid, None)
            mails += [mail] if mail else []
            cursor = Cursor(cursor.uidvalidity, uid, _day(facts.get(uid, {}), cursor.since))
        return Look(tuple(mails), cursor, more=bool(uids) and cursor.uid < uids[-1])

    def _mail(self, client: IMAPClient, uid: int, size: int) -> bytes | None:
        """One mail, or its header with a note where it is too large or the server cannot give it.

        None when it was deleted in the meantime.
        """
        losses = self._losses.get(uid, 0)
        if losses >= 2 * MAX_LOSSES:
            return _note("the connection is lost whenever it is fetched")
        try:
            if size > MAX_MAIL_BYTES:
                return self._header(client, uid, f"{size // 1_000_000} MB is too large to fetch")
            if losses >= MAX_LOSSES:
                return self._header(client, uid, "the connection is lost whenever it is fetched")
            return self._whole(client, uid)
        except (OSError, imaplib.IMAP4.abort):
            if not self._closing.is_set():
                self._losses[uid] = losses + 1
            raise

    def _whole(self, client: IMAPClient, uid: int) -> bytes | None:
        try:
            answer = client.fetch([uid], [f"BODY.PEEK[]<0.{MAX_MAIL_BYTES}>"])
        except (OSError, imaplib.IMAP4.abort):
            raise
        except Exception as error:
            if self._closing.is_set():
                raise
            # One mail that the server has broken must not keep all later ones away.
            log.warning("mail_not_given", uid=uid, error=type(error).__name__)
            return self._header(client, uid, "the server could not give it")
        return _part(answer.get(uid), b"BODY[]")

    def _facts(self, client: IMAPClient, uids: list[int]) -> dict[int, dict[bytes, Any]]:
        """Size and day of arrival of each mail; nothing of a mail whose facts cannot be read."""
        if not uids:
            return {}
        try:
            return dict(client.fetch(uids, ["RFC822.SIZE", "INTERNALDATE"]))
        except (OSError, imaplib.IMAP4.abort):
            raise
        except Exception as error:
            if self._closing.is_set():
                raise
            log.warning("mail_facts_not_read", uids=uids, error=type(error).__name__)
        if len(uids) == 1:
            return {}
        return {
            uid: facts for number in uids for uid, facts in self._facts(client, [number]).items()
        }

    def _header(self, client: IMAPClient, uid: int, why: str) -> bytes | None:
        try:
            answer = client.fetch([uid], ["BODY.PEEK[HEADER]<0.262144>"])
        except (OSError, imaplib.IMAP4.abort):
            raise
        except Exception:
            if self._closing.is_set():
                raise
            return _note(why)
        header = _part(answer.get(uid), b"BODY[HEADER]")
        if header is None:
            return None
        _, length = read_headers(header)
        return _note(why, header[:length].rstrip(b"\r\n") + b"\r\n")


def _note(why: str, header: bytes = b"") -> bytes:
    """A mail that says why the real one stayed in its mailbox."""
    return f"{LEFT_OUT}: {why}\r\n".encode() + header.lstrip(b"\r\n") + b"\r\n"


def _part(fields: dict[bytes, Any] | None, name: bytes) -> bytes | None:
    for key, value in (fields or {}).items():
        if key.startswith(name) and isinstance(value, bytes):
            return value
    return None


def _day(facts: dict[bytes, Any], before: str) -> str:
    when = facts.get(b"INTERNALDATE")
    return max(before, when.date().isoformat()) if isinstance(when, datetime) else before


# -- the connection ------------------------------------------------------------------------------


def _connect(server: ImapServer, token_sign_in: TokenSignIn | None) -> IMAPClient:
    if token_sign_in is None:
        return _signed_in(
            server,
            lambda client: server.username and client.login(server.username, server.secret),
        )
    user = token_sign_in.user
    return with_token(
        token_sign_in.tokens,
        lambda token: _signed_in(server, lambda client: sign_in_imap(client, user, token)),
        TokenRefused,
    )


def _signed_in(server: ImapServer, sign_in: Callable[[IMAPClient], object]) -> IMAPClient:
    """A new connection that has signed in."""
    context = ssl.create_default_context() if server.tls != "none" else None
    client = IMAPClient(
        server.host,
        server.port,
        ssl=server.tls == "ssl",
        ssl_context=context,
        timeout=SocketTimeout(CONNECT_SECONDS, REPLY_SECONDS),
    )
    try:
        _cap_literals(client)
        if server.tls == "starttls":
            client.starttls(context)
        sign_in(client)
    except BaseException:
        client.shutdown()
        raise
    return client


@contextlib.contextmanager
def _connected(server: ImapServer, token_sign_in: TokenSignIn | None) -> Iterator[IMAPClient]:
    client = _connect(server, token_sign_in)
    try:
        yield client
        with contextlib.suppress(OSError, imaplib.IMAP4.error):
            client.logout()
    finally:
        with contextlib.suppress(OSError, imaplib.IMAP4.error):
            client.shutdown()


def _cap_literals(client: IMAPClient) -> None:
    """Refuses literals that are too large: the library would wait for any number of bytes."""
    imap = client._imap
    read: Callable[[int], bytes] = imap.read

    def capped(size: int) -> bytes:
        if size > MAX_MAIL_BYTES + 1024:
            raise imaplib.IMAP4.abort("the server announced more than it was asked for")
        return read(size)

    imap.read = capped


def _select(client: IMAPClient, folder: str) -> dict[bytes, Any]:
    try:
        return dict(client.select_folder(folder, readonly=True))
    except imaplib.IMAP4.abort:
        raise
    except IMAPClientError as error:
        raise Rejected(f"The mailbox has no folder {folder!r}, or it may not be read.") from error
