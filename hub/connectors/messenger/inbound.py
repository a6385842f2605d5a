"""Meta's events as events of the hub.

Source: https://developers.facebook.com/docs/messenger-platform/reference/webhook-events
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import ValidationError

from hub.connectors.lenient_json import read_json, write_json
from hub.connectors.messenger.payloads import (
    Enclosure,
    Entry,
    Envelope,
    Event,
    Message,
    Party,
    Payload,
)
from hub.errors import EventIgnored, PayloadInvalid
from hub.types import (
    Address,
    Attachment,
    ContactEvent,
    DeliveryStatus,
    DeliveryUpdate,
    InboundEvent,
    InboundMessage,
    Location,
    Medium,
    ParsedEvent,
    UnreadableEvent,
)

SCHEME = "messenger"

#: Voice notes come as `audio`, and nothing tells them from songs.
MEDIA = {
    "image": Medium.IMAGE,
    "audio": Medium.AUDIO,
    "video": Medium.VIDEO,
    "file": Medium.FILE,
}
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
    ignored: list[str] = []
    for item, around in _items(envelope, page):
        raw = body
        try:
            raw = write_json({"object": "page", "entry": [around]})
            events.append(_event(Event.model_validate(item), raw, page))
        except EventIgnored as reason:
            ignored.append(reason.message)
        except Exception as error:  # noqa: BLE001 - one odd event must not withhold the others
            key = f"unreadable:{_digest(raw)}"
            events.append(UnreadableEvent(key=key, raw=raw, reason=type(error).__name__))
    if events:
        return events
    raise EventIgnored(ignored[0] if ignored else "There is no event of this page in it.")


def _items(envelope: Envelope, page: str) -> Iterator[tuple[Any, Any]]:
    """Every event of our page, each with the smallest entry that holds it."""
    for item in envelope.entry:
        try:
            entry = Entry.model_validate(item)
        except ValidationError:
            yield item, item
            continue
        if entry.id in ("", page):
            for event in entry.messaging or ():
                yield event, {"id": page, "time": entry.time, "messaging": [event]}


def _event(event: Event, raw: bytes, page: str) -> InboundEvent:
    for part, read in READERS.items():
        if getattr(event, part) is not None:
            return read(event, raw, page)
    raise EventIgnored("Of a kind that says nothing to us.")


def _message(event: Event, raw: bytes, page: str) -> InboundMessage:
    message = event.message
    assert message is not None
    if message.is_deleted:
        raise EventIgnored("A message was deleted; what was said stays in the thread.")
    echo = message.is_echo or (event.sender is not None and event.sender.id == page)
    text, attachments, location = _content(message)
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
        sent_by_us=echo,
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
        extra={"button": payload},
    )


def _reaction(event: Event, raw: bytes, page: str) -> ContactEvent:
    reaction = event.reaction
    assert reaction is not None
    address = _address(event.sender, page)
    emoji = reaction.emoji or EMOJI.get(reaction.reaction or "", "")
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
}


# -- the parts of a message ------------------------------------------------------------------------


def _content(message: Message) -> tuple[str, tuple[Attachment, ...], Location | None]:
    """Text, files and location. Any other content becomes a line of text, so that none is lost."""
    lines = [message.text] if message.text else []
    files: list[Attachment] = []
    location = None
    for item in message.attachments or ():
        enclosure = _enclosure(item)
        payload = enclosure.payload or Payload()
        if enclosure.type in MEDIA and payload.url:
            files.append(_file(enclosure.type, payload))
        elif payload.coordinates and location is None:
            point = payload.coordinates
            location = Location(point.lat, point.long, enclosure.title or "")
        else:
            lines += [
                line for line in _text_lines(enclosure, payload) if line not in "\n".join(lines)
            ]
    if not (lines or files or location):
        lines = ["[something that Messenger does not hand on]"]
    return "\n".join(lines), tuple(files), location


def _enclosure(item: object) -> Enclosure:
    try:
        return Enclosure.model_validate(item)
    except ValidationError:
        return Enclosure(type="attachment")


def _file(kind: str, payload: Payload) -> Attachment:
    url = payload.url or ""
    if payload.sticker_id:
        return Attachment(Medium.STICKER, source=url)
    return Attachment(MEDIA[kind], name=_name(url) if kind == "file" else "", source=url)


def _text_lines(enclosure: Enclosure, payload: Payload) -> list[str]:
    """The title and the link of a share, a template or a reel."""
    lines = [enclosure.title or payload.title, enclosure.url or payload.url]
    return [line for line in lines if line] or [f"[{enclosure.type}]"]


def _name(url: str) -> str:
    try:
        return unquote(urlsplit(url).path.rpartition("/")[2])
    except ValueError:
        return ""


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
