"""What machines wrote and no conversation was for: kept in a list, and opened by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from hub.errors import Conflict
from hub.inbound import quiet
from hub.inbound.quiet import KEPT_FOR, OldQuietMessages
from hub.inbound.receive import open_quiet_message
from hub.schema import resources
from hub.store.models import contacts, conversations, journal, quiet_messages
from tests.core.desk import Customer, Desk


def listed(desk: Desk, limit: int = 50) -> list[resources.QuietMessage]:
    with desk.store.read() as connection:
        return quiet.list_quiet_messages(connection, limit, None).items


def opened(desk: Desk, event: Any, quiet_id: int) -> Any:
    channel = desk.connectors.inbound_channel(desk.toy())
    with desk.store.read() as connection:
        message = quiet.get_quiet_message(connection, quiet_id)
    return desk.store.write(lambda tx: open_quiet_message(tx, channel, event, message))


def test_a_machines_message_without_a_conversation_is_in_the_quiet_list(
    desk: Desk, anna: Customer
) -> None:
    event = anna.message("Backup done", automatic=True, no_auto_reply="x-autoreply", subject="Disk")
    anna.brings(event)
    (message,) = listed(desk)
    assert (message.connector, message.sender) == ("toy", str(anna.address))
    assert message.subject == "Disk"
    assert "x-autoreply" in message.reason
    assert desk.count(conversations) == desk.count(contacts) == 0
    assert not anna.brings(event).is_new
    assert len(listed(desk)) == 1


def test_a_machines_message_of_a_customer_with_a_conversation_is_an_event_there(
    desk: Desk, anna: Customer
) -> None:
    anna.says("Hello")
    anna.brings(anna.message("Away", automatic=True))
    assert listed(desk) == []
    assert desk.events_in(desk.only_conversation().id)[-1]["name"] == "message.automatic"


def test_an_opened_message_is_a_conversation_that_waits(desk: Desk, anna: Customer) -> None:
    event = anna.message("The lift is stuck", automatic=True)
    anna.brings(event)
    result, _ = opened(desk, event, int(listed(desk)[0].id))
    conversation = desk.only_conversation()
    assert int(conversation.id) == result.conversation_id
    assert (conversation.status, conversation.unread_count) == ("open", 1)
    (message,) = desk.thread(conversation.id)
    assert (message.text, message.direction) == ("The lift is stuck", "in")
    assert listed(desk) == []


def test_a_message_is_opened_once(desk: Desk, anna: Customer) -> None:
    event = anna.message("The lift is stuck", automatic=True)
    anna.brings(event)
    quiet_id = int(listed(desk)[0].id)
    channel = desk.connectors.inbound_channel(desk.toy())
    with desk.store.read() as connection:
        message = quiet.get_quiet_message(connection, quiet_id)
    desk.store.write(lambda tx: open_quiet_message(tx, channel, event, message))
    with pytest.raises(Conflict):
        desk.store.write(lambda tx: open_quiet_message(tx, channel, event, message))
    assert len(desk.thread(desk.only_conversation().id)) == 1


def test_the_newest_is_first_and_an_old_one_leaves_the_list_alone(
    desk: Desk, anna: Customer
) -> None:
    for text in ("first", "second", "third"):
        anna.brings(anna.message(text, automatic=True, subject=text))
    assert [message.subject for message in listed(desk)] == ["third", "second", "first"]
    oldest = int(listed(desk)[-1].id)
    desk.store.write(
        lambda tx: (
            tx.execute(
                update(quiet_messages)
                .where(quiet_messages.c.id == oldest)
                .values(received_at=tx.now - KEPT_FOR - timedelta(hours=1))
            ).rowcount
        )
    )
    OldQuietMessages(desk.store).run()
    assert [message.subject for message in listed(desk)] == ["third", "second"]
    assert desk.count(journal) == 3
