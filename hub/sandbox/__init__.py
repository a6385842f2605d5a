"""Stand-ins of the five providers on loopback, for the demo and the tests."""

from hub.sandbox.demo_config import Addresses, demo_connectors
from hub.sandbox.server import Sandbox

__all__ = ["Addresses", "Sandbox", "demo_connectors"]
