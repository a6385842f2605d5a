"""Visitors who write at the same moment, to two processes on one PostgreSQL: nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import text

from hub.store.engine import Store
from tests.e2e.test_several_processes import postgres_url, redis, two
from tests.harness import RunningHub

pytestmark = pytest.mark.servers
__all__ = ["postgres_url", "redis", "two"]

TOGETHER = 10

Processes = tuple[RunningHub, RunningHub]


@pytest.fixture
def deadlocks(postgres_url: str) -> Iterator[Callable[[], int]]:
    """How many deadlocks the server has ended."""
    store = Store(postgres_url)
    query = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")

    def count() -> int:
        with store.read() as connection:
            return int(connection.execute(query).scalar_one())

    yield count
    store.close()


def together(*work: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(len(work)) as pool:
        return [future.result(30) for future in [pool.submit(each) for each in work]]


def test_ten_messages_of_one_visitor_at_once_are_all_stored_while_agents_answer(
    two: Processes,
    deadlocks: Callable[[], int],
) -> None:
    first, second = two
    with first.visitor() as visitor:
        conversation_id = visitor.says("Hello", "begin")["message"]["conversation_id"]
        answers = together(
            *(
                lambda n=n: visitor.says(f"question {n}", f"q{n}")  # type: ignore[misc]
                for n in range(TOGETHER)
            ),
            *(
                lambda n=n: second.reply(conversation_id, f"answer {n}")  # type: ignore[misc]
                for n in range(TOGETHER)
            ),
        )
        assert all(answer["ok"] for answer in answers[:TOGETHER]), answers
    stored = [message["text"] for message in first.messages(conversation_id)]
    asked = [f"question {n}" for n in range(TOGETHER)]
    answered = [f"answer {n}" for n in range(TOGETHER)]
    assert sorted(stored) == sorted(["Hello", *asked, *answered])
    assert deadlocks() == 0


def test_ten_visitors_who_write_at_once_get_a_conversation_each(
    two: Processes,
    deadlocks: Callable[[], int],
) -> None:
    with ExitStack() as stack:
        visitors = [stack.enter_context(two[number % 2].visitor()) for number in range(TOGETHER)]
        answers = together(
            *(
                lambda n=n, visitor=visitor: visitor.says(f"I am number {n}", f"v{n}")  # type: ignore[misc]
                for n, visitor in enumerate(visitors)
            )
        )
    assert all(answer["ok"] for answer in answers), answers
    assert len({answer["message"]["conversation_id"] for answer in answers}) == TOGETHER
    assert deadlocks() == 0
