"""A message costs no more on a hub of many customers, whatever PostgreSQL knows of its tables."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, text

from hub.inbound.receive import receive_event
from hub.outbound import send
from hub.store.engine import Transaction
from hub.types import WebhookRequest
from tests.core.conftest import DATABASES
from tests.core.desk import Customer, Desk

FEW, MANY = 20, 200


def rows_read(connection: Connection) -> int:
    """How many rows of all tables this transaction has read so far."""
    query = "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) FROM {}"
    return int(connection.execute(text(query.format("pg_stat_xact_user_tables"))).scalar_one() or 0)


def rows_read_by(desk: Desk, work: Callable[[Transaction], object]) -> int:
    def measure(tx: Transaction) -> int:
        # A table as small as these is cheaper to read whole.
        tx.connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        tx.connection.exec_driver_sql("DISCARD PLANS")
        before = rows_read(tx.connection)
        work(tx)
        return rows_read(tx.connection) - before

    return desk.store.write(measure)


def rows_read_by_a_message(desk: Desk, customer: Customer) -> int:
    channel = desk.connectors.inbound_channel(desk.toy())
    event = customer.message("Is it there yet?")
    request = WebhookRequest("POST", "", b"")
    return rows_read_by(desk, lambda tx: receive_event(tx, channel, event, request))


@pytest.mark.parametrize("store", DATABASES[1:], indirect=True)
def test_a_message_reads_as_many_rows_among_few_customers_as_among_many(
    desk: Desk, anna: Customer
) -> None:
    """A new database, or one that was restored, has no statistics: any plan is a guess there."""
    anna.says("Hello")
    for number in range(FEW):
        desk.customer(f"few-{number}").says("Hello")
    few = rows_read_by_a_message(desk, anna)
    for number in range(MANY):
        desk.customer(f"many-{number}").says("Hello")
    # Former versions of her own rows, which nothing has removed yet, are read and counted, too.
    # PostgreSQL may look through the table for its statistics meanwhile: the least of three counts.
    assert min(rows_read_by_a_message(desk, anna) for _ in range(3)) < few + MANY / 4


@pytest.mark.parametrize("store", DATABASES[1:], indirect=True)
def test_a_repeated_reply_is_found_by_as_many_rows_among_few_answers_as_among_many(
    desk: Desk, anna: Customer
) -> None:
    conversation_id = int(anna.says("Hello").conversation_id)
    contact_id = anna.id

    def look(tx: Transaction) -> object:
        return send._FIND_REPEATED.first(
            tx.connection, {"contact_id": contact_id, "client_id": "new"}
        )

    few = rows_read_by(desk, look)
    for number in range(MANY):
        desk.replies(str(conversation_id), f"Answer {number}", client_id=f"c{number}")
    assert rows_read_by(desk, look) < few + MANY / 4
