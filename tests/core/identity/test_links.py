"""Links make contacts one person: any link can be undone, and then leaves no trace."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select

from hub.contacts import profiles
from hub.contacts.roots import roots_by_contact
from hub.conversations import queries
from hub.errors import Conflict, Invalid, NotFound
from hub.identity import links
from hub.store.models import addresses, contacts
from hub.store.models import links as links_table
from hub.types import Profile
from tests.core.desk import Customer, Desk, at_once
from tests.core.steps import same_person

NAMES = ("anna", "boris", "cecil", "dora", "emma")


def groups(desk: Desk, customers: list[Customer]) -> set[frozenset[str]]:
    found: dict[str, set[str]] = {}
    for one in customers:
        found.setdefault(one.contact.id, set()).add(one.path)
    return {frozenset(group) for group in found.values()}


def groups_of(paths: tuple[str, ...], edges: list[tuple[str, str]]) -> set[frozenset[str]]:
    """The same, from the live links alone."""
    group = {path: frozenset([path]) for path in paths}
    for one, other in edges:
        both = group[one] | group[other]
        group |= dict.fromkeys(both, both)
    return set(group.values())


@pytest.mark.slow
def test_random_stories_end_as_if_the_undone_links_had_never_been_made(desk: Desk) -> None:
    """Random links, messages and undoings; the number of the story is printed."""
    stories = range(100) if desk.store.is_sqlite else range(0, 100, 10)
    for seed in stories:
        dice = random.Random(seed)
        suffix = f"-{seed}"
        customers = [desk.customer(name + suffix) for name in NAMES]
        by_path = {one.path: one for one in customers}
        for one in customers:
            one.says("Hello")
        said = {one.path: 1 for one in customers}
        live: list[tuple[object, str, str]] = []
        for _step in range(8):
            what = dice.choice(["link", "link", "say", "undo"])
            if what == "say":
                path = dice.choice(list(by_path))
                by_path[path].says(f"more {said[path]}")
                said[path] += 1
            elif what == "undo" and live:
                link, *_ = live.pop(dice.randrange(len(live)))
                desk.unlinks(link)  # type: ignore[arg-type]
            else:
                one, other = dice.sample(list(by_path), 2)
                if by_path[one].contact.id == by_path[other].contact.id:
                    with pytest.raises(Invalid):
                        desk.links_up(by_path[one], by_path[other])
                else:
                    live.append((desk.links_up(by_path[one], by_path[other]), one, other))
        expected = groups_of(tuple(by_path), [(one, other) for _link, one, other in live])
        assert groups(desk, customers) == expected, f"story {seed}"
        for group in expected:
            first = by_path[next(iter(group))]
            timeline = desk.timeline(first.contact.id)
            assert len(timeline) == sum(said[path] for path in group), f"story {seed}"
            positions = [(one.created_at, int(one.id)) for one in timeline]
            assert positions == sorted(positions), f"story {seed}"


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=12), st.data())
def test_roots_depend_on_the_live_links_alone(
    edges: list[tuple[int, int]], data: st.DataObject
) -> None:
    kept = [edge for edge in edges if data.draw(st.booleans())]
    found = roots_by_contact(range(7), kept)
    for one, other in kept:
        assert found[one] == found[other]
    for record, root in found.items():
        assert found[root] == root, "a root is its own"
        if all(record not in edge for edge in kept):
            assert root == record


def test_a_link_costs_no_more_statements_where_more_are_linked_already(desk: Desk) -> None:
    devices = [desk.customer(f"device {number}") for number in range(12)]
    for one in devices:
        one.says("Hello")
    statements: list[str] = []

    def note(*arguments: Any) -> None:
        statements.append(arguments[2])

    costs = []
    event.listen(desk.store.engine, "before_cursor_execute", note)
    try:
        for one in devices[1:]:
            statements.clear()
            desk.links_up(devices[0], one)
            costs.append(len(statements))
    finally:
        event.remove(desk.store.engine, "before_cursor_execute", note)
    assert costs[-1] == costs[1], costs
    assert len({one.contact.id for one in devices}) == 1


def test_a_snapshot_keeps_little_of_conversations_that_are_merged_already(desk: Desk) -> None:
    devices = [desk.customer(f"device {number}") for number in range(8)]
    for one in devices:
        one.says("Hello")
    made = [desk.links_up(devices[0], one) for one in devices[1:]]
    with desk.store.read() as connection:
        statement = select(links_table.c.before).where(links_table.c.id == int(made[-1].id))
        kept = connection.execute(statement).scalar_one()["conversations"]
    assert sorted(len(one) for one in kept)[:6] == [3] * 6
    for one in made:
        desk.unlinks(one)
    assert all(one.says("Still here").conversation_id for one in devices)
    assert len({one.contact.id for one in devices}) == 8
    found = desk.conversations()
    assert sorted((one.status, one.unread_count) for one in found) == [("open", 2)] * 8


def test_the_first_contact_is_the_root_of_both(desk: Desk, anna: Customer, boris: Customer) -> None:
    anna.says("Hello")
    boris.says("Hi")
    link = desk.links_up(boris, anna)
    assert anna.contact.name == boris.contact.name == "Boris"
    assert (link.evidence, link.method, link.by) == ("agent", "by hand", "Kadri")
    assert sorted(link.addresses) == ["toy:anna", "toy:boris"]
    desk.unlinks(link)
    assert anna.contact.name == "Anna Kask"


def test_linking_and_undoing_are_events_in_the_timeline(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    anna.says("Hello")
    boris.says("Hi")
    link = desk.links_up(anna, boris)
    desk.unlinks(link)
    linked, unlinked = [one for one in desk.events if one.name.startswith("contact.")][-2:]
    assert (linked.name, unlinked.name) == ("contact.linked", "contact.unlinked")
    assert sorted(unlinked.payload.contact_ids) == [str(anna.id), str(boris.id)]  # type: ignore[union-attr]


def test_a_merged_person_has_one_timeline_and_one_conversation_from_then_on(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    for number in range(3):
        anna.says(f"anna {number}")
        boris.says(f"boris {number}")
    desk.links_up(anna, boris)
    texts = [one.text for one in desk.timeline(anna.id)]
    assert texts == ["anna 0", "boris 0", "anna 1", "boris 1", "anna 2", "boris 2"]
    assert [one.text for one in desk.timeline(boris.id)] == texts
    first, second = anna.says("together"), boris.says("together too")
    assert first.conversation_id == second.conversation_id


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_over_a_merged_timeline_have_no_gap_and_no_double(
    desk: Desk, anna: Customer, boris: Customer, limit: int
) -> None:
    from tests.core.toys import a_moment_ago

    same = a_moment_ago(minutes=1)
    for number in range(6):
        anna.says(f"a{number}", sent_at=same)
        boris.says(f"b{number}", sent_at=same)
    desk.links_up(anna, boris)
    seen: list[str] = []
    cursor = None
    while True:
        with desk.store.read() as connection:
            page = queries.contact_timeline(connection, anna.id, limit, cursor)
        seen += [one.id for one in page.items if one.type == "message"]
        cursor = page.next
        if cursor is None:
            break
        anna.says("meanwhile")  # what comes in while somebody reads back changes no page
    assert len(seen) == len(set(seen)) == 12
    assert [int(one) for one in seen] == sorted(map(int, seen), reverse=True)


def test_one_person_cannot_be_linked_to_themselves(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    anna.says("Hello")
    boris.says("Hi")
    with pytest.raises(Invalid):
        desk.links_up(anna, anna)
    desk.links_up(anna, boris)
    with pytest.raises(Invalid):
        desk.links_up(boris, anna)


def test_a_link_is_undone_once(desk: Desk, anna: Customer, boris: Customer) -> None:
    anna.says("Hello")
    boris.says("Hi")
    link = desk.links_up(anna, boris)
    desk.unlinks(link)
    with pytest.raises(Conflict):
        desk.unlinks(link)


def test_a_link_is_undone_once_also_by_four_at_once(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    anna.says("Hello")
    boris.says("Hi")
    link = desk.links_up(anna, boris)

    def undo() -> bool:
        try:
            desk.unlinks(link)
        except Conflict:
            return False
        return True

    assert sorted(at_once(*[undo] * 4)) == [False, False, False, True]
    assert desk.names().count("contact.unlinked") == 1


def test_links_of_one_group_at_once_leave_no_one_between_two_roots(desk: Desk) -> None:
    customers = [desk.customer(f"customer {number}") for number in range(8)]
    for one in customers:
        one.says("Hello")

    def link(one: Customer, other: Customer) -> None:
        try:
            desk.links_up(one, other)
        except Invalid:
            return

    ring = [
        (customers[number], customers[(number + step) % 8])
        for step in (1, 3)
        for number in range(8)
    ]
    at_once(*[lambda pair=pair: link(*pair) for pair in ring])  # type: ignore[misc]
    assert groups(desk, customers) == {frozenset(one.path for one in customers)}
    assert desk.count(contacts, contacts.c.root_id == contacts.c.id) == 1


def test_an_unknown_link_or_contact_is_not_found(desk: Desk, anna: Customer) -> None:
    anna.says("Hello")
    with pytest.raises(NotFound):
        desk.links_up(anna, 4711)
    with pytest.raises(NotFound):
        desk.store.write(lambda tx: links.unlink_contacts(tx, 4711, by="Kadri"))
    with desk.store.read() as connection, pytest.raises(NotFound):
        links.links_of_contact(connection, 4711)


def test_every_link_of_a_person_is_listed_undone_ones_too(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    anna.says("Hello")
    boris.says("Hi")
    desk.unlinks(desk.links_up(anna, boris))
    desk.links_up(anna, boris)
    with desk.store.read() as connection:
        found = links.links_of_contact(connection, boris.id)
    assert [one.undone_at is None for one in found] == [True, False]


def test_names_and_attributes_stay_with_their_contact(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    anna.says("Hello")
    boris.says("Hi")
    link = desk.links_up(anna, boris)
    desk.store.write(
        lambda tx: profiles.edit_contact(tx, boris.id, name="Anna K", attributes={"size": 38})
    )
    assert anna.contact.name == "Anna K"
    desk.unlinks(link)
    assert (anna.contact.name, anna.contact.attributes) == ("Anna K", {"size": 38})
    assert (boris.contact.name, boris.contact.attributes) == ("Boris", {})


def test_a_person_without_a_name_has_the_name_of_a_linked_contact_until_it_is_unlinked(
    desk: Desk, anna: Customer
) -> None:
    visitor = desk.customer("visitor")
    said = visitor.says("Hello")
    anna.says("Hi")
    link = desk.links_up(visitor, anna)
    # Their name comes with each message, and stays with the record it came to.
    anna.says("Hi again")
    assert desk.events[-1].payload.conversation.contact.name == "Anna Kask"  # type: ignore[union-attr]
    assert visitor.contact.name == "Anna Kask"
    assert desk.conversation(said.conversation_id).contact.name == "Anna Kask"
    with desk.store.read() as connection:
        assert profiles.get_contact(connection, visitor.record).name == "Anna Kask"
        everybody = queries.list_contacts(connection, "", 10, None).items
        assert [one.name for one in everybody] == ["Anna Kask"]
    edited = desk.store.write(
        lambda tx: profiles.edit_contact(tx, visitor.record, attributes={"size": 38})
    )
    assert edited.name == "Anna Kask"
    desk.unlinks(link)
    assert (visitor.contact.name, visitor.contact.attributes) == ("", {"size": 38})
    assert (anna.contact.name, anna.contact.attributes) == ("Anna Kask", {})


def test_a_name_that_a_linked_contact_gets_leaves_with_it(desk: Desk) -> None:
    visitor, nameless = desk.customer("visitor"), desk.customer("nameless")
    visitor.says("Hello")
    nameless.says("Hi")
    link = desk.links_up(visitor, nameless)
    nameless.says("It is me", profile=Profile(name="Nora"))
    assert visitor.contact.name == "Nora"
    desk.unlinks(link)
    assert (visitor.contact.name, nameless.contact.name) == ("", "Nora")


def proved(desk: Desk, customer: Customer) -> set[str]:
    """The paths of the addresses that this customer's own record has proved."""
    with desk.store.read() as connection:
        found = links.proved_address_ids(connection, customer.id)
        rows = connection.execute(select(addresses.c.path).where(addresses.c.id.in_(found)))
        return set(rows.scalars())


def test_only_verified_links_prove_an_address(desk: Desk) -> None:
    customers = [desk.customer(name) for name in NAMES]
    for one in customers:
        one.says("Hello")
    anna, boris, cecil, dora, _emma = customers
    assert proved(desk, anna) == {"anna"}
    link = same_person(desk, anna, boris)
    desk.links_up(boris, cecil)  # an agent says so, which proves nothing to the customer
    same_person(desk, cecil, dora)
    assert proved(desk, anna) == proved(desk, boris) == {"anna", "boris"}
    assert proved(desk, cecil) == proved(desk, dora) == {"cecil", "dora"}
    desk.unlinks(link)
    assert proved(desk, anna) == {"anna"}


def test_an_asserted_address_is_proved_by_no_link(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    anna.says("Hello")
    boris.says("Hi", authenticated=False)
    same_person(desk, anna, boris)
    assert proved(desk, anna) == {"anna"}
