"""Screens of two processes while Redis is away, and after it is back."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import AWAY, EMAIL, PASSWORD, Watch
from tests.browser.screens import Desk
from tests.harness import RunningHub, eventually
from tests.servers import RedisServer, WebProcess, running_postgres

pytestmark = pytest.mark.browser

CONFIG = "connectors:\n  website: {kind: webchat}\n"


@dataclass
class Two:
    first: RunningHub
    second: RunningHub
    redis: RedisServer


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    folder: Path = tmp_path_factory.mktemp("two")
    with RedisServer() as redis, running_postgres() as postgres_url:
        environment = {"HUB_REDIS_URL": redis.url, "HUB_DATABASE_URL": postgres_url}
        with (
            RunningHub(folder, CONFIG, **environment) as first,
            WebProcess(folder, CONFIG, **environment) as second,
        ):
            first.hires(EMAIL, "Alex", "admin", PASSWORD)
            yield Two(first, second, redis)


def test_after_redis_was_away_screen_and_chat_show_what_a_fresh_load_shows(
    two: Two, new_context: Callable[..., BrowserContext], watch: Watch
) -> None:
    watch.allows(AWAY)
    chat = watch.over(new_context().new_page())
    chat.goto(f"{two.first.url}/chat/website")
    field = chat.get_by_role("textbox")
    field.fill("Is anybody there?")
    field.press("Enter")
    conversation = eventually(two.first.conversations)[0]
    with two.first.visitor() as other:
        resolved = other.says("Thank you, that is all", "c-1")["message"]["conversation_id"]

    desk = Desk(watch.over(new_context().new_page()), two.second)
    desk.page.goto(two.second.url)
    desk.page.get_by_label("Email").fill(EMAIL)
    desk.page.get_by_label("Password", exact=True).fill(PASSWORD)
    desk.page.get_by_role("button", name="Sign in").click()
    desk.opens(conversation["id"])
    desk.shows("All")
    expect(desk.row("that is all")).to_be_visible()
    banner = desk.page.get_by_role("alert").filter(has_text="may show late")
    expect(banner).to_have_count(0)

    two.redis.stop()
    began = time.monotonic()
    expect(banner).to_be_visible()
    field.fill("written meanwhile")
    field.press("Enter")
    eventually(lambda: len(two.first.messages(conversation["id"])) == 2)
    two.first.patch(f"/conversations/{resolved}", {"status": "resolved"})
    with two.first.visitor() as newcomer:
        newcomer.says("a new customer", "c-1")
    answered = two.second.reply(conversation["id"], "answered meanwhile")
    time.sleep(max(0.0, began + 6 - time.monotonic()))
    expect(desk.message("answered meanwhile")).to_be_visible()
    expect(desk.message("written meanwhile")).to_have_count(0)

    two.redis.start()
    expect(banner).to_have_count(0)
    expect(desk.message("written meanwhile")).to_be_visible()
    expect(desk.row("a new customer")).to_be_visible()
    expect(desk.row("that is all")).to_have_count(0)
    expect(chat.get_by_text(answered["text"])).to_be_visible()
    texts = desk.timeline.locator("article")
    expect(texts).to_have_count(3)
    expect(texts.nth(1)).to_contain_text(re.compile("written|answered"))
