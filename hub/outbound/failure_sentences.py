"""What becomes of a message that could not be sent, in words for the agent.

A connector's error says what happened and who can change it. Whether the hub tries again is decided
here, in one place, and the words come from the same decision. Pure.
"""

from __future__ import annotations

from datetime import timedelta

from hub.errors import ConnectionFailed, CredentialsRefused, SendError, Throttled

GIVE_UP_AFTER = timedelta(hours=24)

TRIED_AGAIN = "The hub tries it again by itself, for a day."
WAITS_FOR_ADMIN = "Once that is put right it is sent by itself, within a day of writing."
GIVEN_UP = "The hub tried it for a day and has stopped: send it again, or write on another channel."
NOT_REPEATED = (
    "The hub does not repeat what was sent: send it again later, or write on another channel."
)
#: Added to the reason of a failure in the middle of a message.
PARTLY_ARRIVED = "What comes before it in this message arrived: sending again sends the rest alone."
#: The codes of errors that pass by themselves, as a provider's report has them.
PASSING_CODES = frozenset({ConnectionFailed.code, Throttled.code})


def is_sent_again(error: SendError, time_in_line: timedelta) -> bool:
    """Whether a delivery stays in line after an error: it may pass, or an admin can end it."""
    return _may_pass(error) and time_in_line < GIVE_UP_AFTER


def waiting_reason(error: SendError) -> str:
    """Why a delivery waits, and what ends the waiting."""
    waits_for_admin = isinstance(error, CredentialsRefused)
    return _joined(error.message, WAITS_FOR_ADMIN if waits_for_admin else TRIED_AGAIN)


def failure_reason(error: SendError, *, partly_arrived: bool, also: str = "") -> str:
    """Why a delivery failed, and who can do what.

    Args:
        partly_arrived: whether the provider took the calls before.
        also: sentences about other channels that were tried.
    """
    return _joined(
        error.message,
        GIVEN_UP if _may_pass(error) else "",
        PARTLY_ARRIVED if partly_arrived else "",
        also,
    )


def reported_reason(code: str, reason: str) -> str:
    """Why the provider failed with a message that it had taken. Nothing sends it once more."""
    return _joined(reason, NOT_REPEATED) if code in PASSING_CODES else reason


def _may_pass(error: SendError) -> bool:
    # A message that was refused for our keys may still leave with the right keys.
    return error.retryable or isinstance(error, CredentialsRefused)


def _joined(*sentences: str) -> str:
    return " ".join(
        sentence if sentence.endswith((".", "!", "?", "…")) else f"{sentence}."
        for sentence in map(str.strip, sentences)
        if sentence
    )
