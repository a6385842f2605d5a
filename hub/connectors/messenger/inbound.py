"""Meta's events as events of the hub.

Source: https://developers.facebook.com/docs/messenger-platform/reference/webhook-events
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from hub.connectors.lenient_json import read_json, write_json
from hub.connectors.messenger.content import content_of, feedback_text, origin_of, origin_of_message
from hub.connectors.messenger.payloads import (
    Entry,
    Envelope,
    Event,
    Party,
)
from hub.errors import EventIgnored, PayloadInvalid
from hub.types import (
    Address,
    ContactEvent,
    DeliveryStatus,
    DeliveryUpdate,
    IgnoredEvent,
    InboundEvent,
    InboundMessage,
    MessageOrigin,
    ParsedEvent,
    UnreadableEvent,
)

SCHEME = "messenger"

#: The app of the page's own inbox, in which people answer. Every other app is a robot to us.
PAGE_INBOX = "263902037430900"
#: For reactions whose emoji is missing.
EMOJI = {
    "smile": "😆",
    "angry": "😠",
    "sad": "😢",
    "wow": "😮",
    "love": "❤",
    "like": "👍",
    "dislike": "👎",
}


def events_in(body: bytes, page: str) -> list[ParsedEvent]:
    """The events of our page in a request, into which Meta puts many events of many pages.

    Args:
        body: the request's body.
        page: the id of our page.

    Raises:
        PayloadInvalid: the body is not of the form that Meta sends.
        EventIgnored: no event is for this page, or none is of use to an inbox.
    """
    try:
        envelope = Envelope.model_validate(read_json(body))
    except ValueError:
        raise PayloadInvalid("Not of the form that Meta sends.") from None
    if envelope.object != "page":
        raise EventIgnored(f"About {envelope.object!r} and not about a page.")
    events: list[ParsedEvent] = []
    for item, around, is_standby in _items(envelope, page):
        raw = body
        try:
            raw = write_json({"object": "page", "entry": [around]})
            event = _event(item, raw, page)
            events.append(_in_standby(event) if is_standby else event)
        except EventIgnored as reason:
            key = f"ignored:{_digest(raw)}"
            events.append(IgnoredEvent(key=key, raw=raw, reason=reason.message))
        except Exception as error:  # noqa: BLE001 - one odd event must not withhold the others
            key = f"unreadable:{_digest(raw)}"
            events.append(UnreadableEvent(key=key, raw=raw, reason=_reason(error)))
    if events:
        return events
    raise EventIgnored("There is no event in it.")


def _items(envelope: Envelope, page: str) -> Iterator[tuple[Any, Any, bool]]:
    """Every event, each with the smallest entry that holds it, and whether it is in standby.

    What is in standby came while another app of the page had the conversation.
    """
    for item in envelope.entry:
        try:
            entry = Entry.model_validate(item)
        except ValidationError:
            yield None, item, False
            continue
        if entry.id not in ("", page) or not (entry.messaging or entry.standby):
            yield entry, item, False
            continue
        for name, events in (("messaging", entry.messaging), ("standby", entry.standby)):
            for event in events or ():
                yield event, {"id": page, "time": entry.time, name: [event]}, name == "standby"


def _event(item: Any, raw: bytes, page: str) -> InboundEvent:
    """The event of an item. Raises EventIgnored; any other error means that it is unreadable."""
    if isinstance(item, Entry):
        if item.id not in ("", page):
            raise EventIgnored("It is about another page.")
        raise EventIgnored("It is about the page and has no event of Messenger.")
    for part, read in READERS.items():
        if item.get(part) is not None:
            # The other parts may be odd or newer than the hub, and are not needed.
            needed = ("sender", "recipient", "timestamp", part)
            event = Event.model_validate({name: item.get(name) for name in needed})
            return read(event, raw, page)
    reason = next((UNUSED[part] for part in UNUSED if item.get(part) is not None), "")
    if reason:
        raise EventIgnored(reason)
    kinds = ", ".join(sorted(set(item) - {"sender", "recipient", "timestamp"}))
    raise EventIgnored(f"Of a kind that the hub does not know: {kinds or 'none'}."[:200])


def _in_standby(event: InboundEvent) -> InboundEvent:
    if not isinstance(event, InboundMessage):
        return event
    return replace(event, extra={**event.extra, "standby": "yes"})


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        fields = (".".join(map(str, problem["loc"])) for problem in error.errors())
        return f"Meta sent an event without a good {', '.join(fields)}."[:300]
    return f"Meta sent something that is not of the form of an event ({type(error).__name__})."


def _message(event: Event, raw: bytes, page: str) -> InboundMessage | ContactEvent:
    message = event.message
    assert message is not None
    echo = message.is_echo or (event.sender is not None and event.sender.id == page)
    if message.is_deleted:
        return ContactEvent(
            key=f"unsent:{message.mid}",
            raw=raw,
            address=_address(event.recipient if echo else event.sender, page),
            name="unsent",
            at=_moment(event.timestamp),
            external_id=message.mid,
        )
    text, attachments, location = content_of(message)
    extra = {}
    if message.quick_reply:
        extra["quick_reply"] = message.quick_reply.payload
    if echo and message.app_id:
        extra["app_id"] = message.app_id
    return InboundMessage(
        key=message.mid,
        raw=raw,
        address=_address(event.recipient if echo else event.sender, page),
        external_id=message.mid,
        sent_at=_moment(event.timestamp),
        text=text,
        to="" if echo else page,
        attachments=attachments,
        location=location,
        reply_to=message.reply_to.mid if message.reply_to else "",
        handover_token=(message.referral and message.referral.ref) or "",
        origin=None if echo else origin_of_message(message),
        sent_by_us=echo,
        automatic=echo and (message.app_id or PAGE_INBOX) != PAGE_INBOX,
        metadata=message.metadata or "",
        extra=extra,
    )


def _edit(event: Event, raw: bytes, page: str) -> InboundMessage:
    edit = event.message_edit
    assert edit is not None
    return InboundMessage(
        key=f"edit:{edit.mid}:{edit.num_edit}",
        raw=raw,
        address=_address(event.sender, page),
        external_id=edit.mid,
        sent_at=_moment(event.timestamp),
        text=edit.text,
        to=page,
        edits=edit.mid,
    )


def _postback(event: Event, raw: bytes, page: str) -> InboundMessage:
    postback = event.postback
    assert postback is not None
    address = _address(event.sender, page)
    payload = postback.payload or ""
    key = postback.mid or f"postback:{_digest(address.path, event.timestamp, payload)}"
    return InboundMessage(
        key=key,
        raw=raw,
        address=address,
        external_id=postback.mid or "",
        sent_at=_moment(event.timestamp),
        text=postback.title or payload,
        to=page,
        handover_token=(postback.referral and postback.referral.ref) or "",
        origin=origin_of(postback.referral),
        extra={"button": payload},
    )


def _reaction(event: Event, raw: bytes, page: str) -> ContactEvent:
    reaction = event.reaction
    assert reaction is not None
    address = _address(event.sender, page)
    emoji = reaction.emoji or EMOJI.get(reaction.reaction or "", "")
    if reaction.action != "unreact" and not emoji:
        raise EventIgnored("A reaction whose emoji Meta did not tell.")
    digest = _digest(reaction.mid, address.path, reaction.action, event.timestamp)
    return ContactEvent(
        key=f"reaction:{digest}",
        raw=raw,
        address=address,
        name="reaction",
        at=_moment(event.timestamp),
        text="" if reaction.action == "unreact" else emoji,
        external_id=reaction.mid,
    )


def _feedback(event: Event, raw: bytes, page: str) -> InboundMessage:
    feedback = event.messaging_feedback
    assert feedback is not None
    address, text = _address(event.sender, page), feedback_text(feedback)
    return InboundMessage(
        key=f"feedback:{_digest(address.path, event.timestamp, text)}",
        raw=raw,
        address=address,
        sent_at=_moment(event.timestamp),
        text=text,
        to=page,
        extra={"kind": "feedback"},
    )


def _delivery(event: Event, raw: bytes, page: str) -> DeliveryUpdate:
    delivery = event.delivery
    assert delivery is not None
    address = _address(event.sender, page)
    mids = tuple(delivery.mids or ())
    return DeliveryUpdate(
        key=f"delivery:{_digest(address.path, delivery.watermark, *mids)}",
        raw=raw,
        status=DeliveryStatus.DELIVERED,
        address=address,
        external_ids=mids,
        # The ids are exact; the watermark covers the same messages by Meta's clock.
        up_to=None if mids else _moment(delivery.watermark),
        at=_moment(event.timestamp),
    )


def _read(event: Event, raw: bytes, page: str) -> DeliveryUpdate:
    assert event.read is not None
    address = _address(event.sender, page)
    return DeliveryUpdate(
        key=f"read:{address.path}:{event.read.watermark}",
        raw=raw,
        status=DeliveryStatus.READ,
        address=address,
        up_to=_moment(event.read.watermark),
        at=_moment(event.timestamp),
    )


def _referral(event: Event, raw: bytes, page: str) -> ContactEvent:
    ref = (event.referral and event.referral.ref) or (event.optin and event.optin.ref) or ""
    address = _address(event.sender, page)
    return ContactEvent(
        key=f"referral:{_digest(address.path, event.timestamp, ref)}",
        raw=raw,
        address=address,
        name="referral",
        at=_moment(event.timestamp),
        handover_token=ref,
        origin=origin_of(event.referral) or (MessageOrigin("link", ref=ref) if ref else None),
    )


READERS: dict[str, Callable[[Event, bytes, str], InboundEvent]] = {
    "message": _message,
    "message_edit": _edit,
    "postback": _postback,
    "reaction": _reaction,
    "delivery": _delivery,
    "read": _read,
    "referral": _referral,
    "optin": _referral,
    "messaging_feedback": _feedback,
}
#: Why events that are no message are of no use, for the admin.
UNUSED = {
    "pass_thread_control": "Another app of the page passed the conversation on.",
    "take_thread_control": "Another app of the page took the conversation.",
    "request_thread_control": "Another app of the page asks for the conversation.",
    "app_roles": "Meta tells which app of the page has which role.",
    "policy_enforcement": "Meta enforces a policy on the page: see its Support Inbox at Facebook.",
    "account_linking": "The customer linked or unlinked an account, which no app of ours asks for.",
    "messaging_customer_information": "The customer filled in a form of another app of the page.",
}


# -- parts -----------------------------------------------------------------------------------------


def _address(party: Party | None, page: str) -> Address:
    if party is None:
        raise EventIgnored("Nobody who can be answered (a plugin's user_ref).")
    return Address(SCHEME, party.id, page)


def _moment(milliseconds: int | None) -> datetime | None:
    if not milliseconds:
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _digest(*parts: object) -> str:
    """A key of fixed length for parts of any length."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:40]
