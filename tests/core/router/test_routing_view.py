"""What the API tells of an assignment, also before the rules have looked at the conversation."""

from __future__ import annotations

from datetime import UTC, datetime

from hub.inbox.api.routing import Routing, routing_of
from hub.router.queue import places
from tests.core.router.office import Office

RULES = {
    "teams": {"sales": {}, "support": {}},
    "routing": [
        {"name": "prices", "when": {"words": "price"}, "team": "sales", "priority": "high"},
        {"name": "rest", "team": "support"},
    ],
}


def routing(office: Office, conversation: str) -> Routing:
    with office.store.read() as connection:
        return routing_of(connection, int(conversation), office.config, datetime.now(UTC))


def test_before_the_first_look_the_rules_are_asked_and_nothing_is_decided(office: Office) -> None:
    office.configures(**RULES)
    ahead = [office.waits(f"customer {number}") for number in range(3)]
    office.assigns()
    found = office.waits("anna", "What is the price?")
    told = routing(office, found)
    assert (told.rule, told.team, told.priority) == ("prices", "sales", "high")
    assert told.decided_at is None
    assert told.queue is not None and told.queue.position == 1  # nobody waits for sales
    assert [(one.agent.name, one.chosen) for one in told.candidates] == [("Kadri", False)]
    last = office.waits("boris", "Hello")
    told = routing(office, last)
    assert (told.rule, told.team) == ("rest", "support")
    assert told.queue is not None and told.queue.position == len(ahead) + 1


def test_what_is_told_before_the_first_look_holds_after_it(office: Office) -> None:
    office.configures(**RULES)
    for text in ("What is the price?", "Hello", "The price?"):
        conversation = office.waits(text, text)
        before = routing(office, conversation)
        office.assigns()
        after = routing(office, conversation)
        assert after.decided_at is not None
        unchanged = {"decided_at": None}
        assert before.model_copy(update=unchanged) == after.model_copy(update=unchanged)


def test_before_the_first_look_a_conversation_has_no_place(office: Office) -> None:
    """A page is told its place once there is one."""
    office.configures(**RULES)
    conversation = office.waits("anna")
    order = office.config.assignment.order
    with office.store.read() as connection:
        assert places.find_place(connection, int(conversation), order) is None
    office.assigns()
    with office.store.read() as connection:
        assert places.find_place(connection, int(conversation), order) is not None
