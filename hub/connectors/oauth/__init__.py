"""Sign-in by OAuth 2.0, for kinds whose provider takes no passwords.

Source: RFC 6749 (the flows), RFC 7636 (PKCE), RFC 6750 (bearer tokens).
"""

from hub.connectors.oauth.client import ConsentWithdrawn, Grant, OAuthClient
from hub.connectors.oauth.config import OAuthConfig
from hub.connectors.oauth.tokens import SignsInWithTokens, TokenSource, with_token

__all__ = [
    "ConsentWithdrawn",
    "Grant",
    "OAuthClient",
    "OAuthConfig",
    "SignsInWithTokens",
    "TokenSource",
    "with_token",
]
