"""Mails of several people, from the posted mail to the mail that leaves."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

import pytest

from hub.connectors.base import Site
from hub.connectors.email import Email
from hub.connectors.email.payloads import SmtpCall, SmtpReply
from hub.contacts import contact_addresses
from hub.errors import Invalid
from hub.identity import customer_view
from hub.schema import resources
from hub.store.models import contacts, journal, participants
from hub.transport.gateway import Gateway
from hub.transport.running import RunningConnectors
from hub.types import Address
from tests.connectors.mails import ADDRESS, OPTIONS, posted
from tests.core.desk import SECRET, Desk

SALES = "sales@shop.example"


@dataclass
class PostOffice:
    """A hub with two mailboxes, and the mails that left."""

    desk: Desk
    sent: list[SmtpCall] = field(default_factory=list)

    def __post_init__(self) -> None:
        options = {**OPTIONS, "kind": "email", "imap": None}
        configs = {
            "mail": Email.Config(**options),
            "sales": Email.Config(**{**options, "address": SALES}),
        }
        self.desk.connectors = RunningConnectors(configs, Site("https://hub.example"), SECRET)
        self.gateway = Gateway(self.desk.store, self.desk.connectors)
        self.worker = self.desk.delivers()

    def transmit(self, call: SmtpCall) -> SmtpReply:
        self.sent.append(call)
        return SmtpReply("done", 250)

    def gets(self, sender: str, *headers: str, text: str = "Hello", id_: str = "") -> None:
        mail_id = id_ or f"{len(text)}.{abs(hash((sender, headers, text)))}@mail.example"
        to = () if any(line.startswith("To:") for line in headers) else (f"To: {ADDRESS}",)
        lines = [f"From: {sender}", *to, f"Message-ID: <{mail_id}>", *headers, "", text]
        self.gateway.answer_webhook("mail", posted("\r\n".join(lines).encode()))

    def answers(self, conversation_id: str, **fields: Any) -> tuple[resources.Message, SmtpCall]:
        message = self.desk.replies(conversation_id, "The answer", **fields)
        self.desk.waits_until(message, "sent", "failed")
        return self.desk.message(message.id), self.sent[-1]

    def only_messages(self) -> list[resources.Message]:
        return self.desk.thread(self.desk.only_conversation().id)


@pytest.fixture
def office(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[PostOffice]:
    made = PostOffice(desk)
    monkeypatch.setattr(Email, "transmit", lambda _, call: made.transmit(call))
    yield made


def headers_of(call: SmtpCall) -> EmailMessage:
    message = email.message_from_bytes(call.mime, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


# -- one mail by two ways ----


def test_a_mail_that_a_list_brings_again_with_a_footer_is_shown_once(office: PostOffice) -> None:
    date = f"Date: {format_datetime(datetime.now(UTC))}"
    footer = "\r\n\r\n___\r\nYou get this as a member of the farm list."
    for text in ("The gate is open.", f"The gate is open.{footer}"):
        office.gets("ilme@farm.example", date, text=text, id_="gate@farm.example")
    assert [message.text for message in office.only_messages()] == ["The gate is open."]
    assert office.desk.count(journal, journal.c.status == "ignored") == 1


def test_mails_of_one_id_with_other_words_or_another_time_are_all_shown(
    office: PostOffice,
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    for text, at in (("One.", now), ("Two.", now), ("One. More.", now - timedelta(minutes=1))):
        date = f"Date: {format_datetime(at)}"
        office.gets("ilme@farm.example", date, text=text, id_="gate@farm.example")
    assert len(office.only_messages()) == 3


# -- who gets the answer ----


def test_the_others_of_to_and_cc_get_a_copy_of_the_answer_and_we_do_not(
    office: PostOffice,
) -> None:
    office.gets(
        "Ilme <ilme@farm.example>",
        f"To: {ADDRESS}, Ott <ott@farm.example>",
        f"Cc: uku@farm.example, {SALES}, support+abc@shop.example, ilme@farm.example",
        id_="first@farm.example",
    )
    (message,) = office.only_messages()
    assert message.to == [f"mailto:{ADDRESS}", "mailto:ott@farm.example"]
    assert "mailto:uku@farm.example" in message.cc
    answer, call = office.answers(message.conversation_id)
    assert call.recipients == ("ilme@farm.example", "ott@farm.example", "uku@farm.example")
    assert headers_of(call)["To"] == "ilme@farm.example"
    assert headers_of(call)["Cc"] == "ott@farm.example, uku@farm.example"
    assert headers_of(call)["In-Reply-To"] == "<first@farm.example>"
    assert answer.to == ["mailto:ilme@farm.example"]
    assert answer.cc == ["mailto:ott@farm.example", "mailto:uku@farm.example"]


@pytest.mark.parametrize(
    ("cc", "expected"),
    [
        ((), ()),
        (("new@farm.example",), ("new@farm.example",)),
        (("mailto:New@Farm.example", "new@farm.example"), ("new@farm.example",)),
        ((ADDRESS, "support+x@shop.example", SALES, "ilme@farm.example"), ()),
    ],
)
def test_the_copies_that_an_agent_names_replace_the_others(
    office: PostOffice, cc: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    office.gets("ilme@farm.example", "Cc: uku@farm.example")
    _, call = office.answers(office.desk.only_conversation().id, cc=cc)
    assert call.recipients == ("ilme@farm.example", *expected)


@pytest.mark.parametrize("cc", ["nobody", "a@b@c", "a b@c.example", "x@y.example\r\nBcc: z@z"])
def test_a_copy_to_what_is_no_address_is_refused_with_the_field(
    office: PostOffice, cc: str
) -> None:
    office.gets("ilme@farm.example")
    with pytest.raises(Invalid) as refused:
        office.desk.replies(office.desk.only_conversation().id, "Hi", cc=(cc,))
    assert refused.value.field == "cc"


def test_the_answer_goes_to_reply_to_and_not_to_the_sender(office: PostOffice) -> None:
    office.gets("Ilme <ilme@home.example>", "Reply-To: Ilme <ilme@work.example>")
    (message,) = office.only_messages()
    assert message.address == "mailto:ilme@home.example"
    assert message.extra["reply_to"] == "ilme@work.example"
    answer, call = office.answers(message.conversation_id)
    assert call.recipients == ("ilme@work.example",)
    assert (answer.address, answer.to) == (message.address, ["mailto:ilme@work.example"])


def test_every_person_in_reply_to_gets_the_answer(office: PostOffice) -> None:
    office.gets("ilme@home.example", "Reply-To: ilme@home.example, team@home.example")
    _, call = office.answers(office.desk.only_conversation().id)
    assert call.recipients == ("ilme@home.example", "team@home.example")


def test_an_alias_of_ours_that_the_mail_came_by_gets_no_copy(office: PostOffice) -> None:
    office.gets(
        "ilme@farm.example",
        "Delivered-To: info@shop.example",
        "X-Original-To: Hello@Shop.Example",
        "To: info@shop.example, uku@farm.example",
        "Cc: hello@shop.example",
    )
    (message,) = office.only_messages()
    assert "mailto:info@shop.example" in message.to
    _, call = office.answers(message.conversation_id)
    assert call.recipients == ("ilme@farm.example", "uku@farm.example")


def test_a_mail_without_a_sender_says_that_nobody_can_be_answered(office: PostOffice) -> None:
    mail = f"To: {ADDRESS}\r\nSubject: Gate\r\n\r\nOpen"
    office.gateway.answer_webhook("mail", posted(mail.encode()))
    message = office.desk.replies(office.desk.only_conversation().id, "Who are you?")
    delivery = office.desk.waits_until(message, "failed")
    assert "named no sender" in delivery.reason
    assert office.sent == []


def test_an_answer_to_a_named_mail_goes_to_the_people_of_that_mail(office: PostOffice) -> None:
    office.gets("ilme@farm.example", "Cc: uku@farm.example", text="first")
    office.gets("ilme@farm.example", "Cc: ott@farm.example", text="second")
    first, second = office.only_messages()
    _, call = office.answers(first.conversation_id, reply_to=int(first.id))
    assert call.recipients == ("ilme@farm.example", "uku@farm.example")
    assert headers_of(call)["In-Reply-To"] == f"<{first.external_id}>"
    _, call = office.answers(first.conversation_id)
    assert call.recipients == ("ilme@farm.example", "ott@farm.example")
    assert headers_of(call)["In-Reply-To"] == f"<{second.external_id}>"


def test_a_second_answer_names_the_customers_mail_and_all_mails_before(office: PostOffice) -> None:
    office.gets("ilme@farm.example", id_="first@farm.example")
    conversation = office.desk.only_conversation()
    _, first = office.answers(conversation.id)
    _, second = office.answers(conversation.id)
    assert headers_of(second)["In-Reply-To"] == "<first@farm.example>"
    references = headers_of(second)["References"].split()
    assert set(references) == {"<first@farm.example>", f"<{first.message_id}>"}


def test_a_bounce_of_a_copy_is_an_event_and_leaves_the_message_and_the_customer_alone(
    office: PostOffice,
) -> None:
    office.gets("ilme@farm.example", "Cc: uku@farm.example")
    conversation = office.desk.only_conversation()
    message, call = office.answers(conversation.id)
    office.gets(
        "MAILER-DAEMON@mx.farm.example",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
        text=bounce_of(call, "uku@farm.example"),
    )
    assert office.desk.delivery(message).status == "sent"
    event = office.desk.events_in(conversation.id)[-1]
    assert (event["name"], event["message_id"]) == ("delivery.report", message.id)
    assert "uku@farm.example" in event["text"]
    assert office.answers(conversation.id)[1].recipients[0] == "ilme@farm.example"
    office.gets(
        "MAILER-DAEMON@mx.farm.example",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
        text=bounce_of(call, "ilme@farm.example"),
    )
    assert office.desk.delivery(message).status == "failed"


def bounce_of(call: SmtpCall, recipient: str) -> str:
    return "\r\n".join(
        [
            "--b",
            "Content-Type: message/delivery-status",
            "",
            "Reporting-MTA: dns; mx.farm.example",
            "",
            f"Final-Recipient: rfc822; {recipient}",
            "Action: failed",
            "Status: 5.1.1",
            "--b",
            "Content-Type: message/rfc822",
            "",
            f"Message-ID: <{call.message_id}>",
            "",
            "The answer",
            "--b--",
        ]
    )


# -- somebody in copy answers ----


def test_a_colleague_in_copy_who_answers_the_customers_mail_joins_as_another_person(
    office: PostOffice,
) -> None:
    office.gets("ilme@farm.example", "Cc: uku@farm.example", id_="first@farm.example")
    conversation = office.desk.only_conversation()
    office.desk.changes(conversation.id, status="resolved")
    office.gets(
        "Uku <uku@farm.example>", "In-Reply-To: <first@farm.example>", text="I agree, go on."
    )
    joined = office.desk.only_conversation()
    assert (joined.id, joined.status, joined.unread_count) == (conversation.id, "open", 1)
    assert joined.contact.id == conversation.contact.id
    first, second = office.only_messages()
    assert second.contact_id != first.contact_id
    assert second.author.name == "Uku"
    shown = office.desk.events[-1].payload.conversation  # type: ignore[union-attr]
    assert shown.contact.id == conversation.contact.id
    _, call = office.answers(conversation.id)
    assert call.recipients == ("uku@farm.example",)
    office.gets("ilme@farm.example", "In-Reply-To: <first@farm.example>", text="And?")
    _, call = office.answers(conversation.id)
    assert call.recipients == ("ilme@farm.example",)


def test_a_colleague_whom_the_agent_put_in_copy_joins_by_the_token_or_our_id(
    office: PostOffice,
) -> None:
    office.gets("ilme@farm.example", text="first")
    conversation = office.desk.only_conversation()
    _, call = office.answers(conversation.id, cc=("uku@farm.example", "ott@farm.example"))
    reply_to = headers_of(call)["Reply-To"]
    office.gets("uku@farm.example", f"To: {reply_to}", text="By the token")
    office.gets("ott@farm.example", f"References: <{call.message_id}>", text="By the id alone")
    texts = {message.text for message in office.only_messages()}
    assert {"By the token", "By the id alone"} <= texts


def test_a_stranger_who_knows_the_ids_and_the_token_gets_a_conversation_of_their_own(
    office: PostOffice,
) -> None:
    office.gets("ilme@farm.example", "Cc: uku@farm.example", id_="first@farm.example")
    conversation = office.desk.only_conversation()
    _, call = office.answers(conversation.id)
    office.gets(
        "eve@evil.example",
        f"To: {headers_of(call)['Reply-To']}",
        "In-Reply-To: <first@farm.example>",
        text="Let me in",
    )
    assert len(office.desk.conversations()) == 2
    assert len(office.desk.thread(conversation.id)) == 2


def test_a_token_that_others_got_too_proves_no_address(office: PostOffice) -> None:
    office.gets("ilme@farm.example", "Cc: uku@farm.example")
    conversation = office.desk.only_conversation()
    _, call = office.answers(conversation.id)
    office.gets("ilme@farm.example", f"To: {headers_of(call)['Reply-To']}", text="It is me")
    assert evidence_of(office.desk, "ilme@farm.example") == "asserted"
    assert office.desk.only_conversation().id == conversation.id
    _, call = office.answers(conversation.id, cc=())
    office.gets("ilme@farm.example", f"To: {headers_of(call)['Reply-To']}", text="It is I")
    assert evidence_of(office.desk, "ilme@farm.example") == "verified"


def test_a_token_that_went_to_another_reply_to_proves_no_address(office: PostOffice) -> None:
    office.gets("ilme@farm.example", "Reply-To: eve@evil.example")
    _, call = office.answers(office.desk.only_conversation().id)
    assert call.recipients == ("eve@evil.example",)
    office.gets("ilme@farm.example", f"To: {headers_of(call)['Reply-To']}", text="It is me")
    assert evidence_of(office.desk, "ilme@farm.example") == "asserted"


def test_each_of_two_people_sees_at_their_own_address_what_went_there(office: PostOffice) -> None:
    office.gets("ilme@farm.example", "Cc: uku@farm.example", id_="first@farm.example")
    office.gets("uku@farm.example", "In-Reply-To: <first@farm.example>", text="Mine")
    with office.desk.store.read() as connection:
        proved = customer_view.find_proved_addresses(
            connection, Address("mailto", "ilme@farm.example")
        )
        assert proved is not None
        (first, second) = office.only_messages()
        assert list(proved.addresses.values()) == [Address("mailto", "ilme@farm.example")]
    assert (first.address, second.address) == (
        "mailto:ilme@farm.example",
        "mailto:uku@farm.example",
    )
    assert office.desk.count(contacts) == 2


def test_a_mail_to_us_alone_notes_no_participants(office: PostOffice) -> None:
    office.gets("ilme@farm.example")
    office.answers(office.desk.only_conversation().id)
    assert office.desk.count(participants) == 0


def evidence_of(desk: Desk, path: str) -> str:
    with desk.store.read() as connection:
        address = contact_addresses.find_contact_address(connection, Address("mailto", path))
    assert address is not None
    return address.evidence
