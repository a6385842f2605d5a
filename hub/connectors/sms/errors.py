"""Twilio's error codes: what each means for a message and for the agent who sent it.

Source: https://www.twilio.com/docs/api/errors
"""

from __future__ import annotations

from collections.abc import Callable

from pydantic import ValidationError

from hub.connectors import provider_errors
from hub.connectors.http import HttpResponse, error_for
from hub.connectors.provider_errors import Meaning, ModelT, error_for_code
from hub.connectors.sms.payloads import ErrorBody
from hub.errors import (
    AddressInvalid,
    ConnectionFailed,
    ContactStopped,
    CredentialsRefused,
    Rejected,
    SendError,
    Throttled,
)

STOPPED = Meaning(
    ContactStopped,
    "This customer answered STOP and gets no more text messages until they write START.",
)
NO_SUCH_NUMBER = Meaning(AddressInvalid, "This is not a phone number that can get text messages.")
LANDLINE = Meaning(AddressInvalid, "This number is a landline or cannot get text messages.")
NO_ROUTE = Meaning(Rejected, "Twilio cannot reach this number from ours: write on another channel.")
REGION_OFF = Meaning(
    Rejected,
    "Text messages to this country are turned off: an admin can allow it in Twilio's console "
    "under Messaging, Geo permissions.",
)
BAD_SENDER = Meaning(
    Rejected, "Twilio does not let us send from our number: an admin must check `number`."
)
BAD_MEDIA = Meaning(
    Rejected, "Twilio could not fetch the attachment: it must be on a public https address."
)
TRIAL = Meaning(
    Rejected, "Twilio's trial account writes only to numbers that were verified in its console."
)
KEYS = Meaning(
    CredentialsRefused,
    "Twilio refuses the account: an admin must check account_sid and auth_token.",
)
SUSPENDED = Meaning(CredentialsRefused, "Twilio has suspended the account: an admin must see why.")
BUSY = Meaning(Throttled, "Twilio has too much to send for us at once.")
CARRIER_BUSY = Meaning(Throttled, "The customer's network takes no more from us at the moment.")
UNREACHABLE = Meaning(ConnectionFailed, "The customer's phone is off or out of reach.")
CARRIER_FAILED = Meaning(
    ConnectionFailed, "The customer's network did not deliver it and says no more."
)
BLOCKED = Meaning(
    Rejected,
    "The customer's network or phone blocks messages from our number: write on another channel.",
)
FILTERED = Meaning(
    Rejected,
    "The network filtered this as spam: an admin should check the number's registration.",
)
UNREGISTERED = Meaning(
    Rejected,
    "The network refuses our number because it is not registered for messages to people: an admin "
    "must register it (A2P) in Twilio's console.",
)
DAILY_CAP = Meaning(
    Rejected, "Our number has used up what the network allows in a day: send it again tomorrow."
)

CODES: dict[int, Meaning] = {
    21610: STOPPED,
    21211: NO_SUCH_NUMBER,
    21604: NO_SUCH_NUMBER,
    21266: Meaning(AddressInvalid, "This is our own number."),
    21612: NO_ROUTE,
    21614: LANDLINE,
    21408: REGION_OFF,
    21603: BAD_SENDER,
    21606: BAD_SENDER,
    21659: BAD_SENDER,
    21660: BAD_SENDER,
    21602: Meaning(Rejected, "Twilio takes no message without text or attachment."),
    21619: Meaning(Rejected, "Twilio takes no message without text or attachment."),
    21617: Meaning(Rejected, "The text is longer than the 1600 characters that Twilio takes."),
    21620: BAD_MEDIA,
    11200: BAD_MEDIA,
    12300: BAD_MEDIA,
    11751: Meaning(
        Rejected, "The attachment is larger than the 5 MB that Twilio takes: send a smaller one."
    ),
    21623: Meaning(Rejected, "There are more attachments than the 10 that a message can carry."),
    21608: TRIAL,
    21609: Meaning(
        Rejected,
        "Twilio does not accept this hub's public address for its reports: an admin must correct "
        "HUB_PUBLIC_URL.",
    ),
    20003: KEYS,
    20404: KEYS,
    30002: SUSPENDED,
    20429: BUSY,
    21611: BUSY,
    30001: BUSY,
    14107: BUSY,
    30003: UNREACHABLE,
    30008: CARRIER_FAILED,
    30017: CARRIER_BUSY,
    30022: CARRIER_BUSY,
    30410: CARRIER_FAILED,
    30004: BLOCKED,
    30005: Meaning(AddressInvalid, "The network does not know this number (any more)."),
    30006: LANDLINE,
    30007: FILTERED,
    30011: Meaning(Rejected, "The customer's network takes no MMS: send the text without a file."),
    30019: Meaning(
        Rejected, "The attachment is larger than the customer's network takes: send a smaller one."
    ),
    30023: DAILY_CAP,
    30032: UNREGISTERED,
    30034: UNREGISTERED,
}

#: By the status of a message that Twilio took and did not deliver, for codes without a meaning.
FAILURES = {
    "undelivered": Meaning(Rejected, "The customer's network did not deliver it."),
    "failed": Meaning(Rejected, "Twilio could not send it."),
    "canceled": Meaning(Rejected, "It was cancelled at Twilio before it was sent."),
}


def meaning_of(code: str, default: Meaning) -> Meaning:
    """The meaning of a code, or the default where the code is unknown or missing."""
    return CODES.get(int(code), default) if code.isdecimal() else default


def read_answer(
    model: type[ModelT], response: HttpResponse, redact: Callable[[str], str]
) -> ModelT:
    """The resource in an answer of the REST API.

    Args:
        model: the form of the resource.
        redact: takes secrets out of Twilio's own sentence.

    Raises:
        SendError: the error that the answer means.
    """
    return provider_errors.read_answer(
        model, response, "Twilio", lambda refused: _error_from(refused, redact)
    )


def _error_from(response: HttpResponse, redact: Callable[[str], str]) -> SendError:
    try:
        body = ErrorBody.model_validate_json(response.body)
    except ValidationError:
        return error_for(response)
    sentence = redact(f"Twilio refused it: {body.message}")
    return error_for_code(CODES.get(body.code), response, str(body.code), sentence)
