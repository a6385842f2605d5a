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
MIN_PASSWORD = 10
MAX_PASSWORD = 1024
#: Of zxcvbn's 0 to 4: more than a million guesses.
MIN_SCORE = 2
#: A longer password is strong by its length; judging it takes quadratic time.
MAX_JUDGED = 72


def check_new_password(password: str, *known: str, field: str = "password") -> None:
    """Raises Invalid for a password that is too short, too long, or among the first to be guessed.

    Args:
        known: words that lie near for this account, such as its address and its name.
        field: the field of the request that the error names.

    Source: NIST SP 800-63B, 3.1.1.2: length and a list of what is guessed, no rules of composition
    """
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise Invalid(f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.", field)
    from zxcvbn import zxcvbn  # its lists of words take 14 MB, and few processes need them

    parts = " ".join(known).replace("@", " ").split()
    score = zxcvbn(password[:MAX_JUDGED], user_inputs=[*known, *parts])["score"]
    if score < MIN_SCORE:
        raise Invalid(
            "This password is among the first that are guessed. Take several words that do not "
            "belong together.",
            field,
        )


def hash_password(password: str) -> str:
    """The argon2id hash that the account's row keeps."""
    return _HASHER.hash(password)


def matches_hash(password_hash: str, password: str) -> bool:
    """Whether a password is the one that was hashed; False for a hash that cannot be read."""
    try:
        return _HASHER.verify(password_hash, password[: MAX_PASSWORD + 1])
    except (VerificationError, InvalidHashError):
        return False
