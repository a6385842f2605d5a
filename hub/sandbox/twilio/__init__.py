"""Twilio's Programmable Messaging on loopback."""

from hub.sandbox.twilio.provider import Twilio

__all__ = ["Twilio"]
