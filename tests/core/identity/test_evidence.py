"""Evidence that two contacts are one person: it links them, or suggests it, or neither."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import select

from hub.contacts import contact_addresses, profiles
from hub.conversations import queries
from hub.errors import Conflict
from hub.identity import links, suggestions
from hub.inbound.receive import receive_event
from hub.phones import canonical, forms
from hub.schema import resources
from hub.schema.tokens import ReplyToken, make_reply_token
from hub.store.models import addresses
from hub.types import Address, ContactCard, InboundMessage, Profile, WebhookRequest
from tests.core.desk import SECRET, Desk


@dataclass
class Somebody:
    """Somebody with one address, of whatever scheme."""

    desk: Desk
    address: Address
    name: str = ""
    kind: str = "toy"
    count: int = 0

    def says(self, text: str = "Good morning to you all.", **fields: Any) -> Any:
        self.count += 1
        key = f"{self.address}-{self.count}"
        values: dict[str, Any] = {
            "key": key,
            "external_id": key,
            "raw": b"",
            "address": self.address,
            "text": text,
            "full_text": text,
            "profile": Profile(name=self.name),
        }
        event = InboundMessage(**(values | fields))
        channel = replace(self.desk.connectors.inbound_channel(self.desk.toy()), kind=self.kind)
        received = self.desk.store.write(
            lambda tx: receive_event(tx, channel, event, WebhookRequest("POST", "", b""))
        )
        assert received.message_id is not None
        return self.desk.message(received.message_id)

    @property
    def record(self) -> int:
        return self.desk.record_at(self.address)

    @property
    def person(self) -> str:
        return self.desk.contact_at(self.address).id

    @property
    def shown(self) -> resources.Contact:
        return self.desk.contact_at(self.address)

    @property
    def evidence(self) -> str:
        with self.desk.store.read() as connection:
            found = contact_addresses.find_contact_address(connection, self.address)
        assert found is not None
        return found.evidence

    def types(self, **attributes: str) -> None:
        """In a form of ours."""
        self.desk.store.write(
            lambda tx: profiles.edit_contact(tx, self.record, attributes=attributes)
        )

    def suggested(self) -> list[tuple[str, str, str]]:
        with self.desk.store.read() as connection:
            found = suggestions.suggestions_of_contact(connection, self.record)
        return [(one.contact.id, one.evidence, one.method) for one in found]


def mail(desk: Desk, path: str = "owner@example.org", name: str = "") -> Somebody:
    return Somebody(desk, Address("mailto", path), name, "email")


def phone(desk: Desk, path: str = "+37255512345", name: str = "") -> Somebody:
    return Somebody(desk, Address("tel", path), name, "sms")


def page(desk: Desk, path: str = "visitor", name: str = "") -> Somebody:
    return Somebody(desk, Address("webchat", path, "site"), name, "webchat")


def bot(desk: Desk, path: str = "3527065", name: str = "") -> Somebody:
    return Somebody(desk, Address("telegram", path), name, "telegram")


# -- what agents call them -------------------------------------------------------------------------


def test_a_contact_without_a_name_is_called_by_its_number_or_mail_address(desk: Desk) -> None:
    texting, mailing, visiting = phone(desk), mail(desk), page(desk)
    for one in (texting, mailing, visiting):
        said = one.says()
        told = desk.events[-1].payload.conversation.contact  # type: ignore[union-attr]
        assert told == desk.conversation(said.conversation_id).contact == one.shown
    shown = [one.shown.name for one in (texting, mailing, visiting)]
    assert shown == ["+372 5551 2345", "owner@example.org", ""]
    with desk.store.read() as connection:
        listed = queries.list_contacts(connection, "", 10, None).items
        found = queries.list_contacts(connection, "+372 5551 2345", 10, None).items
    assert [one.name for one in listed] == shown[::-1]
    assert [one.name for one in found] == shown[:1]


def test_a_name_that_comes_later_takes_the_numbers_place(desk: Desk) -> None:
    texting = phone(desk)
    texting.says()
    texting.says(profile=Profile(name="Owen"))
    assert texting.shown.name == "Owen"


def test_a_visitor_is_called_by_the_number_that_was_linked_to_them(desk: Desk) -> None:
    visiting, texting = page(desk), phone(desk)
    visiting.says()
    texting.says()
    link = desk.links_up(visiting.record, texting.record)
    assert visiting.shown.name == "+372 5551 2345"
    desk.unlinks(link)
    assert visiting.shown.name == ""


# -- evidence and what it does ---------------------------------------------------------------------

Ways = Callable[[Desk], tuple[Somebody, Somebody]]


def typed_mail(desk: Desk) -> tuple[Somebody, Somebody]:
    one, other = page(desk), mail(desk)
    other.says()
    one.says()
    one.types(email="Owner@example.org")
    return one, other


def typed_before_the_mail(desk: Desk) -> tuple[Somebody, Somebody]:
    one, other = page(desk), mail(desk)
    one.says()
    one.types(email="owner@example.org")
    other.says()
    return one, other


def typed_before_the_first_words(desk: Desk) -> tuple[Somebody, Somebody]:
    one, other = page(desk), mail(desk)
    other.says()
    one.says(profile=Profile(attributes={"email": "owner@example.org"}))
    return one, other


def typed_phone(desk: Desk) -> tuple[Somebody, Somebody]:
    one, other = page(desk), phone(desk)
    other.says()
    one.says()
    one.types(phone="00372 5551 2345")
    return one, other


def signature(desk: Desk) -> tuple[Somebody, Somebody]:
    one, other = mail(desk), phone(desk)
    other.says()
    one.says("Hello", full_text="Hello\n\n-- \nOwner\n+372 5551 2345\nowner@example.org")
    return one, other


def forged_signature(desk: Desk) -> tuple[Somebody, Somebody]:
    one, other = mail(desk), phone(desk)
    other.says()
    text = "Hello\n\n-- \nOwner\n+372 5551 2345"
    one.says("Hello", full_text=text, authenticated=False)
    return one, other


def quoted_signature(desk: Desk) -> tuple[Somebody, Somebody]:
    one, other = mail(desk), phone(desk)
    other.says()
    one.says("Hello", full_text="Hello\n\n> -- \n> Somebody else\n> +372 5551 2345")
    return one, other


def same_number_typed(desk: Desk) -> tuple[Somebody, Somebody]:
    one, other = page(desk), bot(desk)
    for somebody, number in ((one, "+372 5551 2345"), (other, "+37255512345")):
        somebody.says()
        somebody.types(phone=number)
    return one, other


def argentine_nine(desk: Desk) -> tuple[Somebody, Somebody]:
    one, other = phone(desk, "+5491123456789"), phone(desk, "+541123456789")
    one.says("Good morning from Buenos Aires.")
    other.says("Good evening from Buenos Aires.")
    return one, other


def both_write(
    desk: Desk, by_bot: tuple[str, str], by_mail: tuple[str, str]
) -> tuple[Somebody, Somebody]:
    """Args: a name and words, of one and of the other."""
    one, other = bot(desk, name=by_bot[0]), mail(desk, name=by_mail[0])
    one.says(by_bot[1])
    other.says(by_mail[1])
    return one, other


def same_name_and_words(desk: Desk) -> tuple[Somebody, Somebody]:
    one = ("Anna Kask", "Where is my order number 1234?")
    return both_write(desk, one, ("Anna Käsk", "where is my order number 1234"))


def same_name(desk: Desk) -> tuple[Somebody, Somebody]:
    one = ("Anna Kask", "Where is my order number 1234?")
    return both_write(desk, one, ("Anna Kask", "I would like to send back my shoes."))


def same_words(desk: Desk) -> tuple[Somebody, Somebody]:
    one = ("Anna Kask", "Where is my order number 1234?")
    return both_write(desk, one, ("Boris Saar", "Where is my order number 1234?"))


def same_name_and_hello(desk: Desk) -> tuple[Somebody, Somebody]:
    return both_write(desk, ("Anna Kask", "Hello!"), ("Anna Kask", "Hello!"))


def own_number(desk: Desk) -> tuple[Somebody, Somebody]:
    one, other = bot(desk), phone(desk)
    other.says()
    one.says("", card=ContactCard("Anna", "37255512345", own=True))
    return one, other


def own_number_before_the_text(desk: Desk) -> tuple[Somebody, Somebody]:
    one, other = bot(desk), phone(desk)
    one.says("", card=ContactCard("Anna", "+37255512345", own=True))
    other.says()
    return one, other


def somebodys_number(desk: Desk) -> tuple[Somebody, Somebody]:
    one, other = bot(desk), phone(desk)
    other.says()
    one.says("", card=ContactCard("A friend", "+37255512345"))
    return one, other


EVIDENCE: list[tuple[Ways, str]] = [
    (typed_mail, "asserted"),
    (typed_before_the_mail, "asserted"),
    (typed_before_the_first_words, "asserted"),
    (typed_phone, "asserted"),
    (signature, "asserted"),
    (forged_signature, "nothing"),
    (quoted_signature, "nothing"),
    (same_number_typed, "inferred"),
    (argentine_nine, "inferred"),
    (same_name_and_words, "inferred"),
    (same_name, "nothing"),
    (same_words, "nothing"),
    (same_name_and_hello, "nothing"),
    (own_number, "verified"),
    (own_number_before_the_text, "verified"),
    (somebodys_number, "nothing"),
]


@pytest.mark.parametrize(
    ("way", "evidence"), EVIDENCE, ids=lambda one: getattr(one, "__name__", one)
)
def test_only_verified_evidence_links_by_itself_and_other_evidence_waits_for_an_agent(
    desk: Desk, way: Ways, evidence: str
) -> None:
    one, other = way(desk)
    assert (one.person == other.person) is (evidence == "verified")
    expected = [evidence] if evidence in ("asserted", "inferred") else []
    assert [found for _who, found, _how in one.suggested()] == expected
    assert [found for _who, found, _how in other.suggested()] == expected
    with desk.store.read() as connection:
        made = links.links_of_contact(connection, one.record)
    assert [link.evidence for link in made] == (["verified"] if evidence == "verified" else [])


# -- traps that other products fell into -----------------------------------------------------------


def test_a_typed_email_links_no_contacts_and_proves_nothing(desk: Desk) -> None:
    visitor, owner = typed_mail(desk)
    assert visitor.person != owner.person
    with desk.store.read() as connection:
        found = links.proved_address_ids(connection, visitor.record)
        paths = connection.execute(select(addresses.c.path).where(addresses.c.id.in_(found)))
        assert list(paths.scalars()) == ["visitor"]


def test_an_accepted_suggestion_shows_the_customer_nothing_either(desk: Desk) -> None:
    visitor, owner = typed_mail(desk)
    with desk.store.read() as connection:
        (found,) = suggestions.suggestions_of_contact(connection, visitor.record)
    desk.store.write(
        lambda tx: suggestions.decide_suggestion(tx, int(found.id), "accept", desk.agent)
    )
    assert visitor.person == owner.person
    with desk.store.read() as connection:
        assert len(links.proved_address_ids(connection, visitor.record)) == 1


def test_two_people_with_one_email_stay_two(desk: Desk) -> None:
    one, other = page(desk, "one"), page(desk, "other")
    for somebody in (one, other):
        somebody.says()
        somebody.types(email="family@example.org")
    assert one.person != other.person
    assert one.suggested() == []


def test_after_a_merge_an_answer_goes_to_the_address_it_answers(desk: Desk) -> None:
    one, other = bot(desk), phone(desk)
    first, second = one.says("Where is my order?"), other.says("And where is my refund?")
    desk.links_up(one.record, other.record)
    for asked in (first, second):
        answer = desk.replies(asked.conversation_id, "Here.", reply_to=int(asked.id))
        assert answer.address == asked.address


def test_a_merge_can_be_undone(desk: Desk) -> None:
    one, other = bot(desk), phone(desk)
    one.says("Where is my order?")
    other.says("And where is my refund?")
    link = desk.links_up(one.record, other.record)
    desk.unlinks(link)
    assert one.person != other.person
    assert [m.text for m in desk.timeline(other.person)] == ["And where is my refund?"]
    with pytest.raises(Conflict):
        desk.unlinks(link)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("+551187654321", "+5511987654321"),  # Brazil's ninth digit
        ("+5215512345678", "+525512345678"),  # Mexico's 1
    ],
)
def test_a_number_written_in_two_ways_is_one_address(old: str, new: str) -> None:
    assert canonical(old) == canonical(new)


def test_argentinas_nine_is_looked_up_both_ways() -> None:
    assert set(forms("+5491123456789")) == set(forms("+541123456789"))
    assert forms("+37255512345") == ("+37255512345",)


# -- addresses that become proved ------------------------------------------------------------------


def test_an_authenticated_mail_verifies_its_address(desk: Desk) -> None:
    customer = mail(desk)
    customer.says(authenticated=False)
    assert customer.evidence == "asserted"
    customer.says("An out-of-office note.", automatic=True)
    assert customer.evidence == "asserted"
    customer.says()
    assert customer.evidence == "verified"


@pytest.mark.parametrize(
    ("brought_by", "becomes"), [("itself", "verified"), ("another", "asserted")]
)
def test_a_reply_token_verifies_the_address_it_was_sent_to_and_no_other(
    desk: Desk, brought_by: str, becomes: str
) -> None:
    customer, other = mail(desk), mail(desk, "other@example.org")
    said = customer.says(authenticated=False)
    with desk.store.read() as connection:
        person = contact_addresses.find_contact_address(connection, customer.address)
    assert person is not None
    token = make_reply_token(SECRET, ReplyToken(int(said.conversation_id), person.address_id))
    who = customer if brought_by == "itself" else other
    who.says("Thank you for that.", authenticated=False, reply_token=token)
    assert who.evidence == becomes


def test_a_shared_number_that_an_agent_has_unlinked_is_not_linked_again(desk: Desk) -> None:
    one, other = own_number(desk)
    with desk.store.read() as connection:
        (link,) = links.links_of_contact(connection, one.record)
    assert (link.method, link.by) == ("own number", "contact")
    desk.unlinks(link)
    one.says("", card=ContactCard("Anna", "+37255512345", own=True))
    assert one.person != other.person
