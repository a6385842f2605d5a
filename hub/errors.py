"""The errors that the hub raises on purpose, grouped by the person who must act.

A subclass exists only where some code reacts differently to it.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

#: The system's numbers for a disk that takes nothing more: it is full, a quota is used up, or a
#: file may not grow.
NO_ROOM = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


class HubError(Exception):
    """An error with a stable `code` for machines and a sentence for people."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str = "") -> None:
        super().__init__(message or self.code)
        self.message = message or self.code


# -- a caller asked for something that is not possible ----------------------------------------


class NotFound(HubError):
    """The object does not exist, or the caller may not know that it exists."""

    code = "not_found"


class Invalid(HubError):
    """The request has a wrong value. `field` names the part to change."""

    code = "invalid"

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Forbidden(HubError):
    code = "forbidden"


class Conflict(HubError):
    """Another caller was faster, or the action was done before.

    `members` are further members of the problem, as JSON: the present state, for instance.
    """

    code = "conflict"

    def __init__(self, message: str = "", /, **members: Any) -> None:
        super().__init__(message)
        self.members = members


class LimitExceeded(HubError):
    """Too many requests. `retry_after` is the time until the next one is allowed."""

    code = "limit_exceeded"

    def __init__(self, message: str, retry_after: timedelta) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Overloaded(HubError):
    """The hub has no room for this at the moment: 503. The same request may work later."""

    code = "overloaded"


# -- a provider sent us something --------------------------------------------------------------


class WebhookRejected(HubError):
    """The sender of a webhook did not prove its identity. The answer has the status `status`.

    401, unless that provider needs another status to stop.
    """

    code = "webhook_rejected"

    def __init__(self, message: str = "", status: int = 401) -> None:
        super().__init__(message)
        self.status = status


class PayloadInvalid(HubError):
    """The payload is signed and does not have the provider's form: it is journaled as failed."""

    code = "payload_invalid"


class EventUnreadable(HubError):
    """The event is kept and could not be read. The message says why, without values of it."""

    code = "event_unreadable"


class EventIgnored(HubError):
    """The event is known and the hub has no use for it: it is journaled as ignored.

    The message is the reason, for the admin, without values of the event.
    """

    code = "event_ignored"


# -- we sent a provider something --------------------------------------------------------------


class SendError(HubError):
    """A message was not sent.

    Args:
        message: a sentence for the agent: what happened, and what to do next.
        external_code: the provider's own code, as text.
        retry_after: how long the provider wants us to wait before the next try.
    """

    code = "send_error"
    retryable: ClassVar[bool] = False
    our_fault: ClassVar[bool] = False

    def __init__(
        self,
        message: str = "",
        *,
        external_code: str | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message)
        self.external_code = external_code
        self.retry_after = retry_after


class ConnectionFailed(SendError):
    """The provider was not reached, or failed (5xx).

    `maybe_sent` is true when the request was sent and the answer was lost: only the provider knows
    the outcome, so delivery asks the provider before it sends again.
    """

    code = "connection_failed"
    retryable = True

    def __init__(
        self,
        message: str = "",
        *,
        external_code: str | None = None,
        retry_after: timedelta | None = None,
        maybe_sent: bool = False,
    ) -> None:
        super().__init__(message, external_code=external_code, retry_after=retry_after)
        self.maybe_sent = maybe_sent


class Throttled(SendError):
    """Too many requests: the message was not processed. Wait `retry_after`."""

    code = "throttled"
    retryable = True


class Rejected(SendError):
    """The provider refused this message."""

    code = "rejected"


class RefusedTogether(Rejected):
    """The provider refused several files in one call. None of them arrived, and each may alone."""


class WindowClosed(SendError):
    """The provider allows a reply only for some time after the customer's last message."""

    code = "window_closed"


class ContactStopped(SendError):
    """The customer blocked us or opted out. Marks the address as unreachable."""

    code = "contact_stopped"


class AddressInvalid(SendError):
    """The address does not exist at the provider. Marks the address as unreachable."""

    code = "address_invalid"


class Unsupported(SendError):
    """The channel cannot send a feature: `voice`, `text over 1600 characters`."""

    code = "unsupported"

    def __init__(self, feature: str, message: str = "") -> None:
        super().__init__(message or f"This channel cannot send {feature}.")
        self.feature = feature


class ResponseUnexpected(SendError):
    """The answer of the provider is not one that its documentation names."""

    code = "response_unexpected"
    our_fault = True


class CredentialsRefused(SendError):
    """The provider refused the connector's credentials: the connector needs attention.

    The message is not at fault and waits for the right credentials. The connector tries seldom,
    because some providers lock an account after wrong credentials.
    """

    code = "credentials_refused"
    our_fault = True


# -- an admin must act ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Problem:
    """A problem of a configuration file, with a line that an editor can jump to."""

    file: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        prefix = f"{self.path}: " if self.path else ""
        return f"{self.file}:{self.line}: {prefix}{self.message}"


class ConfigError(Exception):
    """All problems of a configuration at once.

    Not a HubError, so that no delivery or webhook loop can swallow it.
    """

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems
