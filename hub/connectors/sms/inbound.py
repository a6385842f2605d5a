"""From Twilio's words to ours: messages, opt-outs and delivery reports.

Source: https://www.twilio.com/docs/messaging/guides/webhook-request,
https://www.twilio.com/docs/messaging/guides/advanced-opt-out,
https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
"""

from __future__ import annotations

from hub.connectors.sms.errors import FAILURES, verdict_on
from hub.connectors.sms.payloads import InboundForm, StatusForm
from hub.errors import ContactStopped, EventIgnored
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
    Medium,
)

#: The whole trimmed message, whatever its case. Twilio answers these itself and blocks or opens
#: the number, so nothing of ours may answer them too.
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
#: Opts in somebody who had opted out, which only the core knows; for all others it is an answer.
MAYBE_START = "YES"

#: From `accepted` on Twilio has the message, and that is what `sent` means here.
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


def message_from(form: InboundForm, raw: bytes, scheme: str) -> InboundEvent:
    """What a customer wrote: a message, or one of the words by which they opt out or in."""
    address = Address(scheme, canonical(form.From))
    words = form.Body.strip().upper()
    keyword = OPT_OUT_TYPES.get(form.OptOutType.upper()) or KEYWORDS.get(words)
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
        text=form.Body,
        to=form.To,
        attachments=tuple(
            Attachment(_medium(media_type), media_type=media_type, source=url)
            for url, media_type in form.media
        ),
        # Where a name stands in the place of a number, anybody could have put it there.
        authenticated=address.path.lstrip("+").isdecimal(),
        extra={"keyword": "start"} if words == MAYBE_START else {},
    )


def update_from(form: StatusForm, raw: bytes, scheme: str) -> DeliveryUpdate:
    """What became of a message of ours. Raises EventIgnored for a status that is not of one."""
    word = form.MessageStatus.lower()
    status = STATUSES.get(word)
    if status is None:
        raise EventIgnored(f"{form.MessageStatus!r} says nothing about a message of ours.")
    if form.more and status is not DeliveryStatus.FAILED:
        raise EventIgnored("How the whole message fares is told by its last part.")
    failure = FAILURES.get(word)
    verdict = verdict_on(form.ErrorCode, failure) if failure else None
    return DeliveryUpdate(
        key=f"{form.MessageSid}:{word}:{form.ErrorCode}",
        raw=raw,
        status=status,
        address=Address(scheme, canonical(form.To)) if form.To else None,
        external_ids=(form.MessageSid,),
        message_id=form.message,
        code=verdict.error.code if verdict else "",
        reason=verdict.sentence if verdict else "",
        external_code=form.ErrorCode,
        stopped=verdict is not None and verdict.error is ContactStopped,
        note=NOTES.get(word, ""),
    )


def _medium(media_type: str) -> Medium:
    family = media_type.partition("/")[0].lower()
    return Medium(family) if family in ("image", "audio", "video") else Medium.FILE
