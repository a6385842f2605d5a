"""Searches that take long on SQLite hold up nothing else on a real hub, on green threads."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.harness import RunningHub

pytestmark = [pytest.mark.servers, pytest.mark.slow]

CONFIG = "connectors: {website: {kind: webchat}}"
ROWS = 300_000
SEARCHES = 8


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub with an index in which every row has another word of one beginning."""
    folder: Path = tmp_path_factory.mktemp("hub")
    with RunningHub(folder, CONFIG) as running:
        with sqlite3.connect(folder / "data" / "hub.db", timeout=60) as database:
            database.executemany(
                "INSERT INTO message_search (rowid, body) VALUES (?, ?)",
                ((number, f"a{number:x} where is my order") for number in range(1, ROWS)),
            )
        database.close()
        yield running


def test_other_requests_are_answered_while_eight_searches_run(hub: RunningHub) -> None:
    are_running = threading.Event()
    answered = 0
    with ThreadPoolExecutor(SEARCHES) as pool:

        def search() -> None:
            are_running.set()
            hub.get("/search", q="a")

        searches = [pool.submit(search) for _ in range(SEARCHES)]
        are_running.wait(10)
        while not all(one.done() for one in searches):
            assert requests.get(f"{hub.url}/healthz", timeout=30).status_code == 200
            answered += 1
        for one in searches:
            one.result()
    # Held up by each search, no more than one request got through between two of them.
    assert answered > 3 * SEARCHES
