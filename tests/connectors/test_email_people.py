"""Who wrote a mail, whether a machine did, and which mails are one."""

from __future__ import annotations

import pytest

from hub.connectors.email.subjects import answer_subject
from hub.errors import EventIgnored
from tests.connectors.mails import ADDRESS, mail, make, parsed, posted

# -- a person, or a machine ----


@pytest.mark.parametrize(
    "header",
    [
        "Precedence: bulk",
        "Precedence: list",
        "X-Precedence: junk",
        "X-Auto-Response-Suppress: All",
        "List-Id: Gardeners <gardeners.club.example>",
        "List-Unsubscribe: <mailto:leave@club.example>",
        "List-Post: <mailto:gardeners@club.example>",
        "Feedback-ID: 55:eu:relay",
    ],
)
def test_a_persons_mail_with_the_fields_of_a_relay_is_shown_and_not_auto_answered(
    header: str,
) -> None:
    event = parsed(mail(header))
    assert not event.automatic
    assert event.no_auto_reply


@pytest.mark.parametrize(
    "sender",
    [
        "bounce@firm.example",
        "bounces-4@firm.example",
        "noreply@carrier.example",
        "Do-Not-Reply@bank.example",
        "no_reply@bank.example",
    ],
)
def test_a_mail_from_a_name_of_robots_is_shown_and_not_auto_answered(sender: str) -> None:
    event = parsed(mail(sender=sender))
    assert not event.automatic
    assert event.no_auto_reply == "from"


def test_a_plain_mail_may_be_answered_automatically() -> None:
    assert parsed(mail()).no_auto_reply == ""


@pytest.mark.parametrize(
    ("sender", "headers"),
    [
        ("sales@shoes.example", ["List-Unsubscribe: <https://s.example/u>", "Precedence: bulk"]),
        ("noreply@shoes.example", ["List-Unsubscribe: <https://s.example/u>"]),
        (
            "offers@shoes.example",
            [
                "List-Unsubscribe: <https://s.example/u>",
                "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
                "Feedback-ID: 1:2",
            ],
        ),
    ],
)
def test_a_mail_with_two_signs_of_a_mailing_is_a_machines(sender: str, headers: list[str]) -> None:
    assert parsed(mail(*headers, sender=sender)).automatic
    answer = "In-Reply-To: <an-earlier-mail@shop.example>"
    assert not parsed(mail(*headers, answer, sender=sender)).automatic


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Invoice 12",
        "RE: Automatic Reply: Invoice 12",
        "Out of Office",
        "Out of office: Re: the lamp",
        "Out of Office Re: the lamp",
        "Autosvar: Ordre",
        "Automatische Antwort: Bestellung",
        "Abwesenheitsnotiz",
        "Réponse automatique : Facture",
        "Respuesta automática: factura",
        "Automatisch antwoord: bestelling",
        "Risposta automatica: ordine",
        "Automaatvastus: Tellimus",
        "Odpowiedź automatyczna: Zamówienie",
        "Автоответ: Заказ",
        "自動返信: 注文",
        "پاسخ خودکار: سفارش",
    ],
)
def test_a_mail_that_calls_itself_an_automatic_answer_in_its_subject_is_one(subject: str) -> None:
    assert parsed(mail(f"Subject: {subject}")).automatic


@pytest.mark.parametrize(
    "subject",
    [
        "Out of office chairs?",
        "Automatic door does not open",
        "Holiday opening hours",
        "Re: Your office",
        "Autoradio",
        "Question about the automatic reply machine",
    ],
)
def test_a_subject_that_only_has_such_words_is_a_persons(subject: str) -> None:
    assert not parsed(mail(f"Subject: {subject}")).automatic


# -- the person ----


@pytest.mark.parametrize(
    "sender",
    [
        "noreply@shop.example",
        "Website <wordpress@shop.example>",
        "www-data@web7.host.example",
        "Contact form <hello@shop.example>",
        "The Shop's Website <leads@hosted.example>",
        f"Support <{ADDRESS}>",
    ],
)
def test_the_person_of_a_form_is_the_one_in_reply_to(sender: str) -> None:
    event = parsed(mail("Reply-To: Jaan Mets <jaan@mets.example>", sender=sender))
    assert str(event.address) == "mailto:jaan@mets.example"
    assert event.profile.name == "Jaan Mets"
    assert event.extra["written_from"]
    assert not event.automatic
    assert event.no_auto_reply, "a form can name a stranger"


def test_a_form_that_calls_itself_automatic_still_brings_a_persons_words() -> None:
    event = parsed(
        mail(
            "Auto-Submitted: auto-generated",
            "Return-Path: <>",
            "Reply-To: jaan@mets.example",
            sender="noreply@shop.example",
        )
    )
    assert str(event.address) == "mailto:jaan@mets.example"
    assert not event.automatic


@pytest.mark.parametrize(
    ("sender", "reply_to"),
    [
        ("Ann Lee <ann@home.example>", "Ann Lee <ann@work.example>"),
        ("Ann Lee <ann@home.example>", "ann.lee@work.example"),
        ("Ann Lee <ann@firm.example>", "Orders <orders@firm.example>"),
    ],
)
def test_a_person_who_wants_the_answer_elsewhere_stays_the_person(
    sender: str, reply_to: str
) -> None:
    event = parsed(mail(f"Reply-To: {reply_to}", sender=sender))
    assert str(event.address) == f"mailto:{sender.partition('<')[2].strip('>')}"
    assert event.extra["reply_to"] in reply_to


@pytest.mark.parametrize(
    "headers",
    [
        ["Reply-To: Ann Lee <ann@home.example>"],
        ["Reply-To: users@lists.example, ann@home.example"],
        ["X-Original-From: Ann Lee <ann@home.example>"],
        ["Reply-To: users@lists.example", "X-Original-Sender: ann@home.example"],
    ],
)
def test_the_person_of_a_list_that_writes_as_itself_is_the_one_it_names(headers: list[str]) -> None:
    event = parsed(
        mail(
            *headers,
            "List-Id: <users.lists.example>",
            "List-Post: <mailto:users@lists.example>",
            sender="'Ann Lee' via Users <users@lists.example>",
        )
    )
    assert str(event.address) == "mailto:ann@home.example"
    assert event.profile.name == "Ann Lee"
    assert not event.automatic


@pytest.mark.parametrize("reply_to", [ADDRESS, "support+token@shop.example", "noreply@x.example"])
def test_a_reply_to_of_ours_or_of_a_robot_names_nobody(reply_to: str) -> None:
    event = parsed(mail(f"Reply-To: {reply_to}", sender="noreply@x.example"))
    assert str(event.address) == "mailto:noreply@x.example"
    assert "reply_to" not in event.extra


def test_a_person_named_by_reply_to_is_never_proved() -> None:
    checked = "Authentication-Results: mx.shop.example; dmarc=pass header.from=forms.example"
    raw = mail(checked, "Reply-To: ann@forms.example", sender="noreply@forms.example")
    assert not parsed(raw, authserv_id="mx.shop.example").authenticated
    assert parsed(mail(checked, sender="ann@forms.example"), authserv_id="mx.shop.example")


def test_our_own_address_without_a_person_is_a_machine() -> None:
    assert parsed(mail(sender=f"Scanner <{ADDRESS}>")).automatic


def test_a_mail_of_the_hub_itself_is_ignored_when_it_comes_back() -> None:
    own_id = f"Message-ID: <7.31.{'0af3' * 8}@shop.example>"
    with pytest.raises(EventIgnored):
        make().parse(posted(f"From: Shop <{ADDRESS}>\r\n{own_id}\r\n\r\nHello".encode()))


# -- which mails are one ----


def keyed(text: str = "Page 1", headers: tuple[str, ...] = (), **fields: str) -> str:
    lines = {"From": "scan@copier.example", "To": ADDRESS, "Message-ID": "<1@copier.example>"}
    lines |= {"Date": "Tue, 03 Mar 2026 08:00:00 +0000", "Subject": "Scan"} | fields
    block = [*headers, *(f"{name}: {value}" for name, value in lines.items())]
    return parsed("\r\n".join([*block, "", text]).encode()).key


def test_the_same_mail_by_two_ways_has_one_key() -> None:
    direct = keyed()
    assert keyed(headers=("Delivered-To: x@y.example", "Received: from a by b")) == direct
    assert keyed(Subject="[ext] Re: Scan") == direct
    assert keyed("Page=\r\n 1", headers=("Content-Transfer-Encoding: quoted-printable",)) == direct
    assert keyed("Page 1\r\n\r\n") == direct


def test_another_mail_under_the_same_id_has_another_key() -> None:
    keys = {
        keyed(),
        keyed("Page 2"),
        keyed(Subject="Fax"),
        keyed(From="scan2@copier.example"),
        keyed(headers=("Content-Type: multipart/mixed; boundary=b",), text=with_file("QUJD")),
        keyed(headers=("Content-Type: multipart/mixed; boundary=b",), text=with_file("QUJE")),
    }
    assert len(keys) == 6


def with_file(content: str) -> str:
    return (
        "--b\r\nContent-Type: image/png; name=scan.png\r\n"
        f"Content-Transfer-Encoding: base64\r\n\r\n{content}\r\n--b--"
    )


def test_each_mail_without_a_sender_has_a_sender_of_its_own() -> None:
    first, second = (
        parsed(f"Subject: Gate\r\nMessage-ID: <{name}@gate.example>\r\n\r\nOpen".encode()).address
        for name in "ab"
    )
    assert first != second
    bare = parsed(b"Subject: Gate\r\n\r\nOpen").address
    assert bare == parsed(b"Subject: Gate\r\n\r\nOpen").address
    assert bare != parsed(b"Subject: Gate\r\n\r\nShut").address


# -- recipients and subjects ----


def test_the_recipients_are_kept_each_once_and_ours_without_its_token() -> None:
    event = parsed(
        f"From: ann@a.example\r\nTo: Shop <support+tok@shop.example>, {ADDRESS}, bo@b.example\r\n"
        "Cc: Cy <CY@c.example>, undisclosed:;\r\n\r\nHi".encode()
    )
    assert [str(address) for address in event.recipients] == [
        f"mailto:{ADDRESS}",
        "mailto:bo@b.example",
    ]
    assert [str(address) for address in event.cc] == ["mailto:cy@c.example"]


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        ("Lamp", "Re: Lamp"),
        ("Re: Lamp", "Re: Lamp"),
        ("SV: Re: VS: Lamp", "Re: Lamp"),
        ("RE[4]: Odp: Lamp", "Re: Lamp"),
        ("Antw: Re(2): Lamp", "Re: Lamp"),
        ("回复：Re: Lamp", "Re: Lamp"),
        ("رد: Lamp", "Re: Lamp"),
        ("Отв: Lamp", "Re: Lamp"),
        ("AW:Lamp", "Re: Lamp"),
        ("Re: Fwd: Lamp", "Re: Fwd: Lamp"),
        ("Ref: 4711", "Re: Ref: 4711"),
        ("Regarding: Lamp", "Re: Regarding: Lamp"),
        ("Re:", "Re: Re:"),
    ],
)
def test_an_answer_has_one_prefix(subject: str, answer: str) -> None:
    assert answer_subject(subject) == answer
