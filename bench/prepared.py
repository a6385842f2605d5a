"""The time that prepared statements save: `python -m bench.prepared [DATABASE_URL]`.

Without a URL it runs on SQLite. The same work with every statement of `hub.store.prepared` prepared
and as an ordinary one, in turns on one store. Not part of `make bench`: its result stands in
`hub/store/prepared.py` and says which statements are worth it. The database must be empty.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from statistics import median
from typing import Any

from sqlalchemy import Connection, update

import hub
from bench.router_drain import add_agents, add_conversations
from hub.config import Config
from hub.contacts import contact_addresses
from hub.identity import customer_view
from hub.inbound.channel import InboundChannel
from hub.inbound.receive import receive_event
from hub.router.engine import Assigner
from hub.store.engine import Store, Transaction
from hub.store.migrate import migrate
from hub.store.models import agents
from hub.store.prepared import Prepared
from hub.types import Address, InboundMessage, WebhookRequest

ROUNDS = 7
EVENTS = 100
#: No agent answers here, and no conversation is to be reclaimed for that.
CONFIG = Config.model_validate({"assignment": {"accept_within": "1d"}})
TELEGRAM = InboundChannel("telegram", "telegram")
REQUEST = WebhookRequest("POST", "", b"")


class Statements:
    """Every prepared statement by its name, and the time that each takes."""

    def __init__(self) -> None:
        self.is_prepared = True
        #: (statement, is_prepared) -> microseconds of each of its calls.
        self.spent: dict[tuple[str, bool], list[float]] = defaultdict(list)
        self._names: dict[int, str] = {}
        for module in pkgutil.walk_packages(hub.__path__, "hub."):
            if "sandbox" not in module.name and "migrations" not in module.name:
                self._name_statements(importlib.import_module(module.name))

    def _name_statements(self, module: Any) -> None:
        for name, value in vars(module).items():
            for statement in value.values() if isinstance(value, dict) else (value,):
                if isinstance(statement, Prepared):
                    self._names[id(statement)] = f"{module.__name__}.{name}"

    @contextmanager
    def timed(self) -> Iterator[None]:
        run = Prepared.rows

        def rows(
            statement: Prepared[Any], connection: Connection, parameters: Mapping[str, Any]
        ) -> list[Any]:
            begin = time.perf_counter()
            if self.is_prepared:
                result = run(statement, connection, parameters)
            else:
                ordinary = statement._for_dialect(connection.dialect.name)
                cursor = connection.execute(ordinary, dict(parameters))
                result = list(cursor) if cursor.returns_rows else []
            name = self._names.get(id(statement), "made for a set of columns")
            spent = (time.perf_counter() - begin) * 1e6
            self.spent[name, self.is_prepared].append(spent)
            return result

        Prepared.rows = rows  # type: ignore[assignment,method-assign]
        try:
            yield
        finally:
            Prepared.rows = run  # type: ignore[method-assign]


def works(store: Store) -> dict[str, Callable[[int], Any]]:
    """Returns the measured work, each as a function of a number that never comes twice."""
    assigner = Assigner(store, lambda: CONFIG)

    def first_messages(number: int) -> None:
        for event in range(EVENTS):
            add_conversations(store, 1, begin=number * EVENTS + event)

    def assign(_number: int) -> None:
        assigner.assign_waiting()

    def next_messages(number: int) -> None:
        for event in range(EVENTS):
            address = Address("telegram", str(5_000_000 + number * EVENTS + event))
            message = InboundMessage(
                key=f"next-{address}", raw=b"", address=address, text="Is it on its way?"
            )
            store.write(lambda tx, message=message: receive_event(tx, TELEGRAM, message, REQUEST))  # type: ignore[misc]

    def page_of_history(_number: int) -> None:
        with store.read() as connection:
            for visitor in range(EVENTS):
                address = Address("telegram", str(5_000_000 + visitor))
                person = contact_addresses.find_contact_address(connection, address)
                assert person is not None
                customer_view.messages_before(connection, [person.address_id], 50)

    return {
        "first messages": first_messages,
        "routing of them": assign,
        "messages to their agent": next_messages,
        "pages of history": page_of_history,
    }


def main(url: str) -> None:
    store = Store(url)
    migrate(store)
    add_agents(store, 20)
    store.write(_connect_agents)
    statements, totals = Statements(), defaultdict[tuple[str, bool], list[float]](list)
    with statements.timed():
        for number in range(2 * ROUNDS):
            statements.is_prepared = number % 2 == 0
            for name, work in works(store).items():
                begin = time.perf_counter()
                work(number)
                totals[name, statements.is_prepared].append(
                    (time.perf_counter() - begin) / EVENTS * 1e6
                )
    store.close()
    _print("work, each of its events", totals)
    _print("statement", statements.spent)


def _connect_agents(tx: Transaction) -> None:
    tx.execute(update(agents).values(connected_at=tx.now, capacity=1_000_000))


def _print(title: str, spent: Mapping[tuple[str, bool], list[float]]) -> None:
    print(f"{title:60} {'calls':>6} {'plain':>8} {'prepared':>9}  in microseconds")
    for name in dict.fromkeys(name for name, _is_prepared in spent):
        plain, prepared = median(spent[name, False] or [0]), median(spent[name, True] or [0])
        print(f"{name:60} {len(spent[name, True]):6} {plain:8.1f} {prepared:9.1f}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
            main(f"sqlite:///{folder}/prepared.db")
