"""SMS and MMS through Twilio."""

from hub.connectors.sms.connector import Sms

__all__ = ["Sms"]
