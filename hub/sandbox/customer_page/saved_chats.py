"""Keeps the page's conversations in a folder, so that a restarted demo goes on where it was."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from hub.sandbox.base.screen import Bubble, Button, Media, Screen
from hub.sandbox.customer_page.customers import PEOPLE, Apps, apps_of
from hub.sandbox.customer_page.providers import Providers
from hub.sandbox.mail.formats import Mail

Json = dict[str, Any]


class Memory:
    """`keep` writes one file, `recall` reads it. A file that is not there is an empty memory."""

    def __init__(self, folder: Path, providers: Providers) -> None:
        self._file = folder / "sandbox.json"
        self._providers = providers

    def keep(self) -> None:
        everything = {person.key: self._kept(apps_of(self._providers, person)) for person in PEOPLE}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps(everything))
        new.replace(self._file)

    def recall(self) -> None:
        if not self._file.is_file():
            return
        everything = json.loads(self._file.read_text())
        for person in PEOPLE:
            if person.key in everything:
                self._recalled(apps_of(self._providers, person), everything[person.key])

    def _kept(self, apps: Apps) -> Json:
        wrote = apps.messenger.last_wrote
        return {
            "bot": apps.telegram.chat.bot,
            "telegram_messages": list(apps.telegram.chat.messages.values()),
            "last_wrote": wrote and wrote.isoformat(),
            "stopped": apps.sms.stopped,
            "telegram": _bubbles(apps.telegram.screen),
            "messenger": _bubbles(apps.messenger.screen),
            "sms": _bubbles(apps.sms.screen),
            "mails": [_mail(mail) for mail in apps.mail.mails],
        }

    def _recalled(self, apps: Apps, kept: Json) -> None:
        chat = apps.telegram.chat
        chat.bot = kept["bot"]
        chat.messages = {m["message_id"]: m for m in kept["telegram_messages"]}
        chat.next_id = max([chat.next_id, *(number + 1 for number in chat.messages)])
        apps.sms.stopped = kept["stopped"]
        if kept["last_wrote"]:
            apps.messenger.last_wrote = datetime.fromisoformat(kept["last_wrote"])
        for app in ("telegram", "messenger", "sms"):
            screen: Screen = getattr(apps, app).screen
            for bubble in kept[app]:
                screen.show(self._bubble(bubble))
        for letter in kept["mails"]:
            raw = base64.b64decode(letter["raw"])
            mine = bool(letter["mine"])
            mail = self._providers.mail.read(raw, letter["from"], letter["to"], mine=mine)
            apps.mail.mails.append(mail)
            if not mine:
                apps.mail.received.append(mail)

    def _bubble(self, kept: Json) -> Bubble:
        media: Media | None = None
        if kept["media"]:
            data = base64.b64decode(kept["media"]["data"])
            media = self._providers.cdn.put(
                data, kept["media"]["media_type"], kept["media"]["name"]
            )
        return Bubble(
            id=kept["id"],
            mine=kept["mine"],
            kind=kept["kind"],
            text=kept["text"],
            media=media,
            location=tuple(kept["location"]) if kept["location"] else None,
            buttons=tuple(Button(b["title"], b["payload"]) for b in kept["buttons"]),
            reply_to=kept["reply_to"],
            reaction=kept["reaction"],
            edited=kept["edited"],
            by_provider=kept["by_provider"],
            status=kept["status"],
            problem=kept["problem"],
            at=datetime.fromisoformat(kept["at"]),
            raw=kept["raw"],
        )


def _bubbles(screen: Screen) -> list[Json]:
    kept = []
    for bubble in screen.bubbles:
        about = bubble.as_json()
        if bubble.media:
            about["media"]["data"] = base64.b64encode(bubble.media.data).decode()
        about["raw"] = {k: v for k, v in bubble.raw.items() if k != "media"}
        kept.append(about)
    return kept


def _mail(mail: Mail) -> Json:
    return {
        "raw": base64.b64encode(mail.raw).decode(),
        "from": mail.envelope_from,
        "to": mail.envelope_to,
        "mine": mail.mine,
    }
