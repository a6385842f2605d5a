"""A desk with a router: a configuration, agents who come and go, customers who wait."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, update

from hub.accounts import config_sync
from hub.accounts.agents import agent_resource
from hub.config import Config
from hub.conversations import assignment
from hub.router.engine import Assigner
from hub.schema import resources
from hub.schema.events import Event, PresenceChanged
from hub.store.engine import Transaction
from hub.store.models import agents, contacts, conversations, routing_decisions
from tests.core.desk import Customer, Desk


class Office:
    """What happens between customers, agents and the router."""

    def __init__(self, desk: Desk, **sections: Any) -> None:
        self.desk = desk
        self.store = desk.store
        self.config = Config()
        self.assigner = Assigner(desk.store, lambda: self.config)
        self.configures(**sections)

    def configures(self, **sections: Any) -> None:
        self.config = Config.model_validate(sections)
        self.store.write(lambda tx: config_sync.sync_from_config(tx, self.config))

    def assigns(self) -> None:
        self.assigner.assign_waiting()

    # -- agents ------------------------------------------------------------------------------------

    def hires(self, name: str, *, online: bool = True, **columns: Any) -> int:
        found = self.desk.hires(name, online=online).id
        assert found is not None
        if columns:
            self.sets_agent(found, **columns)
        self.store.write(lambda tx: config_sync.sync_from_config(tx, self.config))
        return found

    def sets_agent(self, agent_id: int, **columns: Any) -> None:
        self.store.write(
            lambda tx: (
                tx.execute(update(agents).where(agents.c.id == agent_id).values(**columns)).rowcount
            )
        )

    def comes(self, agent_id: int) -> None:
        self._presence(agent_id, connected_at=datetime.now(UTC))

    def goes(self, agent_id: int) -> None:
        self._presence(agent_id, connected_at=None)

    def _presence(self, agent_id: int, **columns: Any) -> None:
        def mark(tx: Transaction) -> None:
            tx.execute(update(agents).where(agents.c.id == agent_id).values(**columns))
            row = tx.execute(select(agents).where(agents.c.id == agent_id)).one()
            agent = agent_resource(row)
            tx.publish(Event(PresenceChanged(agent=agent, presence=agent.presence)))

        self.store.write(mark)

    def changes(self, conversation: str, by: int, **changes: Any) -> resources.Conversation:
        """A change that this agent makes."""
        from hub.conversations import actions
        from hub.schema.author import Author

        author = Author("agent", by, "")
        return self.store.write(
            lambda tx: actions.change_conversation(tx, int(conversation), changes, author)
        )

    def answers(self, conversation: str, by: int, text: str = "Hello!") -> None:
        from hub.outbound import send
        from hub.outbound.send import Draft
        from hub.schema.author import Author

        channels = self.desk.connectors.outbound_channels()
        author, draft = Author("agent", by, ""), Draft(text)
        self.store.write(
            lambda tx: send.send_message(tx, int(conversation), draft, author, channels)
        )

    def looks_at(self, conversation: str, agent_id: int) -> resources.Conversation:
        return self.store.write(
            lambda tx: assignment.accept_conversation(tx, int(conversation), agent_id)
        )

    # -- conversations -----------------------------------------------------------------------------

    def waits(self, name: str, text: str = "Hello", **columns: Any) -> str:
        """A customer writes; `columns` are set after the rules have seen it."""
        found = self.customer(name).says(text).conversation_id
        if columns:
            self.assigns()
            self.sets(found, **columns)
        return found

    def customer(self, name: str) -> Customer:
        return self.desk.customer(name, name=name)

    def sets(self, conversation: str, **columns: Any) -> None:
        self.desk.sets_conversation(conversation, **columns)

    def are_one_person(self, one: Customer, *others: Customer) -> None:
        """Several who have conversations of their own: nothing is merged."""
        statement = (
            update(contacts)
            .where(contacts.c.id.in_([other.record for other in others]))
            .values(root_id=one.record)
        )
        self.store.write(lambda tx: tx.execute(statement).rowcount)

    def has(self, conversation: str) -> str | None:
        """The name of who has it."""
        found = self.row(conversation).assignee_id
        if found is None:
            return None
        with self.store.read() as connection:
            name = connection.execute(select(agents.c.name).where(agents.c.id == found)).scalar()
        return str(name)

    def row(self, conversation: str) -> Any:
        with self.store.read() as connection:
            return connection.execute(
                select(conversations).where(conversations.c.id == int(conversation))
            ).one()

    def held(self) -> dict[str | None, int]:
        """How many each has; None for what waits."""
        with self.store.read() as connection:
            names = dict(connection.execute(select(agents.c.id, agents.c.name)).all())
            rows = connection.execute(
                select(conversations.c.assignee_id).where(conversations.c.status == "open")
            ).scalars()
            counts: dict[str | None, int] = {}
            for assignee in rows:
                name = names.get(assignee)
                counts[name] = counts.get(name, 0) + 1
        return counts

    def decisions(self, conversation: str) -> list[Any]:
        with self.store.read() as connection:
            return list(
                connection.execute(
                    select(routing_decisions)
                    .where(routing_decisions.c.conversation_id == int(conversation))
                    .order_by(routing_decisions.c.id)
                )
            )

    def lines(self, conversation: str) -> list[str]:
        return [one["name"] for one in self.desk.events_in(conversation)]
