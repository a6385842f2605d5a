"""Twilio's forms as events of the hub: messages, opt-outs and delivery reports.

Source: https://www.twilio.com/docs/messaging/guides/webhook-request,
https://www.twilio.com/docs/messaging/guides/advanced-opt-out,
https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode

from pydantic import ValidationError

from hub.connectors.provider_errors import ModelT
from hub.connectors.sms.errors import FAILURES, meaning_of
from hub.connectors.sms.payloads import InboundForm, StatusForm
from hub.errors import ContactStopped, EventIgnored, PayloadInvalid
from hub.phones import canonical
from hub.types import (
    Address,
    Attachment,
    ContactEvent,
    ContactEventName,
    DeliveryStatus,
    DeliveryUpdate,
    InboundEvent,
    InboundMessage,
    Location,
    Medium,
    MessageOrigin,
    ParsedEvent,
    UnreadableEvent,
    WebhookRequest,
)

#: The whole trimmed message, in any case. Twilio answers these itself and blocks or opens the
#: number, so no automatic text of the hub may answer them too.
KEYWORDS: dict[str, ContactEventName] = {
    **dict.fromkeys(
        ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"), "stopped"
    ),
    **dict.fromkeys(("START", "UNSTOP"), "started"),
    **dict.fromkeys(("HELP", "INFO"), "help"),
}
#: Also for the keywords an account made itself, so it wins over ours.
OPT_OUT_TYPES: dict[str, ContactEventName] = {
    "STOP": "stopped",
    "START": "started",
    "HELP": "help",
}
#: Opts in a customer who had opted out, which only the core knows; for all others it is an answer.
MAYBE_START = "YES"

#: `sent` means that Twilio has the message, which it has from `accepted` on.
STATUSES: dict[str, DeliveryStatus] = {
    "accepted": DeliveryStatus.SENT,
    "scheduled": DeliveryStatus.SENT,
    "queued": DeliveryStatus.SENT,
    "sending": DeliveryStatus.SENT,
    "sent": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "partially_delivered": DeliveryStatus.DELIVERED,
    "read": DeliveryStatus.READ,
    "undelivered": DeliveryStatus.FAILED,
    "failed": DeliveryStatus.FAILED,
    "canceled": DeliveryStatus.FAILED,
}
NOTES = {"partially_delivered": "Only a part of it arrived."}


def read_form(request: WebhookRequest, scheme: str) -> ParsedEvent:
    """The one event in a form: a message, an opt-out, or a delivery report.

    Args:
        scheme: of the addresses.

    Raises:
        PayloadInvalid: the body is not a form about a message.
        EventIgnored: a report of no use.
    """
    try:
        pairs = form_pairs(request)
    except ValueError:
        raise PayloadInvalid("What Twilio sends is a form, and this is none.") from None
    # The parameters that the hub put into the query have to be in what the journal keeps, too.
    parameters = [
        (name, request.query[name])
        for name in ("message", "more")
        if name in request.query and (name, request.query[name]) not in pairs
    ]
    raw = urlencode([*pairs, *parameters]).encode() if parameters else request.body
    fields = fields_of([*pairs, *parameters])
    try:
        if "MessageStatus" in fields:
            return _update(_validated(StatusForm, fields), raw, scheme)
        return _message(_validated(InboundForm, fields), raw, scheme)
    except PayloadInvalid as error:
        if "MessageSid" not in fields:
            raise
        key = f"unreadable:{hashlib.sha256(raw).hexdigest()[:40]}"
        return UnreadableEvent(key=key, raw=raw, reason=error.message)


def form_pairs(request: WebhookRequest) -> list[tuple[str, str]]:
    """The fields of a form, from the body alone where the journal kept only that.

    Raises ValueError for a body that is no form.
    """
    if request.form:
        return list(request.form)
    text = request.body.decode("utf-8", "replace")
    return parse_qsl(text, keep_blank_values=True, max_num_fields=500)


def fields_of(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The first value of each field."""
    return dict(reversed(pairs))


def _validated(model: type[ModelT], fields: dict[str, str]) -> ModelT:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        invalid = ", ".join(str(problem["loc"][0]) for problem in error.errors())
        raise PayloadInvalid(f"Twilio's form has no good {invalid}.") from None


def _message(form: InboundForm, raw: bytes, scheme: str) -> InboundEvent:
    """A customer's message, or the keyword by which they opt out or in."""
    address = Address(scheme, canonical(form.From))
    text = form.Body.strip().upper()
    keyword = OPT_OUT_TYPES.get(form.OptOutType.upper()) or KEYWORDS.get(text)
    if keyword:
        return ContactEvent(
            key=form.MessageSid,
            raw=raw,
            address=address,
            name=keyword,
            text=form.Body,
            external_id=form.MessageSid,
        )
    return InboundMessage(
        key=form.MessageSid,
        raw=raw,
        address=address,
        external_id=form.MessageSid,
        text=form.text,
        to=form.To,
        location=None if form.point is None else Location(*form.point, form.Label, form.Address),
        reply_to=form.OriginalRepliedMessageSid,
        origin=_origin(form),
        attachments=tuple(
            Attachment(_medium(media_type), media_type=media_type, source=url)
            for url, media_type in form.media
        ),
        # A name in the place of a number proves nothing: every sender can choose one.
        authenticated=address.path.lstrip("+").isdecimal(),
        extra={
            **({"keyword": "start"} if text == MAYBE_START else {}),
            **({"button": form.ButtonPayload or form.ButtonText} if form.ButtonText else {}),
        },
    )


def _origin(form: InboundForm) -> MessageOrigin | None:
    """The ad that led the customer here, on channels that have such ads."""
    title, url = form.ReferralHeadline, form.ReferralSourceUrl
    if not (title or url or form.ReferralSourceId):
        return None
    return MessageOrigin("ad", title, form.ReferralSourceId, url)


def _update(form: StatusForm, raw: bytes, scheme: str) -> DeliveryUpdate:
    """A report about a message of ours. Raises EventIgnored for a status of another message."""
    name = form.MessageStatus.lower()
    status = STATUSES.get(name)
    if status is None:
        raise EventIgnored(f"{form.MessageStatus!r} says nothing about a message of ours.")
    if form.more and status is not DeliveryStatus.FAILED:
        raise EventIgnored("How the whole message fares is told by its last part.")
    failure = FAILURES.get(name)
    meaning = meaning_of(form.ErrorCode, failure) if failure else None
    return DeliveryUpdate(
        key=f"{form.MessageSid}:{name}:{form.ErrorCode}",
        raw=raw,
        status=status,
        address=Address(scheme, canonical(form.To)) if form.To else None,
        external_ids=(form.MessageSid,),
        message_id=form.message,
        code=meaning.error.code if meaning else "",
        reason=meaning.sentence if meaning else "",
        external_code=form.ErrorCode,
        stopped=meaning is not None and meaning.error is ContactStopped,
        note=NOTES.get(name, ""),
    )


def _medium(media_type: str) -> Medium:
    family = media_type.partition("/")[0].lower()
    return Medium(family) if family in ("image", "audio", "video") else Medium.FILE
