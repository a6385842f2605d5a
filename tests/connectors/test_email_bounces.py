"""Reports about our mail: every shape is read, and nothing else is taken for one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from hub.types import Address, DeliveryStatus, DeliveryUpdate, InboundEvent, InboundMessage
from tests.connectors.bounces import (
    FIELDS_FOR_MACHINES,
    MAILS,
    OUR_ID,
    PLAIN,
    RETURNED,
    SHAPES,
    TEXTS,
    TO,
    Shape,
    parts,
    status,
    text,
)
from tests.connectors.bounces_by_system import BY_SYSTEM, NO_REPORTS
from tests.connectors.mails import make, posted

NOTES = {
    "failed": "came back",
    "delayed": "is delayed",
    "delivered": "was delivered",
    "relayed": "was passed on",
    "note": "A mail server wrote",
}
STATUSES = {"failed": DeliveryStatus.FAILED, "delivered": DeliveryStatus.DELIVERED}


def read(raw: bytes) -> InboundEvent:
    (event,) = make().parse(posted(raw))
    return event


def report(raw: bytes) -> DeliveryUpdate:
    event = read(raw)
    assert isinstance(event, DeliveryUpdate), "it was not read as a report"
    return event


def named(shapes: Sequence[Shape]) -> list[object]:
    return [pytest.param(shape, id=shape.name) for shape in shapes]


@pytest.mark.parametrize("shape", named([*TEXTS, *FIELDS_FOR_MACHINES]))
def test_a_report_says_what_happened_to_our_mail(shape: Shape) -> None:
    event = report(shape.raw)
    assert event.external_ids == (OUR_ID,)
    assert NOTES[shape.action] in event.note
    assert event.status is STATUSES.get(shape.action, DeliveryStatus.SENT)
    assert bool(event.reason) == (shape.action == "failed")
    if shape.code:
        assert event.external_code == shape.code
    assert event.stopped == (
        shape.action == "failed" and event.external_code in {"5.1.1", "5.1.10"}
    )


@pytest.mark.parametrize("shape", named(BY_SYSTEM))
def test_a_report_of_this_mail_system_says_what_happened_to_our_mail(shape: Shape) -> None:
    event = report(shape.raw)
    assert event.external_ids == (OUR_ID,)
    if shape.action == "complaint":
        assert (event.code, event.stopped, event.address) == ("", True, Address("mailto", TO))
        return
    assert NOTES[shape.action] in event.note
    assert event.status is STATUSES.get(shape.action, DeliveryStatus.SENT)
    if shape.code:
        assert event.external_code == shape.code


@pytest.mark.parametrize("shape", named([*MAILS, *NO_REPORTS]))
def test_a_mail_that_only_names_or_quotes_ours_is_no_report(shape: Shape) -> None:
    assert isinstance(read(shape.raw), InboundMessage)


def test_no_two_shapes_have_one_name() -> None:
    shapes = [*SHAPES, *BY_SYSTEM, *NO_REPORTS]
    assert len({shape.name for shape in shapes}) == len(shapes) > 160


def test_the_recipient_is_found_in_words() -> None:
    event = report(text(f"<{TO}>: no such user, not delivered\n\nMessage-ID: <{OUR_ID}>"))
    assert event.address == Address("mailto", TO)
    assert TO in event.note


def test_the_servers_words_are_the_reason() -> None:
    words = f"<{TO}>: host said: 554 5.7.1 Refused by rule 77\n\nMessage-ID: <{OUR_ID}>"
    assert "554 5.7.1 Refused by rule 77" in report(text(words)).reason


def test_a_report_without_a_verdict_shows_its_words() -> None:
    event = report(text(f"We moved the queue.\n\nMessage-ID: <{OUR_ID}>\n", "Mail report"))
    assert event.status is DeliveryStatus.SENT
    assert "We moved the queue." in event.note


@pytest.mark.parametrize(
    ("kind", "stops"),
    [("abuse", True), ("fraud", True), ("opt-out", True), ("not-spam", False),
     ("auth-failure", False)],
)  # fmt: skip
@pytest.mark.parametrize(
    "outer", ["multipart/report; report-type=feedback-report", "multipart/mixed"]
)
def test_feedback_stops_the_address_where_it_is_a_complaint(
    kind: str, stops: bool, outer: str
) -> None:
    fields = f"Feedback-Type: {kind}\nUser-Agent: Loop/1\nVersion: 1\nOriginal-Rcpt-To: {TO}\n"
    mail = parts(
        PLAIN,
        ("message/feedback-report", fields),
        RETURNED,
        outer=outer,
        sender="fbl@isp.example",
        subject="FW: Re: parcel",
        fields=["Precedence: bulk"],
    )
    event = report(mail)
    assert event.external_ids == (OUR_ID,)
    assert event.stopped == stops
    assert event.status is not DeliveryStatus.FAILED


def test_a_complaint_without_fields_for_machines_is_one() -> None:
    mail = parts(
        PLAIN,
        RETURNED,
        outer="multipart/mixed",
        sender="staff@hotmail.example",
        subject="complaint about message from 192.0.2.44",
    )
    assert report(mail).external_code == "complaint"


def test_a_failure_counts_also_beside_a_delay() -> None:
    content = (
        "Final-Recipient: rfc822; a@brand.example\nAction: delayed\nStatus: 4.4.1\n\n"
        "Final-Recipient: rfc822; b@brand.example\nAction: failed\nStatus: 5.2.2\n"
    )
    event = report(parts(PLAIN, ("message/delivery-status", content), RETURNED))
    assert event.external_code == "5.2.2"
    assert event.address == Address("mailto", "b@brand.example")


def test_the_earlier_mails_of_the_thread_did_not_come_back() -> None:
    words = f"Not delivered: no such user\n\nTo: {TO}\nReferences: <{OUR_ID}>\n"
    event = read(text(words))
    assert isinstance(event, InboundMessage)
    assert event.automatic


def test_an_address_of_ours_is_no_id() -> None:
    fields = ["Message-ID: support@shop.example", "Message-ID: <support+tok@shop.example>"]
    event = read(text("no such user\n\n" + "\n".join(fields)))
    assert isinstance(event, InboundMessage)


def test_a_report_of_success_is_no_failure_by_its_words() -> None:
    words = (
        "Your message was successfully delivered to the destination listed below. You may still\n"
        f"receive notifications of mail delivery errors.\n\n<{TO}>\n\nMessage-ID: <{OUR_ID}>\n"
    )
    event = report(text(words, "Successful Mail Delivery Report"))
    assert event.status is DeliveryStatus.DELIVERED


def test_the_fields_go_before_the_words() -> None:
    words = ("text/plain", "It could not be delivered. Permanent error.")
    mail = parts(words, status("Action: delayed", "Status: 4.2.2"), RETURNED)
    assert report(mail).status is DeliveryStatus.SENT
