"""Passwords of agents: the rule for new ones, and their argon2 hashes."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hub.errors import Invalid

#: OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
#: Verified when an account does not exist, so that both answers take the same time.
HASH_OF_NO_PASSWORD = _HASHER.hash(secrets.token_hex(16))
MIN_PASSWORD = 8
MAX_PASSWORD = 1024


def check_new_password(password: str) -> None:
    """Raises Invalid for a password that is too short or too long."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise Invalid(f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.", "password")


def hash_password(password: str) -> str:
    """The argon2id hash that the account's row keeps."""
    return _HASHER.hash(password)


def matches_hash(password_hash: str, password: str) -> bool:
    """Whether a password is the one that was hashed; False for a hash that cannot be read."""
    try:
        return _HASHER.verify(password_hash, password[: MAX_PASSWORD + 1])
    except (VerificationError, InvalidHashError):
        return False
