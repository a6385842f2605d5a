"""What Meta's answers mean: who must act, and what an agent reads.

Source: https://developers.facebook.com/docs/messenger-platform/error-codes
"""

from __future__ import annotations

from collections.abc import Callable

from pydantic import ValidationError

from hub.connectors import provider_errors
from hub.connectors.http import HttpResponse, error_for
from hub.connectors.messenger.payloads import ErrorBody, GraphError
from hub.connectors.provider_errors import ModelT, Verdict, error_by
from hub.errors import (
    AddressInvalid,
    ConnectionFailed,
    ContactStopped,
    CredentialsRefused,
    Rejected,
    SendError,
    Throttled,
    WindowClosed,
)

WINDOW = Verdict(
    WindowClosed,
    "The time in which Messenger allows an answer is over; it begins again when they write.",
)
NOT_RECEIVING = Verdict(Rejected, "This person receives no messages from the page at the moment.")
KEYS = Verdict(
    CredentialsRefused, "Meta no longer accepts the page's token: an admin must make a new one."
)
PERMISSION = Verdict(
    CredentialsRefused,
    "The app lost its permission to write for this page: an admin must renew it.",
)
PROOF = Verdict(
    CredentialsRefused, "Meta does not accept the app secret: an admin must check app_secret."
)
BUSY = Verdict(Throttled, "The page has sent as much as Meta allows for now; it goes on soon.")
BROKEN = Verdict(ConnectionFailed, "Messenger has a problem of its own; it is tried again.")

#: By code and subcode, else by code.
VERDICTS: dict[tuple[int, int | None], Verdict] = {
    (10, 2018278): WINDOW,
    (10, 2534022): WINDOW,
    (10, 2018065): NOT_RECEIVING,
    (10, 2018108): NOT_RECEIVING,
    (200, 1545041): NOT_RECEIVING,
    (10, None): Verdict(Rejected, "The app has no permission for this: an admin must ask Meta."),
    (551, None): Verdict(
        ContactStopped, "This person is not available: they blocked the page or left Messenger."
    ),
    (100, 2018001): Verdict(AddressInvalid, "Messenger knows no such person for this page."),
    (100, 33): Verdict(Rejected, "Messenger does not know this page: an admin must check page_id."),
    (100, 2018047): Verdict(Rejected, "Messenger could not take the file: try another format."),
    (190, None): KEYS,
    (104, None): KEYS,
    (200, None): PERMISSION,
    (230, None): PERMISSION,
    # A block of the whole page: nothing sent now would leave.
    (368, None): Verdict(
        CredentialsRefused,
        "Meta has blocked the page for breaking a policy: an admin must see why.",
    ),
    (4, None): BUSY,
    (32, None): BUSY,
    (613, None): BUSY,
    (80006, None): BUSY,
    (1, None): BROKEN,
    (2, None): BROKEN,
    (1200, None): BROKEN,
}


def read_answer(
    shape: type[ModelT], response: HttpResponse, redact: Callable[[str], str]
) -> ModelT:
    """What the Graph API answered. Raises the SendError that it stands for."""
    return provider_errors.read_answer(
        shape, response, "Messenger", lambda bad: _error(bad, redact)
    )


def _error(response: HttpResponse, redact: Callable[[str], str]) -> SendError:
    try:
        told = ErrorBody.model_validate_json(response.body).error
    except ValidationError:
        return error_for(response)
    code = str(told.code) if told.error_subcode is None else f"{told.code}/{told.error_subcode}"
    words = redact(f"Messenger refused it: {told.message}")
    return error_by(_verdict(told), response, code, words)


def _verdict(told: GraphError) -> Verdict | None:
    if told.is_transient:
        return BUSY if VERDICTS.get((told.code, None)) is BUSY else BROKEN
    # Has no code of its own: 100 is every bad parameter.
    if "appsecret_proof" in told.message:
        return PROOF
    return VERDICTS.get((told.code, told.error_subcode)) or VERDICTS.get((told.code, None))
