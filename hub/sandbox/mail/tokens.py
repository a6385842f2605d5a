"""XOAUTH2 at the two mail servers: a token in place of a password.

A server that refuses a token says why in a challenge, and gives its verdict after an empty answer.

Source: https://developers.google.com/workspace/gmail/imap/xoauth2-protocol
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from pymap.backend.dict import Config
from pysasl import SASLAuth
from pysasl.creds.plain import PlainCredentials
from pysasl.exception import InvalidResponse
from pysasl.mechanism import ChallengeResponse, ServerChallenge, ServerMechanism

#: Whether a token opens the mailbox of a user.
Opens = Callable[[str, str], bool]

ERROR = b'{"status":"400","schemes":"Bearer","scope":"https://mail.example/"}'
_FIRST = re.compile(rb"user=([^\x01]*)\x01auth=Bearer ([\x21-\x7e]+)\x01\x01")


def is_good(response: bytes, opens: Opens) -> bool:
    """Whether the first answer of a client has the mechanism's form, and a token that opens."""
    match = _FIRST.fullmatch(response)
    return match is not None and opens(match[1].decode("utf-8", "replace"), match[2].decode())


class XOAuth2(ServerMechanism):
    """The mechanism for pymap. A good token stands for the account's password."""

    def __init__(self, opens: Opens, user: str, password: str) -> None:
        super().__init__(b"XOAUTH2")
        self._opens = opens
        self._account = (user, password)

    def server_attempt(
        self, responses: Sequence[ChallengeResponse]
    ) -> tuple[PlainCredentials, None]:
        if not responses:
            raise ServerChallenge(b"")
        if is_good(responses[0].response, self._opens):
            return PlainCredentials(*self._account), None
        if len(responses) == 1:
            raise ServerChallenge(ERROR)
        if responses[1].response:
            raise InvalidResponse
        return PlainCredentials(self._account[0], ""), None


class TokenConfig(Config):
    """pymap's configuration of an account that takes tokens alone."""

    mechanism: XOAuth2

    @property
    def tls_auth(self) -> SASLAuth:
        return SASLAuth([self.mechanism])
