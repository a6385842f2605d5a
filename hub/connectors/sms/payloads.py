"""Twilio's forms and JSON, in Twilio's own names. Unknown fields are expected: it adds some.

Source: https://www.twilio.com/docs/messaging/guides/webhook-request,
https://www.twilio.com/docs/messaging/api/message-resource
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

#: The most files that an MMS can carry.
MAX_MEDIA = 10


def _rfc2822(value: object) -> datetime | None:
    if not isinstance(value, str) or not value:
        return None
    try:
        moment = parsedate_to_datetime(value)
        # "-0000" is UTC from an unknown place, which Python reads as no zone at all.
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


Sid = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,64}$")]
Stripped = Annotated[str, StringConstraints(strip_whitespace=True)]
Moment = Annotated[datetime | None, BeforeValidator(_rfc2822)]


class InboundForm(BaseModel):
    """A message to our number. Media have numbered fields, read by `media`."""

    model_config = ConfigDict(frozen=True, extra="allow")

    MessageSid: Sid
    From: Stripped = Field(min_length=1, max_length=255)
    To: str = ""
    Body: str = ""
    OptOutType: str = ""
    Latitude: str = ""
    Longitude: str = ""
    Label: str = ""
    Address: str = ""
    ButtonText: str = ""
    ButtonPayload: str = ""
    ListTitle: str = ""
    FlowData: str = ""
    InteractiveData: str = ""
    OriginalRepliedMessageSid: str = ""
    ReferralHeadline: str = ""
    ReferralSourceId: str = ""
    ReferralSourceUrl: str = ""

    @property
    def text(self) -> str:
        """What the customer wrote, chose or filled in."""
        chosen = (self.ButtonText, self.ListTitle, self.FlowData, self.InteractiveData)
        return self.Body or next(filter(None, chosen), "")

    @property
    def point(self) -> tuple[float, float] | None:
        """Latitude and longitude, where both are possible ones."""
        try:
            latitude, longitude = float(self.Latitude), float(self.Longitude)
        except ValueError:
            return None
        return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None

    @property
    def media(self) -> list[tuple[str, str]]:
        """(URL, media type) of each file; `NumMedia` is not needed and so cannot be wrong."""
        fields: dict[str, str] = self.model_extra or {}
        media = []
        for index in range(MAX_MEDIA):
            url = fields.get(f"MediaUrl{index}", "")
            if url:  # an earlier one may be missing
                media.append((url, fields.get(f"MediaContentType{index}", "")))
        return media


class StatusForm(BaseModel):
    """A report about a message of ours.

    From the callback's query come `message`, our own id, and `more`, set where the text was longer
    than one message and this is not the last of them.
    """

    model_config = ConfigDict(frozen=True)

    MessageSid: Sid
    MessageStatus: Stripped
    To: Stripped = ""
    ErrorCode: Stripped = Field("", max_length=10)
    message: str = ""
    more: str = ""


class MessageResource(BaseModel):
    """A message as the REST API shows it. Numbers are strings, dates RFC 2822."""

    model_config = ConfigDict(frozen=True)

    sid: str
    status: str = ""
    body: str | None = None
    direction: str = ""
    num_media: str = "0"
    date_created: Moment = None
    error_code: int | None = None


class MessageList(BaseModel):
    model_config = ConfigDict(frozen=True)

    messages: list[MessageResource]


class PhoneNumber(BaseModel):
    model_config = ConfigDict(frozen=True)

    phone_number: str
    friendly_name: str = ""
    sms_url: str | None = None


class PhoneNumberList(BaseModel):
    model_config = ConfigDict(frozen=True)

    incoming_phone_numbers: list[PhoneNumber]


class Account(BaseModel):
    model_config = ConfigDict(frozen=True)

    friendly_name: str = ""
    status: str = ""


class ErrorBody(BaseModel):
    """`{"code": 21211, "message": "...", "more_info": "...", "status": 400}`"""

    model_config = ConfigDict(frozen=True)

    code: int
    message: str
