"""Limits how often a password is tried, so that guessing ends and nobody is locked out.

Wrong tries are counted by account, with a delay that doubles, and by IP address. A browser that has
signed in to the account before (a known device) has a count of its own: strangers who try the
account delay other strangers. The counts are in the database, where all processes share them.

An account that does not exist is counted like one that does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select

from hub.errors import LimitExceeded
from hub.schema.tokens import digest
from hub.store.engine import Store, Transaction, Upsert
from hub.store.models import sign_in_failures

#: Wrong tries in a row before the first delay of an account, and of a signed-in agent who gives the
#: own password again.
ACCOUNT_TRIES = 10
OWN_TRIES = 5
FIRST_DELAY = timedelta(seconds=1)
LONGEST_DELAY = timedelta(minutes=15)
#: After so long without a wrong try an account has its free ones again.
FORGOTTEN_AFTER = timedelta(days=1)
#: Tries of one IP address are counted for so long.
ADDRESS_WINDOW = timedelta(minutes=1)

_SAVE = Upsert(sign_in_failures, ["key"], update=["failures", "blocked_until", "expires_at"])


@dataclass(frozen=True, slots=True)
class Try:
    """One try of a password.

    Args:
        email: the account, in small letters.
        address: the IP address that it comes from; empty for one that is signed in.
        per_minute: how many tries one address may make in a minute.
        device: the id of a known device; empty for a stranger.
        free: how many wrong ones in a row are not delayed yet.
    """

    email: str
    address: str
    per_minute: int
    device: str = ""
    free: int = ACCOUNT_TRIES

    @staticmethod
    def of_password_change(agent_id: int) -> Try:
        """The try of an agent who is signed in and gives the password again."""
        return Try("", "", 0, f"agent {agent_id}", OWN_TRIES)

    @property
    def account_key(self) -> str:
        """The key of the count with the growing delay."""
        return digest(f"device {self.device} {self.email}") if self.device else _key(self.email)

    @property
    def address_key(self) -> str:
        """The key of the count by IP address; empty where it does not count."""
        return "" if self.device else digest(f"address {self.address}")


def count(store: Store, attempt: Try) -> None:
    """Counts a try, before the password is looked at. Raises LimitExceeded."""
    wait = store.write(lambda tx: _count(tx, attempt))
    if wait:
        raise LimitExceeded("Too many tries. Wait a little.", wait)


def forget(tx: Transaction, attempt: Try) -> None:
    """Forgets the tries that led to the right password."""
    tx.execute(delete(sign_in_failures).where(sign_in_failures.c.key == attempt.account_key))
    if attempt.address_key:
        _give_back(tx, attempt.address_key)


def forget_account(tx: Transaction, email: str) -> None:
    """Forgets the tries of strangers at an account, whose password is another one now."""
    tx.execute(delete(sign_in_failures).where(sign_in_failures.c.key == _key(email)))


def delete_expired(tx: Transaction) -> None:
    """Deletes the counts that say nothing any more."""
    tx.execute(delete(sign_in_failures).where(sign_in_failures.c.expires_at <= tx.now))


def delay_after(failures: int, free: int) -> timedelta:
    """How long no further try is looked at, after so many wrong ones in a row. Pure."""
    doublings = failures - free
    if doublings < 0:
        return timedelta(0)
    return min(FIRST_DELAY * (1 << min(doublings, 20)), LONGEST_DELAY)


def _count(tx: Transaction, attempt: Try) -> timedelta | None:
    """Returns how long to wait, or counts the try and returns None."""
    if attempt.address_key:
        tries, until = _read(tx, attempt.address_key)
        if tries >= attempt.per_minute:
            return until - tx.now
    failures, blocked_until = _read(tx, attempt.account_key)
    if blocked_until > tx.now:
        return blocked_until - tx.now
    if attempt.address_key:
        # The window begins with its first try.
        until = until if tries else tx.now + ADDRESS_WINDOW
        _save(tx, attempt.address_key, tries + 1, until, until)
    failures += 1
    _save(
        tx,
        attempt.account_key,
        failures,
        tx.now + delay_after(failures, attempt.free),
        tx.now + FORGOTTEN_AFTER,
    )
    return None


def _read(tx: Transaction, key: str) -> tuple[int, datetime]:
    """The count of a key and until when it blocks, locked until the commit."""
    tx.lock(f"sign-in {key}")
    row = tx.execute(select(sign_in_failures).where(sign_in_failures.c.key == key)).first()
    if row is None or row.expires_at <= tx.now:
        return 0, datetime.min.replace(tzinfo=UTC)
    return row.failures, row.blocked_until


def _save(
    tx: Transaction, key: str, failures: int, blocked_until: datetime, expires_at: datetime
) -> None:
    tx.execute(
        _SAVE,
        {
            "key": key,
            "failures": failures,
            "blocked_until": blocked_until,
            "expires_at": expires_at,
        },
    )


def _give_back(tx: Transaction, key: str) -> None:
    """Takes back one try of an IP address: it was no wrong one."""
    tries, until = _read(tx, key)
    if tries:
        _save(tx, key, tries - 1, until, until)


def _key(email: str) -> str:
    return digest(f"account {email}")
