"""What a restart of the database, and a throttled chat, make of replies on a real hub."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pytest

from tests.harness import RunningHub, eventually
from tests.hostile.bot_api import BotApi, Handler, message
from tests.servers import Postgres

pytestmark = [pytest.mark.servers, pytest.mark.slow]

CHATS = 30


def conversation_of(hub: RunningHub, text: str) -> str:
    return str(hub.message_with(text)["conversation_id"])


def test_a_restart_of_postgresql_between_a_send_and_its_record_sends_nothing_twice_unmarked(
    tmp_path: Path,
) -> None:
    with Postgres() as postgres, BotApi() as telegram:
        config = f"connectors:\n{telegram.config()}"
        with RunningHub(tmp_path, config, HUB_DATABASE_URL=postgres.url) as hub:
            telegram.brings(*(message(f"hello {n}", 100 + n) for n in range(CHATS)))
            talks = [conversation_of(hub, f"hello {n}") for n in range(CHATS)]
            under_way, go_on = threading.Semaphore(0), threading.Event()

            def takes_and_waits(request: Handler) -> None:
                under_way.release()
                go_on.wait(30)
                request.does("sendMessage")

            telegram.answers("sendMessage", takes_and_waits)
            replies = [hub.reply(talk, f"answer {n}") for n, talk in enumerate(talks)]
            for _ in range(8):
                assert under_way.acquire(timeout=20)
            postgres.stop()
            go_on.set()  # Telegram takes them, and nothing can be written down
            telegram.waits_until(lambda: len(telegram.sent) >= 8)
            postgres.start()
            states = [hub.delivery_of(reply, "sent", timeout=90) for reply in replies]
            times = Counter(sent["text"] for sent in telegram.sent)
            twice = {f"answer {n}" for n in range(CHATS) if times[f"answer {n}"] > 1}
            marked = {f"answer {n}" for n, state in enumerate(states) if state["maybe_twice"]}
            assert set(times) == {f"answer {n}" for n in range(CHATS)}
            assert twice <= marked
            # An outcome is kept until it can be written: nothing had to be sent again at all.
            assert twice == set()


def test_a_throttled_chat_holds_up_no_other_chat(tmp_path: Path) -> None:
    with BotApi() as telegram, RunningHub(tmp_path, f"connectors:\n{telegram.config()}") as hub:
        telegram.brings(message("from one", 1), message("from two", 2))
        one, two = conversation_of(hub, "from one"), conversation_of(hub, "from two")

        def throttles_one(request: Handler) -> None:
            if request.parameters["chat_id"] == "1":
                request.refuses(429, "Too Many Requests: retry after 600", retry_after=600)
            else:
                request.does("sendMessage")

        telegram.answers("sendMessage", throttles_one)
        held = hub.reply(one, "for one")
        eventually(lambda: hub.get(f"/messages/{held['id']}")["delivery"]["code"])
        for number in range(3):
            hub.delivery_of(hub.reply(two, f"for two {number}"), "sent", timeout=10)
        assert hub.get(f"/messages/{held['id']}")["delivery"]["code"] == "throttled"
