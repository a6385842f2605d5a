"""Merging conversations by a link and unmerging them: every message and decision stays."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from hub.contacts import profiles
from hub.conversations import actions, lifecycle, queries, views
from hub.errors import Conflict
from hub.identity import links
from hub.schema.author import Author
from hub.store.engine import Store
from hub.store.models import contacts, conversations, messages
from tests.core.desk import Customer, Desk, at_once
from tests.core.toys import a_moment_ago

#: `HUB_TEST_SEQUENCES=1000 pytest tests/core/identity/test_merging.py` is the long form.
SEQUENCES = int(os.environ.get("HUB_TEST_SEQUENCES", "100"))

PEOPLE = 4
#: Those of them whose names come with no first message.
NAMELESS = 2
LABELS = ("late", "vip", "refund")
STATUSES = ("resolved", "pending", "open")

whom = st.integers(0, PEOPLE - 1)
STEPS = st.one_of(
    st.tuples(st.just("says"), whom),
    st.tuples(st.just("repeats"), whom, whom),
    st.tuples(st.just("rewrites"), whom),
    st.tuples(st.just("reacts"), whom),
    st.tuples(st.just("answers"), whom),
    st.tuples(st.just("notes"), whom),
    st.tuples(st.just("labels"), whom, st.sampled_from(LABELS)),
    st.tuples(st.just("unlabels"), whom, st.sampled_from(LABELS)),
    st.tuples(st.just("assigns"), whom, st.sampled_from([0, 1, None])),
    st.tuples(st.just("sets status"), whom, st.sampled_from(STATUSES)),
    st.tuples(st.just("sets priority"), whom, st.sampled_from(["low", "high"])),
    st.tuples(st.just("edits"), whom, st.sampled_from(["size", "city"])),
    st.tuples(st.just("tells name"), whom),
    st.tuples(st.just("is called"), whom),
    st.tuples(st.just("links"), whom, whom),
    st.tuples(st.just("links"), whom, whom),
    st.tuples(st.just("undoes"), st.integers(0, 5)),
    st.tuples(st.just("undoes"), st.integers(0, 5)),
)
DECISIONS = ("notes", "labels", "unlabels", "assigns", "sets status", "sets priority")
Step = tuple[Any, ...]


@dataclass
class Told:
    """A step as it turned out: done to whom, in so many words, and by which link."""

    step: Step
    number: int
    link: int | None = None


@dataclass
class Story:
    """Some customers of their own, and what happens to them."""

    desk: Desk
    agents: Sequence[Author]
    name: str
    told: list[Told] = field(default_factory=list)
    live: dict[int, Any] = field(default_factory=dict)
    undone: set[int] = field(default_factory=set)
    last: dict[int, str] = field(default_factory=dict)
    words: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.customers = [
            self.desk.customer(
                f"{self.name}-{number}", name="" if number < NAMELESS else f"Customer {number}"
            )
            for number in range(PEOPLE)
        ]
        for number in range(PEOPLE):
            self._says(number, f"The first words of customer {number}.")
        self.records = [one.id for one in self.customers]

    # -- steps -----------------------------------------------------------------------------------

    def happens(self, steps: Sequence[Step]) -> None:
        for number, step in enumerate(steps):
            told = Told(step, number)
            if self._happen(told):
                self.told.append(told)

    def happens_without(self, other: Story) -> None:
        """What happened there happens here, but for the links that were undone."""
        for told in other.told:
            if told.step[0] != "undoes" and told.link not in other.undone:
                self._happen(Told(told.step, told.number, told.link))

    def _happen(self, told: Told) -> bool:
        what, *how = told.step
        if what in DECISIONS:
            return self._decides(told)
        match what, how:
            case "says", [one]:
                self._says(one, f"Words number {told.number} of customer {one}.")
            case "repeats", [one, other]:
                self._says(one, self.words[other])
            case "rewrites", [one]:
                message = self.desk.message(self.last[one])
                self.customers[one].edits(message, f"Other words number {told.number}.")
            case "reacts", [one]:
                self.customers[one].reacts(self.desk.message(self.last[one]), "👍")
            case "answers", [one]:
                self._answers(one, told.number)
            case "edits", [one, name]:
                one = self._root_of(one)
                told.step = ("edits", one, name)
                self._edits(one, attributes={name: told.number})
            case "tells name", [one]:
                self.customers[one].name = f"Customer {one}"
                self._says(one, f"Words number {told.number} of customer {one}.")
            case "is called", [one]:
                one = self._root_of(one)
                told.step = ("is called", one)
                self._edits(one, name=f"Called {told.number}")
            case "links", [one, other]:
                return self._links(one, other, told)
            case "undoes", [which]:
                return self._undoes(which)
        return True

    def _says(self, one: int, text: str) -> None:
        self.last[one] = self.customers[one].says(text).id
        self.words[one] = text

    def _answers(self, one: int, number: int) -> None:
        message = self.desk.message(self.last[one])
        self.desk.replies(message.conversation_id, f"Answer {number}", reply_to=int(message.id))

    def _decides(self, told: Told) -> bool:
        """Returns False for what changes nothing: that is no decision, and not told."""
        what, one, *how = told.step
        current = self._current(one)
        # The one who has the conversation that stands for all is whom the decision is about.
        told.step = (what, self._owner(int(current.id)), *how)
        agent = self.agents[0]
        changes: dict[str, Any]
        match what:
            case "notes":
                self.desk.replies(current.id, f"Note {told.number}", type="note")
                return True
            case "labels":
                changes = {"labels": list(dict.fromkeys([*current.labels, *how]))}
            case "unlabels":
                changes = {"labels": [one for one in current.labels if one not in how]}
            case "assigns":
                changes = {"assignee_id": None if how[0] is None else self.agents[how[0]].id}
            case "sets status":
                changes = {"status": how[0]}
            case _:
                changes = {"priority": how[0]}
        before = len(self.desk.events_in(current.id))
        self.desk.store.write(
            lambda tx: actions.change_conversation(tx, int(current.id), changes, agent)
        )
        return len(self.desk.events_in(current.id)) > before

    def _edits(self, one: int, **changes: Any) -> None:
        self.desk.store.write(lambda tx: profiles.edit_contact(tx, self.records[one], **changes))

    def _links(self, one: int, other: int, told: Told) -> bool:
        if self.customers[one].contact.id == self.customers[other].contact.id:
            return False
        told.link = told.number if told.link is None else told.link
        self.live[told.link] = self.desk.links_up(self.customers[one], self.customers[other])
        return True

    def _undoes(self, which: int) -> bool:
        if not self.live:
            return False
        number = list(self.live)[which % len(self.live)]
        self.desk.unlinks(self.live.pop(number))
        self.undone.add(number)
        return True

    # -- looking ---------------------------------------------------------------------------------

    def _current(self, one: int) -> Any:
        with self.desk.store.read() as connection:
            found = queries.current_conversation(connection, int(self.customers[one].contact.id))
        assert found is not None
        return found

    def _owner(self, conversation_id: int) -> int:
        with self.desk.store.read() as connection:
            record = connection.execute(
                select(conversations.c.contact_id).where(conversations.c.id == conversation_id)
            ).scalar_one()
        return self.records.index(record)

    def _root_of(self, one: int) -> int:
        return self.records.index(int(self.customers[one].contact.id))

    def ends(self) -> dict[frozenset[int], Any]:
        """All that an agent could see of each person."""
        groups: dict[str, list[int]] = {}
        for number, one in enumerate(self.customers):
            groups.setdefault(one.contact.id, []).append(number)
        return {frozenset(group): self._person(group) for group in groups.values()}

    def _person(self, group: Sequence[int]) -> dict[str, Any]:
        contact = self.customers[group[0]].contact
        timeline = self.desk.timeline(contact.id)
        times = {one.received_at: one.text for one in timeline if one.direction == "in"}
        with self.desk.store.read() as connection:
            rows = connection.execute(
                select(conversations.c.id)
                .join(contacts, contacts.c.id == conversations.c.contact_id)
                .where(
                    contacts.c.root_id == int(contact.id),
                    conversations.c.merged_into_id.is_(None),
                )
            ).scalars()
            found = [views.get_conversation(connection, one) for one in rows]
        return {
            "name": contact.name,
            "attributes": contact.attributes,
            "said": [(one.direction, self._plain(one.address), one.text) for one in timeline],
            "authors": [
                self.records.index(int(one.author.id or 0))
                for one in timeline
                if one.author.type == "contact"
            ],
            "repeated": [one.text for one in timeline if one.duplicate_of is not None],
            "conversations": sorted(
                (
                    self._filed(int(conversation.id)),
                    conversation.status,
                    conversation.assignee and conversation.assignee.name,
                    conversation.priority,
                    sorted(conversation.labels),
                    conversation.unread_count,
                    times.get(conversation.waiting_since),  # type: ignore[arg-type]
                    conversation.last_message and conversation.last_message.text,
                )
                for conversation in found
            ),
        }

    def _filed(self, conversation_id: int) -> list[str]:
        with self.desk.store.read() as connection:
            return sorted(
                connection.execute(
                    select(messages.c.text).where(
                        lifecycle.message_is_in(conversation_id), messages.c.type != "event"
                    )
                ).scalars()
            )

    def _plain(self, address: str | None) -> str | None:
        return address and address.replace(self.name, "")


numbers = itertools.count(1)


@settings(
    max_examples=SEQUENCES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@pytest.mark.slow
@given(st.lists(STEPS, max_size=24))
def test_an_undone_link_leaves_the_conversations_as_if_it_had_never_been_made(
    sqlite_desk: Desk, steps: list[Step]
) -> None:
    number = next(numbers)
    agents = (sqlite_desk.agent, sqlite_desk.other_agent)  # type: ignore[attr-defined]
    real = Story(sqlite_desk, agents, f"real-{number}")
    real.happens(steps)
    told = Story(sqlite_desk, agents, f"told-{number}")
    told.happens_without(real)
    assert real.ends() == told.ends()


@pytest.fixture
def sqlite_desk(sqlite_store: Store, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(sqlite_store, tmp_path)
    made.other_agent = made.hires("Mart")  # type: ignore[attr-defined]
    yield made
    made.close()


@pytest.mark.parametrize("way", ["edit", "reaction"])
def test_what_a_change_made_unread_is_unread_after_an_undoing(
    way: str, desk: Desk, anna: Customer, boris: Customer
) -> None:
    hello = anna.says("Size 41, please")
    other = boris.says("Hello")
    link = desk.links_up(anna, boris)
    desk.replies(hello.conversation_id, "Good", reply_to=int(hello.id))
    if way == "edit":
        anna.edits(hello, "Size 42, please")
    else:
        anna.reacts(hello, "👍")
    desk.unlinks(link)
    changed = desk.conversation(desk.message(hello.id).conversation_id)
    untouched = desk.conversation(desk.message(other.id).conversation_id)
    assert (changed.unread_count, changed.waiting_since is not None) == (1, way == "edit")
    assert (untouched.unread_count, untouched.status) == (1, "open")


def test_an_edit_that_ended_a_pause_has_ended_it_after_an_undoing(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    hello = anna.says("Size 41, please")
    boris.says("Hello")
    link = desk.links_up(anna, boris)
    desk.changes(hello.conversation_id, status="pending")
    anna.edits(hello, "Size 42, please")
    desk.unlinks(link)
    assert desk.conversation(desk.message(hello.id).conversation_id).status == "open"


def test_a_change_that_an_agent_has_seen_is_seen_after_an_undoing(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    hello = anna.says("Size 41, please")
    boris.says("Hello")
    link = desk.links_up(anna, boris)
    desk.replies(hello.conversation_id, "Good", reply_to=int(hello.id))
    anna.edits(hello, "Size 42, please")
    desk.replies(hello.conversation_id, "Also good", reply_to=int(hello.id))
    desk.unlinks(link)
    changed = desk.conversation(desk.message(hello.id).conversation_id)
    assert (changed.unread_count, changed.waiting_since) == (0, None)


# -- one person, one open conversation -------------------------------------------------------------


def test_a_link_merges_the_open_conversations_of_both_contacts(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    first, second = anna.says("Where is my order?"), boris.says("And my refund?")
    desk.changes(second.conversation_id, labels=["refund"], priority="high")
    desk.links_up(anna, boris)
    stays = desk.only_conversation()
    assert stays.id == first.conversation_id
    assert (stays.unread_count, stays.labels, stays.priority) == (2, ["refund"], "high")
    assert stays.waiting_since == first.received_at
    assert stays.last_message is not None and stays.last_message.id == second.id
    assert [one.text for one in desk.thread(stays.id)] == ["Where is my order?", "And my refund?"]
    assert [one.conversation_id for one in (anna.says("a"), boris.says("b"))] == [stays.id] * 2


def test_the_conversation_with_an_assignee_is_kept(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    anna.says("Where is my order?")
    second = boris.says("And my refund?")
    desk.changes(second.conversation_id, assignee_id=desk.agent.id)
    desk.links_up(anna, boris)
    assert desk.only_conversation().id == second.conversation_id


def test_a_merged_conversation_is_in_no_list_and_its_answers_go_to_the_kept_one(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    first, second = anna.says("Where is my order?"), boris.says("And my refund?")
    desk.links_up(anna, boris)
    inside = desk.conversation(second.conversation_id)
    assert (inside.status, inside.unread_count) == ("resolved", 0)
    for wanted in ({"status": "open"}, {"status": "resolved"}, {}):
        assert second.conversation_id not in [one.id for one in desk.conversations(**wanted)]
    answer = desk.replies(second.conversation_id, "It is on its way.")
    assert (answer.conversation_id, answer.address) == (first.conversation_id, "toy:boris")
    changed = desk.changes(second.conversation_id, labels=["vip"])
    assert (changed.id, changed.labels) == (first.conversation_id, ["vip"])


def test_messages_after_the_merge_go_back_to_their_own_conversation(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    first, second = anna.says("Where is my order?"), boris.says("And my refund?")
    desk.changes(second.conversation_id, labels=["refund"])
    link = desk.links_up(anna, boris)
    asked = boris.says("Hello? My refund?")
    desk.replies(asked.conversation_id, "It is on its way.", reply_to=int(asked.id))
    anna.says("And my order?")
    desk.changes(first.conversation_id, labels=["refund", "late"])
    desk.unlinks(link)
    hers, his = desk.conversation(first.conversation_id), desk.conversation(second.conversation_id)
    assert (hers.labels, his.labels) == (["late"], ["refund"])
    assert [one.text for one in desk.thread(hers.id)] == ["Where is my order?", "And my order?"]
    assert [one.text for one in desk.thread(his.id)] == [
        "And my refund?",
        "Hello? My refund?",
        "It is on its way.",
    ]
    assert (hers.unread_count, his.unread_count) == (2, 0)
    assert hers.waiting_since == first.received_at
    assert his.waiting_since is None


def test_a_contact_that_wrote_first_after_the_merge_gets_a_conversation_of_its_own(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    for one in (anna, boris):
        desk.changes(one.says("Hello").conversation_id, status="resolved")
    long_ago = {"resolved_at": a_moment_ago(days=2), "created_at": a_moment_ago(days=2)}
    for conversation in desk.conversations():
        desk.sets_conversation(conversation.id, **long_ago)
    link = desk.links_up(anna, boris)
    together = anna.says("Something new.")
    assert boris.says("Something else.").conversation_id == together.conversation_id
    desk.unlinks(link)
    open_ = desk.conversations(status="open")
    assert sorted(one.last_message.text for one in open_ if one.last_message) == [
        "Something else.",
        "Something new.",
    ]
    assert [one.unread_count for one in open_] == [1, 1]


def test_messages_that_an_agent_has_read_stay_read(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    anna.says("Where is my order?")
    boris.says("And my refund?")
    link = desk.links_up(anna, boris)
    last = boris.says("Hello?")
    desk.store.write(lambda tx: actions.mark_read(tx, int(last.conversation_id), int(last.id)))
    desk.unlinks(link)
    assert [one.unread_count for one in desk.conversations()] == [0, 0]


def test_messages_on_two_channels_at_once_open_one_conversation(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    for one in (anna, boris):
        desk.changes(one.says("Hello").conversation_id, status="resolved")
    desk.links_up(anna, boris)
    for conversation in desk.conversations():
        desk.sets_conversation(conversation.id, resolved_at=a_moment_ago(days=2))
    at_once(*[lambda one=one: one.says("Something new.") for one in (anna, boris) * 4])  # type: ignore[misc]
    assert len(desk.conversations(status="open")) == 1


def test_a_link_and_messages_on_both_channels_at_once_end_in_one_conversation(desk: Desk) -> None:
    for number in range(5):
        pair = [desk.customer(f"{number}-{side}") for side in ("one", "other")]
        for one in pair:
            desk.changes(one.says("Hello").conversation_id, status="resolved")
        for conversation in desk.conversations():
            desk.sets_conversation(
                conversation.id, status="resolved", resolved_at=a_moment_ago(days=2)
            )
        at_once(
            lambda pair=pair: desk.links_up(*pair),  # type: ignore[misc]
            *[lambda one=one: one.says("Something new.") for one in pair],  # type: ignore[misc]
        )
        assert len(desk.conversations(status="open")) == 1


def test_an_agent_opens_no_second_conversation_either(desk: Desk, anna: Customer) -> None:
    ended = anna.says("Hello")
    desk.changes(ended.conversation_id, status="resolved")
    desk.sets_conversation(ended.conversation_id, resolved_at=a_moment_ago(days=2))
    going_on = anna.says("Something new.")
    assert going_on.conversation_id != ended.conversation_id
    with pytest.raises(Conflict):
        desk.changes(ended.conversation_id, status="open")
    answer = desk.replies(ended.conversation_id, "About that.", reply_to=int(ended.id))
    assert answer.conversation_id == going_on.conversation_id


# -- handovers -------------------------------------------------------------------------------------


def test_after_an_undoing_a_bare_code_is_not_unread_and_waits_for_no_answer(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    said = anna.says("Where is my order?")
    desk.replies(said.conversation_id, "On its way")
    boris.says("Hi")
    link = desk.links_up(anna, boris)
    there = desk.customer("there", "other")
    there.says(desk.invites(said.conversation_id, "other").code)
    before = desk.conversation(said.conversation_id)
    assert before.unread_count == 1  # what Boris said
    desk.unlinks(link)
    hers = desk.conversation(said.conversation_id)
    assert (hers.unread_count, hers.waiting_since) == (0, None)


def test_after_its_link_is_undone_a_bare_code_waits_for_no_answer(
    desk: Desk, anna: Customer
) -> None:
    said = anna.says("Where is my order?")
    desk.replies(said.conversation_id, "On its way")
    there = desk.customer("there", "other")
    there.says(desk.invites(said.conversation_id, "other").code)
    with desk.store.read() as connection:
        (link,) = links.links_of_contact(connection, anna.record)
    desk.unlinks(link)
    assert [(one.unread_count, one.waiting_since) for one in desk.conversations()] == [
        (0, None),
        (0, None),
    ]


def test_messages_stay_read_when_a_bare_code_came_after_them(desk: Desk, anna: Customer) -> None:
    said = anna.says("Where is my order?")
    desk.customer("there", "other").says(desk.invites(said.conversation_id, "other").code)
    assert desk.conversation(said.conversation_id).unread_count == 1
    read = desk.store.write(
        lambda tx: actions.mark_read(tx, int(said.conversation_id), int(said.id))
    )
    assert read.unread_count == 0
