"""What Twilio's answers mean: who must act, and what an agent reads.

Source: https://www.twilio.com/docs/api/errors
"""

from __future__ import annotations

from collections.abc import Callable

from pydantic import ValidationError

from hub.connectors import provider_errors
from hub.connectors.http import HttpResponse, error_for
from hub.connectors.provider_errors import ModelT, Verdict, error_by
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

STOPPED = Verdict(
    ContactStopped,
    "This customer answered STOP and gets no more text messages until they write START.",
)
NO_SUCH_NUMBER = Verdict(AddressInvalid, "This is not a phone number that can get text messages.")
LANDLINE = Verdict(AddressInvalid, "This number is a landline or cannot get text messages.")
NO_ROUTE = Verdict(Rejected, "Twilio cannot reach this number from ours.")
REGION_OFF = Verdict(
    Rejected,
    "Text messages to this country are turned off: an admin can allow it in Twilio's console "
    "under Messaging, Geo permissions.",
)
BAD_SENDER = Verdict(
    Rejected, "Twilio does not let us send from our number: an admin must check `number`."
)
BAD_MEDIA = Verdict(
    Rejected, "Twilio could not fetch the attachment: it must be on a public https address."
)
TRIAL = Verdict(
    Rejected, "Twilio's trial account writes only to numbers that were verified in its console."
)
KEYS = Verdict(
    CredentialsRefused,
    "Twilio refuses the account: an admin must check account_sid and auth_token.",
)
SUSPENDED = Verdict(CredentialsRefused, "Twilio has suspended the account: an admin must see why.")
BUSY = Verdict(Throttled, "Twilio has too much to send for us at once; it is tried again soon.")
CARRIER_BUSY = Verdict(
    Throttled, "The customer's network takes no more from us at the moment; try again later."
)
UNREACHABLE = Verdict(
    ConnectionFailed, "The customer's phone is off or out of reach; try again later."
)
CARRIER_FAILED = Verdict(
    ConnectionFailed, "The customer's network did not deliver it and says no more; try again later."
)
BLOCKED = Verdict(Rejected, "The customer's network or phone blocks messages from our number.")
FILTERED = Verdict(
    Rejected,
    "The network filtered this as spam: an admin should check the number's registration.",
)
UNREGISTERED = Verdict(
    Rejected,
    "The network refuses our number because it is not registered for messages to people (A2P).",
)
DAILY_CAP = Verdict(Rejected, "Our number has used up what the network allows in a day.")

VERDICTS: dict[int, Verdict] = {
    21610: STOPPED,
    21211: NO_SUCH_NUMBER,
    21604: NO_SUCH_NUMBER,
    21266: Verdict(AddressInvalid, "This is our own number."),
    21612: NO_ROUTE,
    21614: LANDLINE,
    21408: REGION_OFF,
    21603: BAD_SENDER,
    21606: BAD_SENDER,
    21659: BAD_SENDER,
    21660: BAD_SENDER,
    21602: Verdict(Rejected, "Twilio takes no message without text or attachment."),
    21619: Verdict(Rejected, "Twilio takes no message without text or attachment."),
    21617: Verdict(Rejected, "The text is longer than the 1600 characters that Twilio takes."),
    21620: BAD_MEDIA,
    11200: BAD_MEDIA,
    12300: BAD_MEDIA,
    11751: Verdict(Rejected, "The attachment is larger than the 5 MB that Twilio takes."),
    21623: Verdict(Rejected, "There are more attachments than the 10 that a message can carry."),
    21608: TRIAL,
    21609: Verdict(Rejected, "Twilio does not accept this hub's public address for its reports."),
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
    30005: Verdict(AddressInvalid, "The network does not know this number (any more)."),
    30006: LANDLINE,
    30007: FILTERED,
    30011: Verdict(Rejected, "The customer's network does not take MMS."),
    30019: Verdict(Rejected, "The attachment is larger than the customer's network takes."),
    30023: DAILY_CAP,
    30032: UNREGISTERED,
    30034: UNREGISTERED,
}

#: A message that Twilio took and did not bring there, where its code says no more.
FAILURES = {
    "undelivered": Verdict(Rejected, "The customer's network did not deliver it."),
    "failed": Verdict(Rejected, "Twilio could not send it."),
    "canceled": Verdict(Rejected, "It was cancelled at Twilio before it was sent."),
}


def verdict_on(code: str, otherwise: Verdict) -> Verdict:
    return VERDICTS.get(int(code), otherwise) if code.isdecimal() else otherwise


def read_answer(
    shape: type[ModelT], response: HttpResponse, redact: Callable[[str], str]
) -> ModelT:
    """The resource in an answer of the REST API. Raises the SendError that it stands for."""
    return provider_errors.read_answer(shape, response, "Twilio", lambda bad: _error(bad, redact))


def _error(response: HttpResponse, redact: Callable[[str], str]) -> SendError:
    try:
        body = ErrorBody.model_validate_json(response.body)
    except ValidationError:
        return error_for(response)
    words = redact(f"Twilio refused it: {body.message}")
    return error_by(VERDICTS.get(body.code), response, str(body.code), words)
