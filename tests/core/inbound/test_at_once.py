"""Customer and agents at the same moment: nothing is lost, and nothing waits in a circle."""

from __future__ import annotations

import pytest

from hub.schema.events import MessageCreated
from tests.core.conftest import DATABASES
from tests.core.desk import Customer, Desk, at_once
from tests.core.lock_recorder import LockRecorder

on_postgresql = pytest.mark.parametrize("store", DATABASES[1:], indirect=True)


def test_a_customer_and_an_agent_write_to_each_other_at_once(desk: Desk, anna: Customer) -> None:
    conversation_id = anna.says("Hello").conversation_id
    writing = [lambda n=n: anna.says(f"in {n}") for n in range(15)]  # type: ignore[misc]
    answering = [
        lambda n=n: desk.replies(conversation_id, f"out {n}", client_id=f"c{n}")  # type: ignore[misc]
        for n in range(15)
    ]
    at_once(*writing, *answering)
    created = [event for event in desk.events if isinstance(event.payload, MessageCreated)]
    texts = [event.payload.message.text for event in created]
    assert sorted(texts[1:]) == sorted(
        [f"in {n}" for n in range(15)] + [f"out {n}" for n in range(15)]
    )


@on_postgresql
def test_an_ordinary_message_takes_at_most_eight_round_trips(
    desk: Desk, anna: Customer, lock_recorder: LockRecorder
) -> None:
    """A round trip is one message to the server and its answer, BEGIN and COMMIT included."""
    agent = desk.hires("Kati")
    conversation_id = anna.says("Hello").conversation_id
    desk.changes(conversation_id, assignee_id=agent.id)
    lock_recorder.round_trips = 0
    anna.says("Where is my order?")
    # The test itself looks the message up: two queries.
    assert lock_recorder.round_trips - 2 <= 8


@on_postgresql
def test_a_reply_takes_at_most_twelve_round_trips(
    desk: Desk, anna: Customer, lock_recorder: LockRecorder
) -> None:
    """One of them asks for an earlier message that waits to be undone: none overtakes it."""
    conversation_id = anna.says("Hello").conversation_id
    desk.replies(conversation_id, "One moment", client_id="1")
    lock_recorder.round_trips = 0
    desk.replies(conversation_id, "It is on its way", client_id="2")
    assert lock_recorder.round_trips <= 12
