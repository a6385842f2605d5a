"""Carillon's error codes: what each means for a message and for the agent who sent it.

Source: https://carillon.example/docs/errors
"""

from __future__ import annotations

from pydantic import ValidationError

from hub.connector_kit import (
    AddressInvalid,
    ContactStopped,
    HttpResponse,
    Meaning,
    Rejected,
    SendError,
    error_for,
    error_for_code,
)
from hub_carillon.payloads import ErrorBody

CODES = {
    "blocked": Meaning(ContactStopped, "This customer has blocked us on Carillon."),
    "no_such_user": Meaning(AddressInvalid, "This Carillon account does not exist any more."),
    "file_refused": Meaning(
        Rejected, "Carillon could not fetch the file, or does not take its type."
    ),
}


def error_from(response: HttpResponse) -> SendError:
    """The error that an answer other than 2xx means."""
    try:
        code = ErrorBody.model_validate_json(response.body).error.code
    except ValidationError:
        return error_for(response)
    return error_for_code(CODES.get(code), response, code, "")
