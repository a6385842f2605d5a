"""What a person can do on the page: one table per app, from the name in the address to the verb."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hub.sandbox.base.screen import Media
from hub.sandbox.customer_page.customers import Apps


@dataclass(frozen=True, slots=True)
class Act:
    """What came with the click."""

    values: dict[str, Any] = field(default_factory=dict)
    files: tuple[Media, ...] = ()

    def text(self, name: str = "text") -> str:
        return str(self.values.get(name) or "")

    def number(self, name: str) -> float:
        """Raises ValueError."""
        return float(self.values.get(name, ""))

    @property
    def file(self) -> Media | None:
        return self.files[0] if self.files else None

    @property
    def data(self) -> bytes | None:
        return self.file.data if self.file else None


Verb = Callable[[Apps, Act], object]


def _telegram_file(apps: Apps, act: Act) -> object:
    file, caption = act.file, act.text("caption")
    if file is None:
        return apps.telegram.sends_document(caption=caption)
    more = {"media_type": file.media_type, "name": file.name}
    if file.media_type.startswith("image/") and file.media_type != "image/svg+xml":
        return apps.telegram.sends_photo(file.data, caption, **more)
    if file.media_type.startswith("video/"):
        return apps.telegram.sends_video(file.data, caption, **more)
    return apps.telegram.sends_document(file.data, caption=caption, **more)


def _telegram_voice(apps: Apps, act: Act) -> object:
    media_type = act.file.media_type if act.file else "audio/ogg"
    seconds = max(1, round(float(act.values.get("seconds") or 1)))
    return apps.telegram.sends_voice(act.data, seconds, media_type=media_type)


def _messenger_file(apps: Apps, act: Act) -> object:
    file = act.file
    if file is None:
        return apps.messenger.sends_file()
    major = file.media_type.partition("/")[0]
    kind = major if major in ("image", "audio", "video") else "file"
    return apps.messenger.sends(kind, file.data, file.media_type, file.name)


def _messenger_voice(apps: Apps, act: Act) -> object:
    return apps.messenger.sends_voice(act.data, act.file.media_type if act.file else "audio/ogg")


def _sms_photo(apps: Apps, act: Act) -> object:
    file = act.file
    if file is None:
        return apps.sms.sends_mms(text=act.text("caption"))
    return apps.sms.sends_mms(file.data, act.text("caption"), file.media_type, file.name)


def _mail(apps: Apps, act: Act) -> object:
    answered = next((m for m in apps.mail.mails if m.id == act.text("in_reply_to")), None)
    if answered is not None and act.text("in_reply_to"):
        return apps.mail.replies(answered, act.text(), attachments=act.files)
    return apps.mail.sends(
        act.text(), to=act.text("to"), subject=act.text("subject"), attachments=act.files
    )


VERBS: dict[str, dict[str, Verb]] = {
    "telegram": {
        "says": lambda a, act: a.telegram.says(act.text(), reply_to=act.text("reply_to") or None),
        "photo": lambda a, act: a.telegram.sends_photo(act.data, act.text("caption")),
        "file": _telegram_file,
        "voice": _telegram_voice,
        "location": lambda a, act: a.telegram.sends_location(act.number("lat"), act.number("lon")),
        "starts": lambda a, act: a.telegram.starts(act.text("payload")),
        "presses": lambda a, act: a.telegram.presses(act.text("title")),
        "edits": lambda a, act: a.telegram.edits(act.text("id"), act.text()),
        "reacts": lambda a, act: a.telegram.reacts(act.text("id"), act.text("emoji")),
        "blocks": lambda a, act: a.telegram.blocks_bot(),
        "unblocks": lambda a, act: a.telegram.unblocks_bot(),
    },
    "messenger": {
        "says": lambda a, act: a.messenger.says(act.text(), reply_to=act.text("reply_to") or None),
        "photo": lambda a, act: a.messenger.sends_photo(act.data),
        "file": _messenger_file,
        "voice": _messenger_voice,
        "location": lambda a, act: a.messenger.sends_location(act.number("lat"), act.number("lon")),
        "starts": lambda a, act: a.messenger.follows_link(act.text("payload")),
        "presses": lambda a, act: a.messenger.presses(act.text("title")),
        "edits": lambda a, act: a.messenger.edits(act.text("id"), act.text()),
        "reacts": lambda a, act: a.messenger.reacts(act.text("id"), act.text("emoji")),
        "likes": lambda a, act: a.messenger.likes(),
        "reads": lambda a, act: a.messenger.reads(),
        "waits": lambda a, act: a.messenger.last_wrote_hours_ago(act.number("hours")),
        "blocks": lambda a, act: a.messenger.blocks_page(),
        "unblocks": lambda a, act: a.messenger.unblocks_page(),
    },
    "sms": {
        "says": lambda a, act: a.sms.texts(act.text()),
        "photo": _sms_photo,
        "file": _sms_photo,
        "phone_off": lambda a, act: a.sms.phone_is_off(),
        "phone_on": lambda a, act: a.sms.phone_is_on(),
    },
    "mail": {
        "sends": _mail,
        "away": lambda a, act: a.mail.is_away(),
        "mailbox_full": lambda a, act: a.mail.mailbox_is_full(),
        "fine": lambda a, act: a.mail.is_fine(),
    },
}
