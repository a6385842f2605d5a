"""Mail on loopback: an SMTP server for what the hub sends, an IMAP server with its mailbox."""

from hub.sandbox.mail.provider import MailWorld

__all__ = ["MailWorld"]
