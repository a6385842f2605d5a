"""Twilio's Programmable Messaging on loopback, and its signed calls to the hub.

Knows `hub.sandbox.base`, and no other provider.
"""

from hub.sandbox.twilio.provider import Twilio

__all__ = ["Twilio"]
