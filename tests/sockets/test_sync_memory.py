"""A socket that asks `sync` again and again gets what is new, and what was committed late once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hub.inbox.connections.sync_memory import SyncMemory


def messages(*ids: int) -> list[Any]:
    return [SimpleNamespace(id=str(id_)) for id_ in ids]


def ids(given: list[Any]) -> list[int]:
    return [int(message.id) for message in given]


def test_the_same_question_has_the_same_answer() -> None:
    memory = SyncMemory()
    for _ in range(2):
        assert memory.start(5) == 5
        assert ids(memory.give(messages(6, 7), 5)) == [6, 7]


def test_a_lower_id_that_was_committed_late_is_given_once() -> None:
    memory = SyncMemory()
    memory.give(messages(6, 8), 5)
    assert ids(memory.give(messages(7, 9), 8)) == [7, 9]
    assert ids(memory.give(messages(7), 9)) == []


def test_a_client_that_goes_on_after_a_late_message_gets_nothing_again() -> None:
    memory = SyncMemory()
    memory.give(messages(6, 8), 5)
    assert ids(memory.give(messages(7), memory.start(8))) == [7]
    # However often: nothing new may have come.
    assert memory.start(7) == memory.start(7) == 8
    assert ids(memory.give(messages(9), 8)) == [9]
    assert memory.start(7) == 7


def test_after_a_gap_the_first_question_about_each_conversation_begins_before_it() -> None:
    memory = SyncMemory()
    memory.missed_after(10)
    assert memory.start(20, 1) == 10
    assert memory.start(20, 1) == 20
    assert memory.start(20, 2) == 10
    assert memory.start(20) == 10
    assert memory.start(5, 3) == 5


def test_a_second_gap_begins_where_the_first_one_did_until_then() -> None:
    memory = SyncMemory()
    memory.missed_after(10)
    memory.start(20)
    memory.missed_after(15)
    assert memory.start(20) == 10
