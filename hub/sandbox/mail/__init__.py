"""Mail on loopback: an SMTP server for the mail of the hub, an IMAP server with its mailbox.

Knows `hub.sandbox.base`, and no other provider.
"""

from hub.sandbox.mail.provider import MailProvider

__all__ = ["MailProvider"]
