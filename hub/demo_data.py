"""Sample conversations for the demo: made-up contacts, every channel, several scripts.

They are received and sent as real ones, at times in the past.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from sqlalchemy import select, update

from hub.config import Config
from hub.connectors.base import Site
from hub.contacts import contact_addresses
from hub.conversations import actions, lifecycle
from hub.conversations.loaded_conversation import LoadedConversation
from hub.identity import links
from hub.inbound import receive
from hub.outbound import send
from hub.outbound.send import Draft
from hub.schema.author import Author
from hub.store.engine import Store, Transaction
from hub.store.models import agents, deliveries, messages
from hub.transport.running import RunningConnectors
from hub.types import InboundMessage, Profile, WebhookRequest


@dataclass(frozen=True, slots=True)
class SampleMessage:
    """A message of `minutes` ago. `source` is the connector it came by, `agent`, or `note`."""

    minutes: int
    source: str
    text: str


@dataclass(frozen=True, slots=True)
class SampleConversation:
    """A contact, its address on each connector, and the messages of its conversation."""

    name: str
    addresses: dict[str, str]
    messages: Sequence[SampleMessage]
    status: str = "open"
    labels: tuple[str, ...] = ()
    priority: str = "normal"
    subject: str = ""
    assigned: bool = True


SAMPLE_CONVERSATIONS = (
    SampleConversation(
        "Nora Lind",
        {"messenger": "7000000000000001", "sms": "+12025550111", "mail": "nora@example.org"},
        (
            SampleMessage(
                190, "messenger", "Hello! My shoes came today but the size is wrong. I need a 39."
            ),
            SampleMessage(
                184, "agent", "Hi Nora, sorry about that. Could you send a photo of the label?"
            ),
            SampleMessage(122, "sms", "It's Nora, I'm on the bus now. The label says 41."),
            SampleMessage(118, "note", "Order 10482. We packed 41 by mistake, exchange is free."),
            SampleMessage(112, "agent", "Thank you! I will send you a return form by email."),
            SampleMessage(34, "mail", "Here is the form, filled in. When will the new pair come?"),
        ),
        labels=("returns",),
        priority="high",
        subject="Return form",
    ),
    SampleConversation(
        "سارة منصور",
        {"telegram": "700000002"},
        (
            SampleMessage(52, "telegram", "مرحبا، هل يتوفر الحذاء الرياضي باللون الأزرق مقاس 38؟"),
            SampleMessage(47, "agent", "مرحبا سارة! نعم، متوفر. هل تريدين أن نحجزه لك؟"),
            SampleMessage(12, "telegram", "نعم من فضلك، وسأدفع عند الاستلام."),
        ),
    ),
    SampleConversation(
        "Kadri Õun",
        {"mail": "kadri@example.net"},
        (
            SampleMessage(
                21, "mail", "Tere! Kas saaksite arve saata uuesti? Tellimus 10511, tänan ette."
            ),
        ),
        subject="Arve",
        assigned=False,
    ),
    SampleConversation(
        "Zofia Żak",
        {"sms": "+12025550114"},
        (
            SampleMessage(310, "sms", "Dzień dobry, gdzie jest moja paczka? Zamówienie 10477."),
            SampleMessage(
                300, "agent", "Dzień dobry! Paczka jest już w drodze, będzie jutro do południa."
            ),
            SampleMessage(296, "sms", "Świetnie, dziękuję!"),
        ),
        status="resolved",
        labels=("delivery",),
    ),
    SampleConversation(
        "آرش کریمی",
        {"messenger": "7000000000000005"},
        (SampleMessage(6, "messenger", "سلام، کفش‌های پیاده‌روی را در چه رنگ‌هایی دارید؟"),),
        assigned=False,
    ),
    SampleConversation(
        "Tom Field",
        {"telegram": "700000006"},
        (
            SampleMessage(1500, "telegram", "Do you repair soles?"),
            SampleMessage(1490, "agent", "We do, it takes about a week. Shall I book you in?"),
        ),
        status="pending",
        labels=("repairs",),
    ),
    SampleConversation(
        "Ida Berg",
        {"mail": "ida@example.com"},
        (
            SampleMessage(2900, "mail", "Could you tell me when the winter boots are back?"),
            SampleMessage(
                2880, "agent", "They come in the first week of December. I will write to you."
            ),
        ),
        status="pending",
        subject="Winter boots",
    ),
)


def add_sample_conversations(store: Store, config: Config) -> None:
    """Writes the sample conversations. All answers are from the first agent account."""
    connectors = RunningConnectors(config.connectors, Site("http://localhost"), b"sample")
    with store.read() as connection:
        row = connection.execute(select(agents).order_by(agents.c.id).limit(1)).one()
    agent = Author("agent", row.id, row.name)
    for sample in SAMPLE_CONVERSATIONS:
        for number in range(len(sample.messages)):
            store.write(
                partial(
                    _add_message, connectors=connectors, sample=sample, number=number, agent=agent
                )
            )
        store.write(partial(_set_fields, connectors=connectors, sample=sample, agent=agent))


def _add_message(
    tx: Transaction,
    connectors: RunningConnectors,
    sample: SampleConversation,
    number: int,
    agent: Author,
) -> None:
    message = sample.messages[number]
    tx.now -= timedelta(minutes=message.minutes)
    if message.source in sample.addresses:
        _receive_message(tx, connectors, sample, number)
        return
    conversation = _conversation(tx, connectors, sample)
    draft = Draft(text=message.text, type="note" if message.source == "note" else "message")
    sent = send.send_message(tx, conversation.id, draft, agent, connectors.outbound_channels())
    tx.execute(
        update(deliveries)
        .where(deliveries.c.message_id == int(sent.message.id))
        .values(status="read" if number % 2 else "delivered", attempts=1, parts_sent=1)
    )


def _receive_message(
    tx: Transaction, connectors: RunningConnectors, sample: SampleConversation, number: int
) -> None:
    message = sample.messages[number]
    connector = connectors.get(message.source)
    assert connector is not None
    address = connector.address(sample.addresses[message.source])
    known_contact = contact_addresses.find_contact_address(tx.connection, address)
    first_connector = next(iter(sample.addresses))
    if message.source != first_connector and known_contact is None:
        # The contact used the code that it got on the first channel.
        contact = contact_addresses.find_or_create_contact_address(
            tx, address, Profile(name=sample.name)
        )
        root = _conversation(tx, connectors, sample).contact_address
        links.link_contacts(
            tx,
            root.root_id,
            contact.contact_id,
            evidence="verified",
            method="handover",
            reason="They used the one-time code that this conversation gave them.",
            by="contact",
        )
    event = InboundMessage(
        key=f"sample:{sample.addresses[message.source]}:{number}",
        raw=message.text.encode(),
        address=address,
        external_id=f"sample-{number}",
        text=message.text,
        subject=sample.subject if connector.capabilities.subject else "",
        profile=Profile(name=sample.name),
    )
    request = WebhookRequest(method="POST", url="", body=event.raw)
    receive.receive_event(tx, connectors.inbound_channel(connector), event, request)


def _conversation(
    tx: Transaction, connectors: RunningConnectors, sample: SampleConversation
) -> LoadedConversation:
    name, path = next(iter(sample.addresses.items()))
    connector = connectors.get(name)
    assert connector is not None
    contact = contact_addresses.find_contact_address(tx.connection, connector.address(path))
    assert contact is not None
    conversation = lifecycle.load_latest_conversation(tx, contact)
    assert conversation is not None
    return conversation


def _set_fields(
    tx: Transaction, connectors: RunningConnectors, sample: SampleConversation, agent: Author
) -> None:
    conversation = _conversation(tx, connectors, sample)
    last_message_at = tx.execute(
        select(messages.c.created_at).where(messages.c.id == conversation.last_message_id)
    ).scalar_one()
    tx.now = last_message_at + timedelta(minutes=1)
    changes: dict[str, object] = {"labels": list(sample.labels), "priority": sample.priority}
    if sample.assigned:
        changes["assignee_id"] = agent.id
    if sample.status != "open":
        changes["status"] = sample.status
    actions.change_conversation(tx, conversation.id, changes, agent)
