"""Whatever happens in a day, in whatever order: what must hold after the router has looked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from hub.router import routing_reads
from hub.router.decisions.evaluation import assignment_policy
from hub.router.decisions.values import Agent
from hub.store.models import agents, conversations, routing_decisions
from tests.core.desk import Desk
from tests.core.router.office import Office
from tests.core.router.test_candidates import could
from tests.core.toys import a_moment_ago

NAMES = ("Mari", "Jaan", "Liis")
SECTIONS: dict[str, Any] = {
    "teams": {
        "support": {"members": ["mari@example.org", "jaan@example.org"]},
        "sales": {"members": ["liis@example.org", "jaan@example.org"], "overflow": "support"},
    },
    "routing": [
        {"name": "prices", "when": {"words": "price"}, "team": "sales", "priority": "high"},
        {"name": "rest", "team": "support"},
    ],
    "assignment": {"sticky": "0s", "capacity": {"default": 2}},
}

_WHO = st.integers(0, len(NAMES) - 1)
_WHICH = st.integers(0, 30)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("comes"), _WHO),
        st.tuples(st.just("goes"), _WHO),
        st.tuples(st.just("writes"), st.sampled_from(["Hello", "The price?"])),
        # Twice, so that days are busy.
        st.tuples(st.just("writes"), st.sampled_from(["Hello", "Two words"])),
        st.tuples(st.just("writes again"), _WHICH),
        st.tuples(st.just("resolves"), _WHICH),
        st.tuples(st.just("releases"), _WHICH),
        st.tuples(st.just("looks"), _WHICH),
        st.tuples(st.just("runs out"), _WHICH),
        st.tuples(st.just("waits on the customer"), _WHICH),
        st.tuples(st.just("router looks"), st.none()),
    ),
    max_size=40,
)


class Day:
    """Begins with nobody there and nothing to do, whatever the database remembers of others."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.agents = [office.hires(name, online=False) for name in NAMES]
        self.customers = 0
        self.made: list[tuple[str, str]] = []

    def begin(self) -> None:
        self.made = []
        leave = update(agents).values(connected_at=None, assigned_at=None)
        end = update(conversations).values(status="resolved", assignee_id=None)
        self.office.store.write(lambda tx: [tx.execute(leave).rowcount, tx.execute(end).rowcount])

    def play(self, steps: list[tuple[str, Any]]) -> None:
        for what, which in steps:
            if what in ("comes", "goes"):
                getattr(self.office, what)(self.agents[which])
            elif what == "writes":
                self.customers += 1
                name = f"customer {self.customers}"
                self.made.append((name, self.office.waits(name, which)))
            elif what == "router looks":
                self.assigns()
            elif self.made:
                self.does(what, *self.made[which % len(self.made)])

    def assigns(self) -> None:
        """The router looks. Whoever holds too much was given nothing by it."""
        last = self.last_decision()
        self.office.assigns()
        with self.office.store.read() as connection:
            given = set(
                connection.execute(
                    select(routing_decisions.c.agent_id)
                    .join(conversations, conversations.c.id == routing_decisions.c.conversation_id)
                    .where(routing_decisions.c.id > last, conversations.c.accept_by.is_not(None))
                ).scalars()
            )
        for one in self.agents_now():
            assert one.id not in given or one.load <= one.capacity, one

    def last_decision(self) -> int:
        with self.office.store.read() as connection:
            return connection.execute(select(func.max(routing_decisions.c.id))).scalar() or 0

    def does(self, what: str, name: str, conversation: str) -> None:
        office, holder = self.office, self.office.row(conversation).assignee_id
        match what:
            case "writes again":
                self.customers += 1
                key = f"again {self.customers}"
                office.customer(name).says("And?", key=key, external_id=key)
            case "resolves":
                office.desk.changes(conversation, status="resolved")
            case "waits on the customer":
                office.desk.changes(conversation, status="pending")
            case "releases" if holder is not None:
                office.changes(conversation, holder, assignee_id=None)
            case "looks" if holder is not None:
                office.looks_at(conversation, holder)
            case "runs out" if holder is not None and office.row(conversation).accept_by:
                office.sets(conversation, accept_by=a_moment_ago(seconds=1))

    def agents_now(self) -> list[Agent]:
        with self.office.store.read() as connection:
            return routing_reads.read_agents(connection, self.office.config)


def check(day: Day) -> None:
    office = day.office
    there = day.agents_now()
    by_id = {one.id: one for one in there}
    terms = assignment_policy(office.config, datetime.now(UTC))
    with office.store.read() as connection:
        names = routing_reads.read_team_names(connection)
        waiting = routing_reads.read_queue_page(connection, office.config, names, 0, 1000)
        rows = connection.execute(select(conversations)).all()
    assert not [row for row in rows if row.status == "open" and row.rule is None]
    for wanted in waiting:
        free = [one.name for one in there if could(one, wanted, terms)]
        assert not free, f"{wanted} waits though {free} could take it"
    for row in rows:
        if row.status == "open" and row.assignee_id is not None:
            team = names.get(row.team_id or 0)
            assert team is None or team in by_id[row.assignee_id].teams
            if row.accept_by is not None:
                assert by_id[row.assignee_id].presence == "online"


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_after_any_day_no_conversation_waits_while_a_free_agent_fits(
    desk: Desk, data: st.DataObject
) -> None:
    if not hasattr(desk, "day"):
        desk.day = Day(Office(desk, **SECTIONS))  # type: ignore[attr-defined]
    day: Day = desk.day  # type: ignore[attr-defined]
    day.begin()
    day.play(data.draw(STEPS))
    day.assigns()
    check(day)
