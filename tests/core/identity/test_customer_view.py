"""A customer sees the messages at the addresses that are proved to be theirs, page by page."""

from __future__ import annotations

import pytest

from hub.identity import customer_view, links
from hub.schema import resources
from tests.core.desk import Customer, Desk


def proves(desk: Desk, one: Customer, other: Customer) -> resources.Link:
    return desk.store.write(
        lambda tx: links.link_contacts(
            tx,
            one.id,
            other.id,
            evidence="verified",
            method="identity",
            reason="The site signed it.",
            by="site",
        )
    )


def proved(desk: Desk, customer: Customer) -> customer_view.ProvedAddresses:
    with desk.store.read() as connection:
        found = customer_view.find_proved_addresses(connection, customer.address)
    assert found is not None
    return found


def seen(desk: Desk, customer: Customer, limit: int = 50) -> list[str]:
    ids = proved(desk, customer).address_ids
    with desk.store.read() as connection:
        return [one.text for one in customer_view.messages_before(connection, ids, limit)]


def test_a_page_sees_the_messages_at_its_proved_addresses_and_no_others(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    anna.says("mine")
    boris.says("not mine")
    desk.links_up(anna, boris)
    conversation = anna.says("mine too").conversation_id
    desk.replies(conversation, "internal", type="note")
    assert seen(desk, anna) == ["mine", "mine too"]
    proves(desk, anna, boris)
    assert seen(desk, anna) == seen(desk, boris) == ["mine", "not mine", "mine too"]


def test_a_verified_link_holds_when_an_agents_link_is_undone(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    anna.says("by Anna")
    boris.says("by Boris")
    by_agent = desk.links_up(anna, boris)
    proof = proves(desk, anna, boris)
    desk.unlinks(by_agent)
    assert seen(desk, anna) == ["by Anna", "by Boris"]
    desk.unlinks(proof)
    assert seen(desk, anna) == ["by Anna"]


def test_a_visitor_does_not_get_the_name_of_a_contact_that_an_agent_linked(
    desk: Desk, anna: Customer
) -> None:
    stranger = desk.customer("stranger")
    anna.says("Hello")
    stranger.says("Hi")
    desk.links_up(anna, stranger)
    with desk.store.read() as connection:
        contact = customer_view.customer_contact(connection, proved(desk, stranger))
        assert (contact.name, contact.attributes) == ("", {})
    proves(desk, anna, stranger)
    with desk.store.read() as connection:
        assert (
            customer_view.customer_contact(connection, proved(desk, stranger)).name == "Anna Kask"
        )


def test_a_visitor_without_a_name_does_not_see_the_name_for_agents(
    desk: Desk, anna: Customer
) -> None:
    visitor = desk.customer("visitor")
    visitor.says("Hi")
    anna.says("Hello")
    desk.links_up(visitor, anna)
    with desk.store.read() as connection:
        assert customer_view.customer_contact(connection, proved(desk, visitor)).name == ""


def test_an_address_that_never_wrote_has_no_proved_addresses(desk: Desk) -> None:
    with desk.store.read() as connection:
        assert (
            customer_view.find_proved_addresses(connection, desk.customer("nobody").address) is None
        )


def test_there_are_no_messages_before_one_of_another_person(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    anna.says("mine")
    other = boris.says("not mine")
    ids = proved(desk, anna).address_ids
    with desk.store.read() as connection:
        assert customer_view.messages_before(connection, ids, 10, int(other.id)) == []


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_pages_over_two_addresses_have_no_gap_and_no_double(
    desk: Desk, anna: Customer, boris: Customer, size: int
) -> None:
    said = [one.says(f"{one.path} {n}") for n, one in enumerate([anna, anna, boris] * 4)]
    proves(desk, anna, boris)
    wanted = [one.id for one in said]
    ids = proved(desk, boris).address_ids
    back: list[str] = []
    forth = ["0"]
    with desk.store.read() as connection:
        while page := customer_view.messages_before(
            connection, ids, size, int(back[0]) if back else None
        ):
            back = [one.id for one in page] + back
        more = True
        while more:
            found, more = customer_view.messages_after(connection, ids, int(forth[-1]), size)
            forth += [one.id for one in found]
    assert back == wanted
    assert forth[1:] == wanted
