"""The actions of a customer on the page: one table per app, by the name in the URL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hub.sandbox.base.screen import Media
from hub.sandbox.customer_page.customers import CustomerApps


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """The fields and files of one request of the page."""

    values: dict[str, Any] = field(default_factory=dict)
    files: tuple[Media, ...] = ()

    def text(self, name: str = "text") -> str:
        return str(self.values.get(name) or "")

    def number(self, name: str) -> float:
        """Raises ValueError for a field that is no number."""
        return float(self.values.get(name, ""))

    @property
    def file(self) -> Media | None:
        return self.files[0] if self.files else None

    @property
    def data(self) -> bytes | None:
        return self.file.data if self.file else None


Action = Callable[[CustomerApps, ActionRequest], object]


def _send_telegram_file(apps: CustomerApps, request: ActionRequest) -> object:
    file, caption = request.file, request.text("caption")
    if file is None:
        return apps.telegram.sends_document(caption=caption)
    more = {"media_type": file.media_type, "name": file.name}
    if file.media_type.startswith("image/") and file.media_type != "image/svg+xml":
        return apps.telegram.sends_photo(file.data, caption, **more)
    if file.media_type.startswith("video/"):
        return apps.telegram.sends_video(file.data, caption, **more)
    return apps.telegram.sends_document(file.data, caption=caption, **more)


def _send_telegram_voice(apps: CustomerApps, request: ActionRequest) -> object:
    media_type = request.file.media_type if request.file else "audio/ogg"
    seconds = max(1, round(float(request.values.get("seconds") or 1)))
    return apps.telegram.sends_voice(request.data, seconds, media_type=media_type)


def _send_messenger_file(apps: CustomerApps, request: ActionRequest) -> object:
    file = request.file
    if file is None:
        return apps.messenger.sends_file()
    major = file.media_type.partition("/")[0]
    kind = major if major in ("image", "audio", "video") else "file"
    return apps.messenger.sends(kind, file.data, file.media_type, file.name)


def _send_messenger_voice(apps: CustomerApps, request: ActionRequest) -> object:
    return apps.messenger.sends_voice(
        request.data, request.file.media_type if request.file else "audio/ogg"
    )


def _send_mms(apps: CustomerApps, request: ActionRequest) -> object:
    file = request.file
    if file is None:
        return apps.sms.sends_mms(text=request.text("caption"))
    return apps.sms.sends_mms(file.data, request.text("caption"), file.media_type, file.name)


def _send_mail(apps: CustomerApps, request: ActionRequest) -> object:
    answered = next(
        (mail for mail in apps.mail.mails if mail.id == request.text("in_reply_to")), None
    )
    if answered is not None and request.text("in_reply_to"):
        return apps.mail.replies(answered, request.text(), attachments=request.files)
    return apps.mail.sends(
        request.text(),
        to=request.text("to"),
        subject=request.text("subject"),
        attachments=request.files,
    )


ACTIONS: dict[str, dict[str, Action]] = {
    "telegram": {
        "says": lambda apps, request: apps.telegram.says(
            request.text(), reply_to=request.text("reply_to") or None
        ),
        "photo": lambda apps, request: apps.telegram.sends_photo(
            request.data, request.text("caption")
        ),
        "file": _send_telegram_file,
        "voice": _send_telegram_voice,
        "location": lambda apps, request: apps.telegram.sends_location(
            request.number("lat"), request.number("lon")
        ),
        "starts": lambda apps, request: apps.telegram.starts(request.text("payload")),
        "presses": lambda apps, request: apps.telegram.presses(request.text("title")),
        "edits": lambda apps, request: apps.telegram.edits(request.text("id"), request.text()),
        "reacts": lambda apps, request: apps.telegram.reacts(
            request.text("id"), request.text("emoji")
        ),
        "blocks": lambda apps, request: apps.telegram.blocks_bot(),
        "unblocks": lambda apps, request: apps.telegram.unblocks_bot(),
    },
    "messenger": {
        "says": lambda apps, request: apps.messenger.says(
            request.text(), reply_to=request.text("reply_to") or None
        ),
        "photo": lambda apps, request: apps.messenger.sends_photo(request.data),
        "file": _send_messenger_file,
        "voice": _send_messenger_voice,
        "location": lambda apps, request: apps.messenger.sends_location(
            request.number("lat"), request.number("lon")
        ),
        "starts": lambda apps, request: apps.messenger.follows_link(request.text("payload")),
        "presses": lambda apps, request: apps.messenger.presses(request.text("title")),
        "edits": lambda apps, request: apps.messenger.edits(request.text("id"), request.text()),
        "reacts": lambda apps, request: apps.messenger.reacts(
            request.text("id"), request.text("emoji")
        ),
        "likes": lambda apps, request: apps.messenger.likes(),
        "reads": lambda apps, request: apps.messenger.reads(),
        "waits": lambda apps, request: apps.messenger.last_wrote_hours_ago(request.number("hours")),
        "blocks": lambda apps, request: apps.messenger.blocks_page(),
        "unblocks": lambda apps, request: apps.messenger.unblocks_page(),
    },
    "sms": {
        "says": lambda apps, request: apps.sms.texts(request.text()),
        "photo": _send_mms,
        "file": _send_mms,
        "phone_off": lambda apps, request: apps.sms.phone_is_off(),
        "phone_on": lambda apps, request: apps.sms.phone_is_on(),
    },
    "mail": {
        "sends": _send_mail,
        "away": lambda apps, request: apps.mail.is_away(),
        "mailbox_full": lambda apps, request: apps.mail.mailbox_is_full(),
        "fine": lambda apps, request: apps.mail.is_fine(),
    },
}
