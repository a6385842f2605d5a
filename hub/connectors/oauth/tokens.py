"""How a connector gets its access tokens: from a source outside of it, one at each sign-in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar, runtime_checkable

from hub.connectors.oauth.client import OAuthClient

T = TypeVar("T")


class TokenSource(Protocol):
    """Keeps the tokens of one connector, and renews them."""

    def token(self) -> str:
        """An access token that is valid now.

        Raises:
            ConnectionFailed: a new one is needed, and the provider does not give it now.
            CredentialsRefused: an admin must act; the sentence says how.
        """

    def replace(self, token: str) -> bool:
        """Notes that a server refused a token. Returns whether `token` may give a better one."""


@runtime_checkable
class SignsInWithTokens(Protocol):
    """An ability of a connector: signs in with tokens, as it is configured."""

    #: Where its tokens come from; None where it uses a password, or before `use_tokens`.
    tokens: TokenSource | None

    def oauth_client(self) -> OAuthClient | None:
        """The client that gets the tokens; None where the connector uses a password."""

    def use_tokens(self, tokens: TokenSource) -> None:
        """Gives the connector its tokens. Called once, before its first sign-in."""


def with_token(tokens: TokenSource, sign_in: Callable[[str], T], refused: type[Exception]) -> T:
    """Signs in with a token, and once more with a new one where a server refuses the first.

    A provider may end a token before its time, as after a change of the password.

    Args:
        refused: the error by which `sign_in` says that the token was refused.

    Raises:
        SendError: there is no token.
    """
    token = tokens.token()
    try:
        return sign_in(token)
    except refused:
        if not tokens.replace(token):
            raise
    return sign_in(tokens.token())
