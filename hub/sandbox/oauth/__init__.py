"""A provider of OAuth on loopback, strict about everything that a client may get wrong.

Knows `hub.sandbox.base`, and no other provider.
"""

from hub.sandbox.oauth.provider import OAuthProvider

__all__ = ["OAuthProvider"]
