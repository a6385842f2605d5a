"""A hub without its web: a store, toy connectors, customers with verbs, and an agent."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import orjson
from sqlalchemy import Table, func, insert, select, update

from hub.connectors.base import Site
from hub.conversations import actions, listing, queries, views
from hub.conversations.filters import ConversationFilter
from hub.conversations.search import Searcher
from hub.handover import creation
from hub.identity import links
from hub.inbound.channel import ReceiveResult
from hub.inbound.receive import receive_event
from hub.outbound import send
from hub.outbound.send import Draft
from hub.schema import resources
from hub.schema.author import Author
from hub.schema.events import Event
from hub.store.engine import Store
from hub.store.media import MediaFolder, MediaLinks
from hub.store.models import agents, contacts, conversations, deliveries
from hub.transport.delivery import DeliveryWorker
from hub.transport.gateway import Gateway
from hub.transport.running import RunningConnectors
from hub.types import (
    Address,
    ContactEvent,
    DeliveryStatus,
    DeliveryUpdate,
    InboundEvent,
    InboundMessage,
    Profile,
    WebhookRequest,
)
from tests.core.toys import KINDS, Toy, ToyConfig, ToyProvider

T = TypeVar("T")
SECRET = b"the secret of the reply tokens"
WAIT = 10.0


def eventually(look: Callable[[], T], timeout: float = WAIT, what: str = "") -> T:
    """Asks until the answer is true: for what no event tells."""
    deadline = time.monotonic() + timeout
    while not (found := look()):
        assert time.monotonic() < deadline, f"this never came: {what}, last seen: {found!r}"
        time.sleep(0.01)
    return found


def at_once(*work_: Callable[[], T]) -> list[T]:
    """Runs all of it in parallel threads that set off together."""
    ready = threading.Barrier(len(work_))

    def run(one: Callable[[], T]) -> T:
        ready.wait(WAIT)
        return one()

    with ThreadPoolExecutor(len(work_)) as pool:
        return [future.result(WAIT * 3) for future in [pool.submit(run, one) for one in work_]]


@dataclass
class Customer:
    """Somebody with one address, writing by one connector."""

    desk: Desk
    path: str
    connector: str = "toy"
    name: str = ""
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    @property
    def address(self) -> Address:
        found = self.desk.connectors.get(self.connector)
        assert found is not None
        return found.address(self.path)

    def message(self, text: str = "", **fields: Any) -> InboundMessage:
        number = next(self._numbers)
        values: dict[str, Any] = {
            "key": f"{self.path}-{number}",
            "external_id": f"{self.path}-m{number}",
            "raw": b"",
            "address": self.address,
            "text": text,
            "profile": Profile(name=self.name),
        }
        return InboundMessage(**(values | fields))

    def event(self, name: Any, **fields: Any) -> ContactEvent:
        key = f"{self.path}-{name}-{next(self._numbers)}"
        values: dict[str, Any] = {"key": key, "raw": b"", "address": self.address, "name": name}
        return ContactEvent(**(values | fields))

    def brings(self, event: InboundEvent) -> ReceiveResult:
        return self.desk.receives(event, self.connector)

    def says(self, text: str = "", **fields: Any) -> resources.Message:
        """Returns the message as the hub has it."""
        received = self.brings(self.message(text, **fields))
        assert received.message_id is not None, received
        return self.desk.message(received.message_id)

    def edits(self, message: resources.Message, text: str, **fields: Any) -> ReceiveResult:
        return self.brings(self.message(text, edits=message.external_id, **fields))

    def reacts(self, message: resources.Message, emoji: str) -> ReceiveResult:
        return self.brings(self.event("reaction", text=emoji, external_id=message.external_id))

    def stops(self) -> None:
        self.brings(self.event("stopped", text="STOP"))

    def starts(self, **fields: Any) -> None:
        self.brings(self.event("started", **fields))

    @property
    def contact(self) -> resources.Contact:
        return self.desk.contact_at(self.address)

    @property
    def id(self) -> int:
        return self.record

    @property
    def record(self) -> int:
        """The contact record that holds the address, whatever is linked to it."""
        return self.desk.record_at(self.address)


class Desk:
    """The parts of a hub that need no web, around one store."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.provider = ToyProvider()
        self.media = MediaFolder(folder / "media")
        self.links = MediaLinks("https://hub.example", "secret")
        self.events: list[Event] = []
        self._news = threading.Condition()
        store.subscribe(self._hear)
        self.connectors = self.open_connectors(
            {
                "toy": "toy",
                "other": "toy",
                "album": "album",
                "askable": "askable",
                "slow": "slow",
            }
        )
        self.gateway = Gateway(store, self.connectors)
        self.agent = self.hires("Kadri")
        self.deliverers: list[DeliveryWorker] = []

    def open_connectors(self, names: dict[str, str]) -> RunningConnectors:
        configs = {name: ToyConfig(kind=kind) for name, kind in names.items()}
        made = RunningConnectors(configs, Site("https://hub.example"), SECRET)
        for one in made:
            assert isinstance(one, tuple(KINDS.values()))
            one.provider = self.provider
        return made

    def toy(self, name: str = "toy") -> Toy:
        found = self.connectors.get(name)
        assert isinstance(found, Toy)
        return found

    def close(self) -> None:
        for one in self.deliverers:
            one.stop()

    # -- events ----------------------------------------------------------------------------------

    def _hear(self, events: Sequence[Event]) -> None:
        with self._news:
            self.events.extend(events)
            self._news.notify_all()

    def names(self) -> list[str]:
        return [event.name for event in self.events]

    def waits_for(self, look: Callable[[], Any]) -> Any:
        """Looks again at every event, until the answer is true."""
        with self._news:
            found: Any = None

            def is_there() -> bool:
                nonlocal found
                found = look()
                return bool(found)

            assert self._news.wait_for(is_there, WAIT), self.names()
            return found

    # -- people ----------------------------------------------------------------------------------

    def customer(self, path: str, connector: str = "toy", name: str = "") -> Customer:
        return Customer(self, path, connector, name)

    def hires(self, name: str, *, online: bool = False) -> Author:
        def hire(tx: Any) -> int:
            found = tx.execute(
                insert(agents)
                .values(
                    email=f"{name.lower()}@example.org",
                    name=name,
                    role="agent",
                    password_hash="",
                    avatar_url="",
                    presence="online",
                    connected_at=tx.now if online else None,
                    created_at=tx.now,
                )
                .returning(agents.c.id)
            ).scalar_one()
            return int(found)

        return Author("agent", self.store.write(hire), name)

    def contact_at(self, address: Address) -> resources.Contact:
        from hub.contacts import contact_addresses

        with self.store.read() as connection:
            person = contact_addresses.find_contact_address(connection, address)
        assert person is not None
        return person.contact

    def record_at(self, address: Address) -> int:
        from hub.contacts import contact_addresses

        with self.store.read() as connection:
            person = contact_addresses.find_contact_address(connection, address)
        assert person is not None
        return person.contact_id

    # -- in and out ------------------------------------------------------------------------------

    def receives(self, event: InboundEvent, connector: str = "toy") -> ReceiveResult:
        channel = self.connectors.inbound_channel(self.toy(connector))
        request = WebhookRequest("POST", "", event.raw)
        return self.store.write(lambda tx: receive_event(tx, channel, event, request))

    def posts(self, *items: dict[str, Any], connector: str = "toy") -> None:
        """The provider's webhook, by the front door."""
        body = orjson.dumps(list(items))
        self.gateway.answer_webhook(connector, WebhookRequest("POST", "", body))

    def reports(
        self, status: str, *external_ids: str, connector: str = "toy", **fields: Any
    ) -> None:
        key = f"report-{time.monotonic_ns()}"
        values: dict[str, Any] = {"key": key, "raw": b"", "external_ids": external_ids}
        self.receives(DeliveryUpdate(status=DeliveryStatus(status), **(values | fields)), connector)

    def replies(self, conversation_id: int | str, text: str, **fields: Any) -> resources.Message:
        return self.sends(conversation_id, text, **fields).message

    def sends(self, conversation_id: int | str, text: str, **fields: Any) -> send.SendResult:
        draft = Draft(text=text, **fields)
        channels = self.connectors.outbound_channels()
        return self.store.write(
            lambda tx: send.send_message(tx, int(conversation_id), draft, self.agent, channels)
        )

    def changes(self, conversation_id: int | str, **changes: Any) -> resources.Conversation:
        return self.store.write(
            lambda tx: actions.change_conversation(tx, int(conversation_id), changes, self.agent)
        )

    def links_up(self, one: Customer | int, other: Customer | int) -> resources.Link:
        records = [found if isinstance(found, int) else found.id for found in (one, other)]
        return self.store.write(
            lambda tx: links.link_contacts(
                tx,
                *records,
                evidence="agent",
                method="by hand",
                reason="They said so.",
                by="Kadri",
            )
        )

    def unlinks(self, link: resources.Link) -> None:
        self.store.write(lambda tx: links.unlink_contacts(tx, int(link.id), by="Kadri"))

    def invites(
        self, conversation_id: int | str, connector: str = "other"
    ) -> creation.CreatedHandover:
        """Whoever brings it is the one this conversation is with."""
        return self.store.write(
            lambda tx: creation.create_handover(tx, int(conversation_id), connector, "Kadri")
        )

    # -- delivery --------------------------------------------------------------------------------

    def deliverer(self, connectors: RunningConnectors | None = None) -> DeliveryWorker:
        made = DeliveryWorker(
            self.store, connectors or self.connectors, self.media, self.links, SECRET
        )
        self.deliverers.append(made)
        return made

    def delivers(self, *, alone: bool = True) -> DeliveryWorker:
        """Starts to send what is in the outbox."""
        made = self.deliverer()
        made.start(alone=alone)
        return made

    def delivery(self, message: resources.Message | int) -> resources.Delivery:
        found = self.message(message if isinstance(message, int) else int(message.id)).delivery
        assert found is not None
        return found

    def waits_until(self, message: resources.Message, *statuses: str) -> resources.Delivery:
        def look() -> resources.Delivery | None:
            found = self.delivery(message)
            return found if found.status.value in statuses else None

        found = eventually(look, what=f"{statuses} of {message.text!r}")
        assert found is not None
        return found

    def sets_delivery(self, message: resources.Message, **values: Any) -> None:
        """Turns the clock, or the story, of a delivery."""
        statement = (
            update(deliveries).where(deliveries.c.message_id == int(message.id)).values(values)
        )
        self.store.write(lambda tx: tx.execute(statement).rowcount)

    def sets_conversation(self, conversation_id: int | str, **values: Any) -> None:
        statement = (
            update(conversations).where(conversations.c.id == int(conversation_id)).values(values)
        )
        self.store.write(lambda tx: tx.execute(statement).rowcount)

    # -- looking -----------------------------------------------------------------------------------

    def message(self, message_id: int | str) -> resources.Message:
        with self.store.read() as connection:
            return views.get_message(connection, int(message_id))

    def conversation(self, conversation_id: int | str) -> resources.Conversation:
        with self.store.read() as connection:
            return views.get_conversation(connection, int(conversation_id))

    def conversations(self, **wanted: Any) -> list[resources.Conversation]:
        with self.store.read() as connection:
            wanted_ = ConversationFilter(**wanted)
            return listing.list_conversations(connection, wanted_, 100, None).items

    def finds(self, query: str, **searcher: Any) -> list[resources.SearchResult]:
        """What the agent finds who types this into the search."""
        with self.store.read() as connection:
            made = Searcher(connection, self.agent.id, **searcher)
            return made.search(query, 100).items

    def only_conversation(self) -> resources.Conversation:
        (found,) = self.conversations()
        return found

    def thread(
        self, conversation_id: int | str, *, events: bool = False
    ) -> list[resources.Message]:
        """Oldest first."""
        with self.store.read() as connection:
            items = queries.list_messages(connection, int(conversation_id), 100, None).items
        return [one for one in reversed(items) if events or one.type != "event"]

    def timeline(self, contact_id: int | str) -> list[resources.Message]:
        """What was said, oldest first; the events beside it are left out."""
        with self.store.read() as connection:
            found = queries.contact_timeline(connection, int(contact_id), 100, None).items[::-1]
        return [one for one in found if one.type != "event"]

    def events_in(self, conversation_id: int | str) -> list[dict[str, Any]]:
        return [
            one.event
            for one in self.thread(conversation_id, events=True)
            if one.type == "event" and one.event is not None
        ]

    def count(self, table: Table, *conditions: Any) -> int:
        with self.store.read() as connection:
            statement = select(func.count()).select_from(table).where(*conditions)
            return int(connection.execute(statement).scalar_one())

    def people(self) -> int:
        return self.count(contacts)


def later(**how: float) -> timedelta:
    return timedelta(**how)
