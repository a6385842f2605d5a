"""Suggestions that two contacts are one person: an agent decides each once."""

from __future__ import annotations

import pytest

from hub.contacts import match_detection
from hub.contacts.match_detection import address_in, addresses_in_signature
from hub.errors import Conflict, NotFound
from hub.identity import suggestions
from hub.store.models import suggestions as rows
from tests.core.desk import Customer, Desk, at_once


def suggest(desk: Desk, one: Customer, other: Customer) -> bool:
    return desk.store.write(
        lambda tx: match_detection.suggest_match(
            tx,
            one.id,
            other.id,
            evidence="asserted",
            method="form",
            reason="Anna gave an address of Boris.",
        )
    )


def suggested(desk: Desk, one: Customer) -> list[str]:
    with desk.store.read() as connection:
        return [
            found.contact.id for found in suggestions.suggestions_of_contact(connection, one.id)
        ]


def decide(desk: Desk, one: Customer, decision: suggestions.Decision) -> int:
    with desk.store.read() as connection:
        found = int(suggestions.suggestions_of_contact(connection, one.id)[0].id)
    desk.store.write(lambda tx: suggestions.decide_suggestion(tx, found, decision, desk.agent))
    return found


@pytest.fixture
def pair(desk: Desk, anna: Customer, boris: Customer) -> tuple[Customer, Customer]:
    anna.says("Hello")
    boris.says("Hi")
    assert suggest(desk, anna, boris)
    return anna, boris


def test_a_suggestion_is_listed_once_for_each_contact(
    desk: Desk, pair: tuple[Customer, Customer]
) -> None:
    anna, boris = pair
    assert not suggest(desk, boris, anna)
    assert suggested(desk, anna) == [boris.contact.id]
    assert suggested(desk, boris) == [anna.contact.id]
    assert desk.count(rows) == 1


def test_an_accepted_suggestion_links_with_its_own_evidence(
    desk: Desk, pair: tuple[Customer, Customer]
) -> None:
    anna, boris = pair
    decide(desk, anna, "accept")
    assert anna.contact.id == boris.contact.id
    assert suggested(desk, anna) == []
    (told,) = [
        one
        for one in desk.events_in(desk.only_conversation().id)
        if one["name"] == "contact.linked"
    ]
    assert (told["evidence"], told["method"], told["by"]) == ("asserted", "form", "Kadri")


def test_a_dismissed_suggestion_does_not_come_back(
    desk: Desk, pair: tuple[Customer, Customer]
) -> None:
    anna, boris = pair
    decide(desk, boris, "dismiss")
    assert not suggest(desk, anna, boris)
    assert suggested(desk, anna) == suggested(desk, boris) == []
    for one in pair:
        events = desk.events_in(one.says("And?").conversation_id)
        assert [told["by"] for told in events if told["name"] == "suggestion.dismissed"] == [
            "Kadri"
        ]


def test_a_dismissed_suggestion_does_not_come_back_by_another_contact_of_either_person(
    desk: Desk, pair: tuple[Customer, Customer]
) -> None:
    anna, _boris = pair
    decide(desk, anna, "dismiss")
    others = [desk.customer("anna's phone"), desk.customer("boris' phone")]
    for one, other in zip(pair, others, strict=True):
        other.says("Hello")
        desk.links_up(one, other)
    assert not suggest(desk, *others)
    assert suggested(desk, anna) == []


def test_contacts_that_were_unlinked_are_not_suggested(
    desk: Desk, anna: Customer, boris: Customer
) -> None:
    anna.says("Hello")
    boris.says("Hi")
    desk.unlinks(desk.links_up(anna, boris))
    assert not suggest(desk, anna, boris)


def test_a_suggestion_between_contacts_that_are_linked_by_now_is_not_listed(
    desk: Desk, pair: tuple[Customer, Customer]
) -> None:
    anna, boris = pair
    link = desk.links_up(anna, boris)
    assert suggested(desk, anna) == []
    desk.unlinks(link)
    assert suggested(desk, anna) == [boris.contact.id]


def test_a_suggestion_is_decided_once(desk: Desk, pair: tuple[Customer, Customer]) -> None:
    found = decide(desk, pair[0], "dismiss")
    with pytest.raises(Conflict):
        desk.store.write(lambda tx: suggestions.decide_suggestion(tx, found, "accept", desk.agent))
    with pytest.raises(NotFound):
        desk.store.write(lambda tx: suggestions.decide_suggestion(tx, 4711, "accept", desk.agent))


def test_a_suggestion_is_decided_once_by_four_agents_at_once(
    desk: Desk, pair: tuple[Customer, Customer]
) -> None:
    with desk.store.read() as connection:
        found = int(suggestions.suggestions_of_contact(connection, pair[0].id)[0].id)

    def decides() -> bool:
        try:
            desk.store.write(
                lambda tx: suggestions.decide_suggestion(tx, found, "accept", desk.agent)
            )
        except Conflict:
            return False
        return True

    assert sorted(at_once(*[decides] * 4)) == [False, False, False, True]


@pytest.mark.parametrize(
    ("scheme", "text", "found"),
    [
        ("mailto", " Owner@Example.org ", "owner@example.org"),
        ("mailto", "owner at example.org", None),
        ("mailto", "Owner <owner@example.org>", None),
        ("tel", "+372 5551 2345", "+37255512345"),
        ("tel", "00372 5551 2345", "+37255512345"),
        ("tel", "5551 2345", None),  # of which country?
        ("tel", "+372", None),
        ("tel", "12345", None),
    ],
)
def test_a_typed_text_is_an_address_or_nothing(scheme: str, text: str, found: str | None) -> None:
    assert address_in(scheme, text) == found


def test_a_signature_is_the_text_below_two_dashes() -> None:
    text = (
        "Write to other@example.org\n-- \nAnna\nanna@example.org, +372 5551 2345\n> me@example.net"
    )
    assert addresses_in_signature(text) == [
        ("mailto", "anna@example.org"),
        ("tel", "+37255512345"),
    ]
    assert addresses_in_signature("Call +372 5551 2345") == []
