"""Facebook Messenger's part of the Graph API on loopback, and its signed calls to the hub.

Knows `hub.sandbox.base`, and no other provider.
"""

from hub.sandbox.graph.provider import Graph

__all__ = ["Graph"]
