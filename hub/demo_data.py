"""Sample conversations for the demo: made-up people, every channel, several scripts.

They go the same way as real ones, only at times gone by.
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
class Line:
    """Something said `minutes` ago. `who` is the connector it came by, `agent`, or `note`."""

    minutes: int
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class Story:
    """A person, where they write from, and what was said."""

    name: str
    addresses: dict[str, str]
    lines: Sequence[Line]
    status: str = "open"
    labels: tuple[str, ...] = ()
    priority: str = "normal"
    subject: str = ""
    assigned: bool = True


STORIES = (
    Story(
        "Nora Lind",
        {"messenger": "7000000000000001", "sms": "+12025550111", "mail": "nora@example.org"},
        (
            Line(
                190, "messenger", "Hello! My shoes came today but the size is wrong. I need a 39."
            ),
            Line(184, "agent", "Hi Nora, sorry about that. Could you send a photo of the label?"),
            Line(122, "sms", "It's Nora, I'm on the bus now. The label says 41."),
            Line(118, "note", "Order 10482. We packed 41 by mistake, exchange is free."),
            Line(112, "agent", "Thank you! I will send you a return form by email."),
            Line(34, "mail", "Here is the form, filled in. When will the new pair come?"),
        ),
        labels=("returns",),
        priority="high",
        subject="Return form",
    ),
    Story(
        "سارة منصور",
        {"telegram": "700000002"},
        (
            Line(52, "telegram", "مرحبا، هل يتوفر الحذاء الرياضي باللون الأزرق مقاس 38؟"),
            Line(47, "agent", "مرحبا سارة! نعم، متوفر. هل تريدين أن نحجزه لك؟"),
            Line(12, "telegram", "نعم من فضلك، وسأدفع عند الاستلام."),
        ),
    ),
    Story(
        "Kadri Õun",
        {"mail": "kadri@example.net"},
        (Line(21, "mail", "Tere! Kas saaksite arve saata uuesti? Tellimus 10511, tänan ette."),),
        subject="Arve",
        assigned=False,
    ),
    Story(
        "Zofia Żak",
        {"sms": "+12025550114"},
        (
            Line(310, "sms", "Dzień dobry, gdzie jest moja paczka? Zamówienie 10477."),
            Line(300, "agent", "Dzień dobry! Paczka jest już w drodze, będzie jutro do południa."),
            Line(296, "sms", "Świetnie, dziękuję!"),
        ),
        status="resolved",
        labels=("delivery",),
    ),
    Story(
        "آرش کریمی",
        {"messenger": "7000000000000005"},
        (Line(6, "messenger", "سلام، کفش‌های پیاده‌روی را در چه رنگ‌هایی دارید؟"),),
        assigned=False,
    ),
    Story(
        "Tom Field",
        {"telegram": "700000006"},
        (
            Line(1500, "telegram", "Do you repair soles?"),
            Line(1490, "agent", "We do, it takes about a week. Shall I book you in?"),
        ),
        status="pending",
        labels=("repairs",),
    ),
    Story(
        "Ida Berg",
        {"mail": "ida@example.com"},
        (
            Line(2900, "mail", "Could you tell me when the winter boots are back?"),
            Line(2880, "agent", "They come in the first week of December. I will write to you."),
        ),
        status="pending",
        subject="Winter boots",
    ),
)


def seed(store: Store, config: Config) -> None:
    """Writes the sample conversations. The first agent account is who answered."""
    connectors = RunningConnectors(config.connectors, Site("http://localhost"), b"sample")
    with store.read() as connection:
        row = connection.execute(select(agents).order_by(agents.c.id).limit(1)).one()
    agent = Author("agent", row.id, row.name)
    for story in STORIES:
        for number, line in enumerate(story.lines):
            store.write(
                partial(
                    _say, connectors=connectors, story=story, line=line, number=number, agent=agent
                )
            )
        store.write(partial(_settle, connectors=connectors, story=story, agent=agent))


def _say(
    tx: Transaction,
    connectors: RunningConnectors,
    story: Story,
    line: Line,
    number: int,
    agent: Author,
) -> None:
    tx.now -= timedelta(minutes=line.minutes)
    if line.who in story.addresses:
        _hear(tx, connectors, story, line, number)
        return
    target = _conversation(tx, connectors, story)
    draft = Draft(text=line.text, type="note" if line.who == "note" else "message")
    sent = send.send(tx, target.id, draft, agent, connectors.outlets())
    tx.execute(
        update(deliveries)
        .where(deliveries.c.message_id == int(sent.message.id))
        .values(status="read" if number % 2 else "delivered", attempts=1, parts_sent=1)
    )


def _hear(
    tx: Transaction, connectors: RunningConnectors, story: Story, line: Line, number: int
) -> None:
    connector = connectors.get(line.who)
    assert connector is not None
    address = connector.address(story.addresses[line.who])
    first = next(iter(story.addresses))
    if line.who != first and contact_addresses.find_contact_address(tx.connection, address) is None:
        # They used the code that the first channel gave them.
        person = contact_addresses.find_or_create(tx, address, Profile(name=story.name))
        root = _conversation(tx, connectors, story).person
        links.link(
            tx,
            root.root_id,
            person.contact_id,
            evidence="verified",
            method="handover",
            reason="They used the one-time code that this conversation gave them.",
            by="contact",
        )
    event = InboundMessage(
        key=f"sample:{story.addresses[line.who]}:{number}",
        raw=line.text.encode(),
        address=address,
        external_id=f"sample-{number}",
        text=line.text,
        subject=story.subject if connector.capabilities.subject else "",
        profile=Profile(name=story.name),
    )
    request = WebhookRequest(method="POST", url="", body=event.raw)
    receive.receive(tx, connectors.inlet(connector), event, request)


def _conversation(
    tx: Transaction, connectors: RunningConnectors, story: Story
) -> lifecycle.LoadedConversation:
    name, path = next(iter(story.addresses.items()))
    connector = connectors.get(name)
    assert connector is not None
    person = contact_addresses.find_contact_address(tx.connection, connector.address(path))
    assert person is not None
    found = lifecycle.load_latest_conversation(tx, person)
    assert found is not None
    return found


def _settle(tx: Transaction, connectors: RunningConnectors, story: Story, agent: Author) -> None:
    target = _conversation(tx, connectors, story)
    last = tx.execute(
        select(messages.c.created_at).where(messages.c.id == target["last_message_id"])
    ).scalar_one()
    tx.now = last + timedelta(minutes=1)
    changes: dict[str, object] = {"labels": list(story.labels), "priority": story.priority}
    if story.assigned:
        changes["assignee_id"] = agent.id
    if story.status != "open":
        changes["status"] = story.status
    actions.change(tx, target.id, changes, agent)
