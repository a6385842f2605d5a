"""The rows of tokens, one for each connector, and the lease of the caller that renews them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, or_, select, update

from hub.connectors.oauth import Grant
from hub.oauth.sealing import Seal
from hub.store.engine import Transaction, Upsert
from hub.store.models import oauth_tokens

#: How long one caller may take to get new tokens: longer than its request may last.
LEASE = timedelta(seconds=60)

_COLUMNS = oauth_tokens.c
_ADD = Upsert(oauth_tokens, ["connector"])
_KEEP = Upsert(
    oauth_tokens,
    ["connector"],
    update=(
        "fingerprint",
        "sealed",
        "issued_at",
        "expires_at",
        "withdrawn",
        "lease_owner",
        "lease_until",
    ),
)


@dataclass(frozen=True, slots=True)
class KeptTokens:
    """The row of a connector.

    Args:
        sealed: b"" where there are no tokens.
        withdrawn: the provider's words, once it takes the refresh token no more.
    """

    fingerprint: str = ""
    sealed: bytes = field(default=b"", repr=False)
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    withdrawn: str = ""

    def is_valid(self, now: datetime) -> bool:
        """Whether the access token opens the mailbox at this moment."""
        return self.expires_at is not None and now < self.expires_at

    def is_fresh(self, now: datetime, ahead: timedelta) -> bool:
        """Whether it is too early to renew. A token with a short life is renewed late in it."""
        if self.issued_at is None or self.expires_at is None:
            return False
        early = min(ahead, (self.expires_at - self.issued_at) / 5)
        return self.issued_at - LEASE <= now < self.expires_at - early


def load_tokens(connection: Connection, connector: str) -> KeptTokens:
    """The tokens of a connector; without a row, empty ones."""
    row = connection.execute(
        select(
            _COLUMNS.fingerprint,
            _COLUMNS.sealed,
            _COLUMNS.issued_at,
            _COLUMNS.expires_at,
            _COLUMNS.withdrawn,
        ).where(_COLUMNS.connector == connector)
    ).one_or_none()
    return KeptTokens() if row is None else KeptTokens(*row)


def keep_tokens(
    tx: Transaction, seal: Seal, connector: str, fingerprint: str, grant: Grant
) -> None:
    """Keeps what the provider gave, whatever was there before, and ends the lease."""
    values = {"access_token": grant.access_token, "refresh_token": grant.refresh_token}
    tx.execute(
        _KEEP,
        {
            "connector": connector,
            "fingerprint": fingerprint,
            "sealed": seal.close(connector, values),
            "issued_at": tx.now,
            "expires_at": tx.now + timedelta(seconds=grant.seconds),
            "withdrawn": "",
            "lease_owner": "",
            "lease_until": None,
        },
    )


def take_lease(tx: Transaction, connector: str, owner: str) -> KeptTokens | None:
    """Lets one caller of all processes renew.

    Returns:
        The tokens as they are now, which another caller may have renewed; None where another one
        has the lease.
    """
    empty = {"fingerprint": "", "sealed": b"", "withdrawn": "", "lease_owner": ""}
    tx.execute(_ADD, {"connector": connector, **empty})
    changed = tx.execute(
        update(oauth_tokens)
        .where(
            _COLUMNS.connector == connector,
            or_(
                _COLUMNS.lease_owner.in_(("", owner)),
                _COLUMNS.lease_until < tx.now,
                # The clock was set back since.
                _COLUMNS.lease_until > tx.now + 2 * LEASE,
            ),
        )
        .values(lease_owner=owner, lease_until=tx.now + LEASE)
    )
    return load_tokens(tx.connection, connector) if changed.rowcount else None


def end_lease(tx: Transaction, connector: str, owner: str, withdrawn: str = "") -> None:
    """Ends the lease of a caller that got no tokens.

    Args:
        withdrawn: the provider's words, where it takes the refresh token no more.
    """
    values = {"lease_owner": "", "lease_until": None}
    tx.execute(
        update(oauth_tokens)
        .where(_COLUMNS.connector == connector, _COLUMNS.lease_owner == owner)
        .values({**values, "withdrawn": withdrawn} if withdrawn else values)
    )


def expire_tokens(tx: Transaction, connector: str, sealed: bytes) -> None:
    """Makes the next caller renew, unless the tokens are others by now."""
    tx.execute(
        update(oauth_tokens)
        .where(_COLUMNS.connector == connector, _COLUMNS.sealed == sealed)
        .values(expires_at=tx.now)
    )
