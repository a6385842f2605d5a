"""Mail: IMAP or a webhook with raw MIME in, SMTP out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.connectors.email.connector import Email as Email

__all__ = ["Email"]


def __getattr__(name: str) -> Any:
    # The worker that folds quotes is a process of its own and lives in this package: it must not
    # pay for the connector's imports.
    if name == "Email":
        from hub.connectors.email.connector import Email

        return Email
    raise AttributeError(name)
