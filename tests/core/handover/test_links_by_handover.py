"""Customers who bring an invitation to a new address are one person with whom it was made for."""

from __future__ import annotations

from sqlalchemy import select, update

from hub.store.models import handovers as table
from tests.core.desk import Customer, Desk, at_once


def test_a_handover_token_links_two_addresses(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    token = desk.invites(said.conversation_id, "other").token
    there = desk.customer("tg-anna", "other")
    there.starts(handover_token=token)
    assert there.contact == anna.contact
    answer = there.says("Here I am")
    assert answer.conversation_id == said.conversation_id
    assert "contact.linked" in desk.names()


def test_a_handover_code_in_any_case_links_two_addresses(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    code = desk.invites(said.conversation_id, "other").code
    there = desk.customer("tg-anna", "other")
    answer = there.says(f"my code is {code.lower()}, thanks")
    assert there.contact == anna.contact
    assert answer.conversation_id == said.conversation_id


def test_a_word_that_looks_like_a_code_does_not_hide_the_code(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    code = desk.invites(said.conversation_id, "other").code
    there = desk.customer("tg-anna", "other")
    there.says(f"about the jacket ABCD2345, code {code}")
    assert there.contact == anna.contact


def test_a_handover_is_redeemed_once(desk: Desk, anna: Customer, boris: Customer) -> None:
    said = anna.says("Hello")
    made = desk.invites(said.conversation_id, "toy")
    first, second = desk.customer("first"), desk.customer("second")
    first.says(made.code)
    second.says(made.code)
    second.starts(handover_token=made.token)
    assert first.contact == anna.contact
    assert second.contact != anna.contact


def test_one_token_from_several_addresses_at_once_links_one(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    token = desk.invites(said.conversation_id, "toy").token
    others = [desk.customer(f"somebody {n}") for n in range(4)]
    at_once(*[lambda one=one: one.starts(handover_token=token) for one in others])  # type: ignore[misc]
    assert [one.contact == anna.contact for one in others].count(True) == 1


def test_a_handover_for_another_connector_is_refused(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    token = desk.invites(said.conversation_id, "other").token
    here = desk.customer("here", "toy")
    here.starts(handover_token=token)
    assert here.contact != anna.contact


def test_an_expired_handover_is_refused(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    token = desk.invites(said.conversation_id, "toy").token
    desk.store.write(lambda tx: tx.execute(update(table).values(expires_at=tx.now)).rowcount)
    late = desk.customer("late")
    late.starts(handover_token=token)
    assert late.contact != anna.contact


def test_a_code_from_an_unauthenticated_address_links_nothing(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    """A forged sender with the forger's own code must not become one person with them."""
    said = anna.says("Hello")
    code = desk.invites(said.conversation_id, "toy").code
    boris.says("Hello")
    boris.brings(boris.message(f"code {code}", authenticated=False))
    assert boris.contact != anna.contact


def test_an_undone_link_keeps_the_link_of_a_later_handover(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    """A link that was undone later takes only its own two apart."""
    anna.says("Hello")
    said = boris.says("Hi")
    link = desk.links_up(anna, boris)
    there = desk.customer("boris elsewhere", "other")
    there.starts(handover_token=desk.invites(said.conversation_id, "other").token)
    assert there.contact.id == anna.contact.id
    desk.unlinks(link)
    assert there.contact.id == boris.contact.id != anna.contact.id


def test_only_digests_of_tokens_and_codes_are_kept(desk: Desk, anna: Customer) -> None:
    made = desk.invites(anna.says("Hello").conversation_id, "toy")
    with desk.store.read() as connection:
        row = connection.execute(select(table)).one()
    assert made.token not in map(str, row) and made.code not in map(str, row)


def test_an_auto_reply_that_quotes_a_code_redeems_nothing(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    said = anna.says("Can I write you a mail?")
    code = desk.invites(said.conversation_id, "toy").code
    boris.says("Hello")
    boris.brings(boris.message(f"Away. You wrote: {code}", automatic=True))
    assert boris.contact != anna.contact
