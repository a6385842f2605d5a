"""`sync` gives each message once and leaves none out, whichever transaction commits first."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor

from hub.conversations import queries
from hub.identity import customer_view
from hub.inbound.receive import receive_event
from hub.inbox.connections.sync_memory import SyncMemory
from hub.schema import resources
from hub.store.engine import Store
from hub.types import WebhookRequest
from tests.core.desk import WAIT, Customer, Desk


class Poller:
    """A socket that asks for what comes after the last message it has."""

    def __init__(self, store: Store, after: int = 0) -> None:
        self.store = store
        self.memory = SyncMemory()
        self.after = after
        self.got: list[int] = []

    def ask(self, limit: int = 200) -> list[int]:
        after = self.memory.start(self.after)
        with self.store.read() as connection:
            messages, _more = queries.messages_after(connection, after, limit)
        given = [int(message.id) for message in self.memory.give(messages, after)]
        self.got += given
        self.after = given[-1] if given else self.after
        return given


def says_and_holds(
    customer: Customer, text: str, written: threading.Event, go: threading.Event
) -> int:
    """Writes a message in a transaction that stays open until `go`. Returns its id."""
    desk = customer.desk
    channel = desk.connectors.inbound_channel(desk.toy(customer.connector))
    message = customer.message(text)

    def work(tx: object) -> int:
        received = receive_event(tx, channel, message, WebhookRequest("POST", "", b""))  # type: ignore[arg-type]
        written.set()
        go.wait(WAIT)
        assert received.message_id is not None
        return int(received.message_id)

    return desk.store.write(work)


def test_a_lower_id_that_commits_later_is_not_left_out(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    if desk.store.is_sqlite:
        return  # one writer at a time: ids are in the order of commits
    anna.says("first")
    boris.says("first")
    poller = Poller(desk.store)
    before = poller.ask()
    written, go = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(says_and_holds, anna, "late", written, go)
        assert written.wait(WAIT)
        early = int(boris.says("early").id)
        assert poller.ask() == [early]
        go.set()
        late_id = late.result(WAIT)
    assert late_id < early
    assert poller.ask() == [late_id]
    assert poller.ask() == []
    # Also for a socket that saw only the event of the higher id.
    assert Poller(desk.store, early).ask() == [late_id]
    assert poller.got == [*before, early, late_id]


def test_a_customers_page_gets_it_too_and_no_other_customers(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    if desk.store.is_sqlite:
        return
    anna.says("first")
    boris.says("first")
    written, go = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(says_and_holds, anna, "late", written, go)
        assert written.wait(WAIT)
        early = int(boris.says("early").id)
        go.set()
        late_id = late.result(WAIT)

    def after_early(customer: Customer) -> list[int]:
        with desk.store.read() as connection:
            proved = customer_view.find_proved_addresses(connection, customer.address)
            assert proved is not None
            messages, _ = customer_view.messages_after(connection, proved.address_ids, early, 50)
        return [int(message.id) for message in messages]

    assert after_early(anna) == [late_id]
    assert after_early(boris) == []


def test_messages_one_after_the_other_never_come_twice(desk: Desk, anna: Customer) -> None:
    ids = [int(anna.says(f"text {number}").id) for number in range(5)]
    for at, after in enumerate(ids):
        assert Poller(desk.store, after).ask() == ids[at + 1 :]


def test_with_concurrent_writers_each_message_comes_once(desk: Desk) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    customers = [desk.customer(f"customer {number}") for number in range(4)]
    for customer in customers:
        customer.says("hello")
    poller = Poller(desk.store)
    poller.ask()
    before = len(poller.got)
    pauses = [[chance.random() * 0.02 for _ in range(15)] for _ in customers]

    def write(customer: Customer, pauses: list[float]) -> list[int]:
        channel = desk.connectors.inbound_channel(desk.toy(customer.connector))
        written = []
        for number, pause in enumerate(pauses):
            message = customer.message(f"text {number}")

            def work(tx: object, message: object = message, pause: float = pause) -> int:
                request = WebhookRequest("POST", "", b"")
                received = receive_event(tx, channel, message, request)  # type: ignore[arg-type]
                threading.Event().wait(pause)
                assert received.message_id is not None
                return int(received.message_id)

            written.append(desk.store.write(work))
        return written

    with ThreadPoolExecutor(len(customers)) as pool:
        writing = [pool.submit(write, *each) for each in zip(customers, pauses, strict=True)]
        while not all(each.done() for each in writing):
            poller.ask(limit=3)
        written = [id_ for each in writing for id_ in each.result(WAIT)]
    while poller.ask(limit=3):
        pass
    got = poller.got[before:]
    messages = [id_ for id_ in got if _is_message(desk, id_)]
    assert sorted(messages) == sorted(written), f"seed {seed}"
    assert len(set(got)) == len(got), f"seed {seed}"


def _is_message(desk: Desk, message_id: int) -> bool:
    message: resources.Message = desk.message(message_id)
    return message.type == "message"
