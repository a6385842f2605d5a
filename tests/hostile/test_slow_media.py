"""Hosts that drip hold up neither other connectors nor all files of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.harness import RunningHub, eventually
from tests.hostile.bot_api import BotApi, Handler, message

pytestmark = [pytest.mark.servers, pytest.mark.slow]

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32


def photo(name: str) -> bytes:
    document = {"file_id": name, "file_unique_id": name, "file_size": len(PNG)}
    return message(name, more=f',"document":{json.dumps(document)}')


def file_of(hub: RunningHub, text: str) -> dict[str, object]:
    return dict(hub.message_with(text)["attachments"][0])


def test_files_that_drip_hold_up_no_other_file(tmp_path: Path) -> None:
    def drips(request: Handler) -> None:
        request.drips(b"x", every=0.5, seconds=120)

    with BotApi() as slow, BotApi() as quick:
        config = f"connectors:\n{slow.config('slow')}{quick.config('quick')}"
        for number in range(3):
            slow.answers(f"drips{number}", drips)
        slow.answers("good", lambda request: request.gives(PNG))
        quick.answers("fine", lambda request: request.gives(PNG))
        with RunningHub(tmp_path, config) as hub:
            slow.brings(*(photo(f"drips{number}") for number in range(3)))
            slow.waits_until(lambda: sum(name.startswith("drips") for name in slow.asked) == 3)
            slow.brings(photo("good"))
            quick.brings(photo("fine"))
            for name in ("good", "fine"):
                eventually(lambda name=name: file_of(hub, name)["state"] == "stored", timeout=10)
            assert file_of(hub, "drips0")["state"] == "pending"
            # After fifteen seconds the rate is too low, and the message says so.
            eventually(lambda: "too slowly" in str(file_of(hub, "drips0")["reason"]), timeout=40)
