"""A message of the hub as forms of Twilio's Messages resource.

Limits: https://www.twilio.com/docs/messaging/api/message-resource (text, media),
https://www.twilio.com/docs/messaging/guides/accepted-mime-types (sizes and types)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from hub.connectors.http import HttpCall
from hub.connectors.sms.payloads import MAX_MEDIA, MessageResource
from hub.connectors.text import split_text
from hub.errors import Unsupported
from hub.types import Attachment, Medium, MediumLimit, OutboundMessage

TEXT_LIMIT = 1600
#: For all media of a message together; Twilio fits images to the customer's network and passes
#: other files unchanged, which networks take up to about 500 KB.
IMAGE_BYTES = 5 * 1024 * 1024
OTHER_BYTES = 500 * 1024
AUDIO = MediumLimit(OTHER_BYTES, ("audio/*",), caption=TEXT_LIMIT)
FILE_TYPES = ("application/pdf", "text/vcard", "text/x-vcard", "text/csv", "text/calendar")
MEDIA: Mapping[Medium, MediumLimit] = {
    Medium.IMAGE: MediumLimit(
        IMAGE_BYTES, ("image/jpeg", "image/png", "image/gif"), caption=TEXT_LIMIT
    ),
    Medium.AUDIO: AUDIO,
    Medium.VOICE: AUDIO,
    Medium.VIDEO: MediumLimit(OTHER_BYTES, ("video/*",), caption=TEXT_LIMIT),
    Medium.FILE: MediumLimit(OTHER_BYTES, FILE_TYPES, caption=TEXT_LIMIT),
}

#: Trial accounts put this before every text, so Twilio shows a message of ours with it.
TRIAL_PREFIX = "Sent from your Twilio trial account - "
#: How far Twilio's clock and ours may be apart.
CLOCK_SLACK = timedelta(seconds=10)


def message_contents(
    message: OutboundMessage, media_schemes: Sequence[str]
) -> list[list[tuple[str, str]]]:
    """The form fields of each message: all media go with the first piece of the text.

    Args:
        media_schemes: the URL schemes from which Twilio fetches attachments.

    Raises:
        Unsupported: Twilio cannot carry a part of the message.
    """
    if message.location:
        raise Unsupported("a location")
    if message.buttons:
        raise Unsupported("buttons")
    _check_limits(message.attachments)
    media = [("MediaUrl", _media_url(file, media_schemes)) for file in message.attachments]
    first, *more = split_text(message.text, TEXT_LIMIT) or [""]
    if not (first or media):
        raise Unsupported("a message without text or attachment")
    contents = [[("Body", first), *media] if first else media]
    return [*contents, *([("Body", piece)] for piece in more)]


def takes_reports(url: str) -> bool:
    """Whether Twilio reports to this URL.

    It refuses the whole message when its StatusCallback's host has an underscore.
    """
    host = urlsplit(url).hostname
    return bool(host) and "_" not in (host or "")


def is_same_message(resource: MessageResource, call: HttpCall, attempted_at: datetime) -> bool:
    """Whether a message at Twilio is the one that this call sent, by its text and its time."""
    fields = call.form or ()
    text = dict(fields).get("Body", "").strip()
    media = sum(name == "MediaUrl" for name, _ in fields)
    return (
        resource.direction.startswith("outbound")
        and resource.date_created is not None
        and resource.date_created >= attempted_at - CLOCK_SLACK
        and resource.num_media == str(media)
        and (resource.body or "").strip() in (text, TRIAL_PREFIX + text)
    )


def _check_limits(files: Sequence[Attachment]) -> None:
    if len(files) > MAX_MEDIA:
        raise Unsupported(f"more than {MAX_MEDIA} attachments")
    for file in files:
        limit = MEDIA.get(file.medium)
        if limit is None:
            raise Unsupported(f"a {file.medium}")
        if (file.size or 0) > limit.max_bytes:
            raise Unsupported(f"a {file.medium} over {limit.max_bytes // 1024} KB")
    if sum(file.size or 0 for file in files) > IMAGE_BYTES:
        raise Unsupported("attachments over 5 MB together")


def _media_url(file: Attachment, schemes: Sequence[str]) -> str:
    if urlsplit(file.url).scheme not in schemes:
        raise Unsupported(
            "attachments",
            "Twilio fetches attachments from this hub, for which the hub needs a public "
            "https address: an admin can set HUB_PUBLIC_URL.",
        )
    return file.url
