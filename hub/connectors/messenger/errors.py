"""Meta's error codes: what each means for a message and for the agent who sent it.

Source: https://developers.facebook.com/docs/messenger-platform/error-codes
"""

from __future__ import annotations

from collections.abc import Callable

from pydantic import ValidationError

from hub.connectors import provider_errors
from hub.connectors.http import HttpResponse, error_for
from hub.connectors.messenger.payloads import ErrorBody, GraphError
from hub.connectors.provider_errors import Meaning, ModelT, error_for_code
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

WINDOW = Meaning(
    WindowClosed,
    "The time in which Messenger allows an answer is over; it begins again when they write.",
)
NOT_RECEIVING = Meaning(
    Rejected,
    "This person receives no messages from the page at the moment: write on another channel.",
)
KEYS = Meaning(
    CredentialsRefused, "Meta no longer accepts the page's token: an admin must make a new one."
)
PERMISSION = Meaning(
    CredentialsRefused,
    "The app lost its permission to write for this page: an admin must renew it.",
)
PROOF = Meaning(
    CredentialsRefused, "Meta does not accept the app secret: an admin must check app_secret."
)
BUSY = Meaning(Throttled, "The page has sent as much as Meta allows for now.")
BROKEN = Meaning(ConnectionFailed, "Messenger has a problem of its own.")

#: By code and subcode, else by code.
CODES: dict[tuple[int, int | None], Meaning] = {
    (10, 2018278): WINDOW,
    (10, 2534022): WINDOW,
    (10, 2018065): NOT_RECEIVING,
    (10, 2018108): NOT_RECEIVING,
    (200, 1545041): NOT_RECEIVING,
    (10, None): Meaning(Rejected, "The app has no permission for this: an admin must ask Meta."),
    (551, None): Meaning(
        ContactStopped, "This person is not available: they blocked the page or left Messenger."
    ),
    (100, 2018001): Meaning(AddressInvalid, "Messenger knows no such person for this page."),
    (100, 33): Meaning(Rejected, "Messenger does not know this page: an admin must check page_id."),
    (100, 2018047): Meaning(Rejected, "Messenger could not take the file: try another format."),
    (190, None): KEYS,
    (104, None): KEYS,
    (200, None): PERMISSION,
    (230, None): PERMISSION,
    # A block of the whole page: nothing sent now would leave.
    (368, None): Meaning(
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
    model: type[ModelT], response: HttpResponse, redact: Callable[[str], str]
) -> ModelT:
    """The answer of the Graph API as a model.

    Args:
        model: the form of a good answer.
        redact: takes secrets out of Meta's own sentence.

    Raises:
        SendError: the error that the answer means.
    """
    return provider_errors.read_answer(
        model, response, "Messenger", lambda refused: _error_from(refused, redact)
    )


def _error_from(response: HttpResponse, redact: Callable[[str], str]) -> SendError:
    try:
        error = ErrorBody.model_validate_json(response.body).error
    except ValidationError:
        return error_for(response)
    code = str(error.code) if error.error_subcode is None else f"{error.code}/{error.error_subcode}"
    sentence = redact(f"Messenger refused it: {error.message}")
    return error_for_code(_meaning_of(error), response, code, sentence)


def _meaning_of(error: GraphError) -> Meaning | None:
    if error.is_transient:
        return BUSY if CODES.get((error.code, None)) is BUSY else BROKEN
    # Has no code of its own: 100 is every bad parameter.
    if "appsecret_proof" in error.message:
        return PROOF
    return CODES.get((error.code, error.error_subcode)) or CODES.get((error.code, None))
