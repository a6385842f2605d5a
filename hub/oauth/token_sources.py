"""Gives each connector its access token, and renews it before it ends.

A refresh token may be good for one use only, so that two processes that use it at the same time
would lose it: one caller of all processes renews, by a lease in the database, and the others go on
with the old access token or wait for the new one.
"""

from __future__ import annotations

import random
import secrets
import threading
import time
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog

from hub.connectors.oauth import ConsentWithdrawn, Grant, OAuthClient
from hub.errors import ConnectionFailed, CredentialsRefused, SendError
from hub.oauth import kept_tokens
from hub.oauth.kept_tokens import KeptTokens
from hub.oauth.sealing import KeyLost, Seal
from hub.store.engine import Store

log = structlog.get_logger()

#: How long before its end a token is renewed, so that no message waits for the provider.
AHEAD = timedelta(minutes=5)
#: Seconds between requests while the provider gives no token, doubling.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
#: How long a caller waits for tokens that another process is getting, in seconds.
WAIT_SECONDS = 30.0
LOOK_SECONDS = 0.2
#: Servers that refuse new tokens as well make us renew this often, in seconds, and not more.
REPLACE_SECONDS = 300.0


class TokenSources:
    """The tokens of all connectors of a hub. One for each process."""

    def __init__(self, store: Store, secret: str) -> None:
        """Takes the secret of the hub, which seals the tokens."""
        self.store = store
        self.seal = Seal(secret)
        self._lock = threading.Lock()
        self._sources: dict[tuple[str, str], ConnectorTokens] = {}

    def source(self, connector: str, client: OAuthClient) -> ConnectorTokens:
        """The tokens of a connector; the same object while its app and account are the same."""
        with self._lock:
            source = self._sources.get((connector, client.fingerprint))
            if source is None:
                source = ConnectorTokens(self, connector, client)
                self._sources[connector, client.fingerprint] = source
            source.client = client  # the app may have a new secret
            return source

    def keep(self, connector: str, client: OAuthClient, grant: Grant) -> None:
        """Keeps the tokens that a consent gave.

        Raises:
            CredentialsRefused: they would end within the hour, as there is no refresh token.
        """
        if client.needs_consent and not grant.refresh_token:
            raise CredentialsRefused(
                f"{client.config.title} gave no refresh token: an admin must allow offline access "
                "for the app, and add its scope to oauth.scopes where that is set."
            )
        self.store.write(
            lambda tx: kept_tokens.keep_tokens(tx, self.seal, connector, client.fingerprint, grant)
        )
        log.info("oauth.connected", connector=connector)


class ConnectorTokens:
    """The tokens of one connector. Safe to use from many threads."""

    def __init__(self, sources: TokenSources, connector: str, client: OAuthClient) -> None:
        self.client = client
        self._store = sources.store
        self._seal = sources.seal
        self._connector = connector
        #: Names this process among the callers.
        self._owner = secrets.token_hex(8)
        self._lock = threading.Lock()
        self._failure: SendError | None = None
        self._failed_with = KeptTokens()
        self._pause = FIRST_PAUSE
        self._retry_at = 0.0
        self._replaced_at = float("-inf")

    def token(self) -> str:
        """An access token that is valid now; asks the provider for a new one where it is time.

        Raises:
            ConnectionFailed: a new one is needed, and the provider does not give it now.
            CredentialsRefused: an admin must act; the sentence says how.
        """
        deadline = time.monotonic() + WAIT_SECONDS
        with self._lock:
            while True:
                stored_tokens = self._load()
                if stored_tokens.is_fresh(datetime.now(UTC), AHEAD):
                    return self._opened(stored_tokens)["access_token"]
                self._check_consent(stored_tokens)
                renewed = self._renewed(stored_tokens)
                if renewed is not None:
                    return renewed
                if time.monotonic() > deadline:
                    raise ConnectionFailed("Another process has been asking for a token too long.")
                threading.Event().wait(LOOK_SECONDS)

    def replace(self, token: str) -> bool:
        """Notes that a server refused a token. Returns whether `token` may give a better one."""
        with self._lock:
            stored_tokens = self._load()
            if not stored_tokens.sealed or self._opened(stored_tokens)["access_token"] != token:
                return True
            now = time.monotonic()
            if now - self._replaced_at < REPLACE_SECONDS:
                return False
            self._replaced_at = now
            self._store.write(
                lambda tx: kept_tokens.expire_tokens(tx, self._connector, stored_tokens.sealed)
            )
            return True

    def _load(self) -> KeptTokens:
        """The tokens of this app and account; others count as none."""
        with self._store.read() as connection:
            stored_tokens = kept_tokens.load_tokens(connection, self._connector)
        return self._ours(stored_tokens)

    def _ours(self, stored_tokens: KeptTokens) -> KeptTokens:
        is_ours = stored_tokens.fingerprint == self.client.fingerprint
        if is_ours and stored_tokens.sealed and not self.client.needs_consent:
            # An app that signs in by itself gets new ones where the key is lost.
            is_ours = self._seal.fits(self._connector, stored_tokens.sealed)
        return stored_tokens if is_ours else KeptTokens()

    def _opened(self, stored_tokens: KeptTokens) -> dict[str, str]:
        try:
            return self._seal.open(self._connector, stored_tokens.sealed)
        except KeyLost:
            raise CredentialsRefused(
                "The tokens of this mailbox were kept with another HUB_SECRET_KEY: an admin must "
                f"bring the former key back, or {self._advice()}."
            ) from None

    def _advice(self) -> str:
        return (
            "connect the mailbox again, on the admin page or with "
            f"`hub mail connect {self._connector}`"
        )

    def _check_consent(self, stored_tokens: KeptTokens) -> None:
        if not self.client.needs_consent:
            return
        if not stored_tokens.sealed:
            title = self.client.config.title
            raise CredentialsRefused(
                f"This mailbox is not connected with {title} yet: an admin must "
                f"connect it, on the admin page or with `hub mail connect {self._connector}`."
            )
        if stored_tokens.withdrawn:
            raise CredentialsRefused(f"{stored_tokens.withdrawn} An admin must {self._advice()}.")

    def _renewed(self, stored_tokens: KeptTokens) -> str | None:
        """New tokens, or the old one where there are none now and it is still valid.

        Returns:
            None where another process is getting them, and the old one has ended.
        """
        if self._failure is not None and stored_tokens == self._failed_with:
            if time.monotonic() < self._retry_at:
                return self._old_token(stored_tokens, self._failure)
        else:
            self._failure, self._pause = None, FIRST_PAUSE
        leased = self._store.write(
            partial(kept_tokens.take_lease, connector=self._connector, owner=self._owner)
        )
        if leased is None:
            is_valid = stored_tokens.is_valid(datetime.now(UTC))
            return self._opened(stored_tokens)["access_token"] if is_valid else None
        if self._ours(leased) != stored_tokens:  # another process was faster
            self._end_lease()
            return None
        try:
            return self._ask(stored_tokens)
        except SendError as error:
            self._note_failure(stored_tokens, error)
            return self._old_token(stored_tokens, error)

    def _ask(self, stored_tokens: KeptTokens) -> str:
        """Asks the provider, and keeps what it gives. The caller has the lease."""
        try:
            if self.client.needs_consent:
                refresh_token = self._opened(stored_tokens)["refresh_token"]
                grant = self.client.refresh(refresh_token)
                if not grant.refresh_token:
                    grant = Grant(grant.access_token, refresh_token, grant.seconds)
            else:
                grant = self.client.sign_in()
        except ConsentWithdrawn as error:
            self._end_lease(error.message if self.client.needs_consent else "")
            raise CredentialsRefused(
                f"{error.message} An admin must {self._advice()}.",
                external_code=error.external_code,
            ) from None
        except BaseException:
            self._end_lease()
            raise
        self._store.write(
            lambda tx: kept_tokens.keep_tokens(
                tx, self._seal, self._connector, self.client.fingerprint, grant
            )
        )
        self._failure = None
        log.info("oauth.renewed", connector=self._connector, seconds=grant.seconds)
        return grant.access_token

    def _end_lease(self, withdrawn: str = "") -> None:
        self._store.write(
            lambda tx: kept_tokens.end_lease(tx, self._connector, self._owner, withdrawn)
        )

    def _note_failure(self, stored_tokens: KeptTokens, error: SendError) -> None:
        log.warning(
            "oauth.not_renewed", connector=self._connector, code=error.code, reason=error.message
        )
        wait = self._pause * random.uniform(0.75, 1.0)  # noqa: S311
        if error.retry_after is not None:
            wait = max(wait, error.retry_after.total_seconds())
        self._failure, self._failed_with = error, stored_tokens
        self._retry_at = time.monotonic() + wait
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def _old_token(self, stored_tokens: KeptTokens, error: SendError) -> str:
        if stored_tokens.is_valid(datetime.now(UTC)) and not isinstance(error, CredentialsRefused):
            return self._opened(stored_tokens)["access_token"]
        raise error
