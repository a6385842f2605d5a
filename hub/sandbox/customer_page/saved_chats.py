"""The chats of the page as a file, so that a restarted demo goes on where it ended."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from hub.sandbox.base.screen import Bubble, Button, Media, Screen
from hub.sandbox.customer_page.customers import SAMPLE_CUSTOMERS, CustomerApps, apps_of
from hub.sandbox.customer_page.providers import Providers
from hub.sandbox.mail.formats import Mail

Json = dict[str, Any]


class SavedChats:
    """Writes the chats of all sample customers to one file and reads them back."""

    def __init__(self, folder: Path, providers: Providers) -> None:
        self._file = folder / "sandbox.json"
        self._providers = providers

    def save(self) -> None:
        """Writes the file anew, in one step."""
        saved = {
            customer.key: _saved(apps_of(self._providers, customer))
            for customer in SAMPLE_CUSTOMERS
        }
        self._file.parent.mkdir(parents=True, exist_ok=True)
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps(saved))
        new.replace(self._file)

    def load(self) -> None:
        """Puts the saved chats back on the screens. Without a file they stay empty."""
        if not self._file.is_file():
            return
        saved = json.loads(self._file.read_text())
        for customer in SAMPLE_CUSTOMERS:
            if customer.key in saved:
                self._restore(apps_of(self._providers, customer), saved[customer.key])

    def _restore(self, apps: CustomerApps, saved: Json) -> None:
        chat = apps.telegram.chat
        chat.bot = saved["bot"]
        chat.messages = {message["message_id"]: message for message in saved["telegram_messages"]}
        chat.next_id = max([chat.next_id, *(number + 1 for number in chat.messages)])
        apps.sms.stopped = saved["stopped"]
        if saved["last_wrote"]:
            apps.messenger.last_wrote = datetime.fromisoformat(saved["last_wrote"])
        for app in ("telegram", "messenger", "sms"):
            screen: Screen = getattr(apps, app).screen
            for bubble in saved[app]:
                screen.show(self._bubble(bubble))
        for entry in saved["mails"]:
            raw = base64.b64decode(entry["raw"])
            mine = bool(entry["mine"])
            mail = self._providers.mail.parse_mail(raw, entry["from"], entry["to"], mine=mine)
            apps.mail.mails.append(mail)
            if not mine:
                apps.mail.received.append(mail)

    def _bubble(self, saved: Json) -> Bubble:
        media: Media | None = None
        if saved["media"]:
            data = base64.b64decode(saved["media"]["data"])
            media = self._providers.cdn.put(
                data, saved["media"]["media_type"], saved["media"]["name"]
            )
        return Bubble(
            id=saved["id"],
            mine=saved["mine"],
            kind=saved["kind"],
            text=saved["text"],
            media=media,
            location=tuple(saved["location"]) if saved["location"] else None,
            buttons=tuple(Button(b["title"], b["payload"]) for b in saved["buttons"]),
            reply_to=saved["reply_to"],
            reaction=saved["reaction"],
            edited=saved["edited"],
            by_provider=saved["by_provider"],
            status=saved["status"],
            problem=saved["problem"],
            at=datetime.fromisoformat(saved["at"]),
            raw=saved["raw"],
        )


def _saved(apps: CustomerApps) -> Json:
    last_wrote = apps.messenger.last_wrote
    return {
        "bot": apps.telegram.chat.bot,
        "telegram_messages": list(apps.telegram.chat.messages.values()),
        "last_wrote": last_wrote and last_wrote.isoformat(),
        "stopped": apps.sms.stopped,
        "telegram": _saved_bubbles(apps.telegram.screen),
        "messenger": _saved_bubbles(apps.messenger.screen),
        "sms": _saved_bubbles(apps.sms.screen),
        "mails": [_saved_mail(mail) for mail in apps.mail.mails],
    }


def _saved_bubbles(screen: Screen) -> list[Json]:
    saved = []
    for bubble in screen.bubbles:
        fields = bubble.as_json()
        if bubble.media:
            fields["media"]["data"] = base64.b64encode(bubble.media.data).decode()
        fields["raw"] = {name: value for name, value in bubble.raw.items() if name != "media"}
        saved.append(fields)
    return saved


def _saved_mail(mail: Mail) -> Json:
    return {
        "raw": base64.b64encode(mail.raw).decode(),
        "from": mail.envelope_from,
        "to": mail.envelope_to,
        "mine": mail.mine,
    }
