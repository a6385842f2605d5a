"""Facebook Messenger's part of the Graph API on loopback."""

from hub.sandbox.graph.provider import Graph

__all__ = ["Graph"]
