"""Every error the hub raises on purpose, grouped by who must act.

A subclass exists only where some code reacts differently to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar


class HubError(Exception):
    """An error with a stable `code` for machines and a sentence for people."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str = "") -> None:
        super().__init__(message or self.code)
        self.message = message or self.code


# -- a caller of ours asked for something that cannot be ---------------------------------------


class NotFound(HubError):
    """It is not there, or the caller may not know that it is."""

    code = "not_found"


class Invalid(HubError):
    """The request is understood and wrong. `field` names the part to change."""

    code = "invalid"

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Forbidden(HubError):
    code = "forbidden"


class Conflict(HubError):
    """Somebody was faster, or it was done before."""

    code = "conflict"


class LimitExceeded(HubError):
    """Too much at once. `retry_after` says when one may try again."""

    code = "limit_exceeded"

    def __init__(self, message: str, retry_after: timedelta) -> None:
        super().__init__(message)
        self.retry_after = retry_after


# -- a provider sent us something --------------------------------------------------------------


class WebhookRejected(HubError):
    """The sender did not prove who it is. Answered with `status`.

    401 unless the provider reads another one as "stop".
    """

    code = "webhook_rejected"

    def __init__(self, message: str = "", status: int = 401) -> None:
        super().__init__(message)
        self.status = status


class PayloadInvalid(HubError):
    """Signed by the provider, yet not of the provider's form: 400."""

    code = "payload_invalid"


class EventIgnored(HubError):
    """Known and not for us: 200. The message is the reason."""

    code = "event_ignored"


# -- we sent a provider something --------------------------------------------------------------


class SendError(HubError):
    """Why a message did not leave.

    Args:
        message: a sentence for the agent: what happened and what to do next.
        external_code: the provider's own code, as text.
        retry_after: when the provider wants the next try.
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
    """The provider was not reached, or broke down (5xx).

    `maybe_sent` is true when the request had left before the answer was lost: only the provider
    knows the outcome, so delivery reconciles before it sends again.
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
    """Not processed, too many requests: wait `retry_after`."""

    code = "throttled"
    retryable = True


class Rejected(SendError):
    """The provider understood and said no to this message."""

    code = "rejected"


class WindowClosed(SendError):
    """The provider allows a reply only for some time after the customer's last message."""

    code = "window_closed"


class ContactStopped(SendError):
    """The customer blocked us or opted out. Marks the address as unreachable."""

    code = "contact_stopped"


class AddressInvalid(SendError):
    """Nobody can be reached at this address. Marks it as unreachable."""

    code = "address_invalid"


class Unsupported(SendError):
    """The channel cannot carry this. `feature` names what: `voice`, `text over 1600 characters`."""

    code = "unsupported"

    def __init__(self, feature: str, message: str = "") -> None:
        super().__init__(message or f"This channel cannot send {feature}.")
        self.feature = feature


class ResponseUnexpected(SendError):
    """The provider said something that its documentation does not."""

    code = "response_unexpected"
    our_fault = True


class CredentialsRefused(SendError):
    """The provider does not accept our keys: the connector needs attention.

    Nothing is wrong with the message, so it waits for the right keys; the connector tries seldom,
    because accounts are locked where wrong keys are counted.
    """

    code = "credentials_refused"
    our_fault = True


# -- an admin must act ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a configuration file, at a line that an editor can jump to."""

    file: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return f"{self.file}:{self.line}: {where}{self.message}"


class ConfigError(Exception):
    """All problems of a configuration at once.

    Not a HubError, so that no delivery or webhook loop can swallow it.
    """

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems
