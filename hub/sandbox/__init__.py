"""Stand-ins of the five providers on loopback, for the demo and the tests.

The demo starts them as a process of their own. They know a provider's documentation and the
hub's public URLs, and import nothing of the hub.
"""

from hub.sandbox.demo_config import Endpoints, demo_connectors
from hub.sandbox.server import Sandbox

__all__ = ["Endpoints", "Sandbox", "demo_connectors"]
