"""The mail servers, spoken to by smtplib and IMAPClient."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Any

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from hub.sandbox import Sandbox
from hub.sandbox.base.screen import Media

ANN = "ann@example.com"


@pytest.fixture
def imap(sandbox: Sandbox) -> Iterator[IMAPClient]:
    client = IMAPClient("127.0.0.1", sandbox.imap_port, ssl=False, timeout=10)
    client.login(sandbox.mail.user, sandbox.mail.password)
    yield client
    try:
        client.shutdown()
    except OSError:
        # The connection was cut by the test.
        return


def inbox(imap: IMAPClient) -> list[EmailMessage]:
    imap.select_folder("INBOX")
    fetched = imap.fetch(imap.search("ALL"), ["BODY.PEEK[]"])
    return [parsed(fetched[uid][b"BODY[]"]) for uid in sorted(fetched)]


def parsed(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def hand_in(sandbox: Sandbox, to: str = ANN, sender: str = "", **headers: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = f"Shop <{sandbox.mail.address}>"
    mail["To"] = to
    mail["Subject"] = "Your shoes"
    mail["Message-ID"] = make_msgid(domain="shop.example")
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("They are on the way.")
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, timeout=10) as smtp:
        smtp.login(sandbox.mail.user, sandbox.mail.password)
        smtp.send_message(mail, from_addr=sender or sandbox.mail.address)
    return mail


def test_a_customers_mail_lies_in_the_hubs_mailbox(sandbox: Sandbox, imap: IMAPClient) -> None:
    form = Media(b"%PDF-", "application/pdf", "form.pdf")
    ann = sandbox.mail.customer(ANN, "Ann Sample")
    sent = ann.sends("Here it is.", subject="The form ✓", html="<p>Here</p>", attachments=[form])
    mail = inbox(imap)[0]
    assert mail["Subject"] == "The form ✓" and mail["From"] == "Ann Sample <ann@example.com>"
    assert mail["Message-ID"] == sent.id and mail["Return-Path"] == f"<{ANN}>"
    assert mail["Delivered-To"] == sandbox.mail.address
    assert [part.get_filename() for part in mail.iter_attachments()] == ["form.pdf"]


def test_idle_reports_new_mail(sandbox: Sandbox, imap: IMAPClient) -> None:
    imap.select_folder("INBOX")
    imap.idle()
    sandbox.mail.customer(ANN).sends("hello", subject="hi")
    responses = imap.idle_check(timeout=10)
    imap.idle_done()
    assert (1, b"EXISTS") in responses


def test_uids_grow_and_peeking_leaves_mail_unseen(sandbox: Sandbox, imap: IMAPClient) -> None:
    ann = sandbox.mail.customer(ANN)
    ann.sends("one")
    ann.sends("two")
    inbox(imap)
    uids = imap.search("UNSEEN")
    assert len(uids) == 2 and uids == sorted(uids)
    sandbox.mail.colleague_reads_all_mail()
    imap.noop()
    assert imap.search("UNSEEN") == [] and len(imap.search("ALL")) == 2


def test_uid_validity_can_change_without_losing_mail(sandbox: Sandbox, imap: IMAPClient) -> None:
    sandbox.mail.customer(ANN).sends("one", subject="one")
    before = imap.select_folder("INBOX")[b"UIDVALIDITY"]
    sandbox.mail.changes_uid_validity()
    again = IMAPClient("127.0.0.1", sandbox.imap_port, ssl=False, timeout=10)
    again.login(sandbox.mail.user, sandbox.mail.password)
    assert again.select_folder("INBOX")[b"UIDVALIDITY"] != before
    assert [mail["Subject"] for mail in inbox(again)] == ["one"]
    again.logout()


def test_mail_to_a_plus_address_lies_in_the_same_mailbox(
    sandbox: Sandbox, imap: IMAPClient
) -> None:
    sandbox.mail.customer(ANN).sends("hi", to="support+token@shop.example", subject="plus")
    assert inbox(imap)[0]["Delivered-To"] == "support+token@shop.example"


def test_malformed_mail_comes_as_it_is(sandbox: Sandbox, imap: IMAPClient) -> None:
    raw = b"Subject: =?utf-8?q?broken\r\nFrom: nobody\r\n\r\n\xff\xfe body\r\n"
    sandbox.mail.arrives(raw)
    imap.select_folder("INBOX")
    assert imap.fetch(imap.search("ALL"), ["BODY.PEEK[]"]).popitem()[1][b"BODY[]"] == raw


def test_what_the_hub_sends_is_in_the_customers_mailbox(sandbox: Sandbox) -> None:
    sent = hand_in(sandbox, Reply_To="support+token@shop.example")
    mail = sandbox.mail.customer(ANN).received.wait_for(subject="Your shoes")
    assert mail.text == "They are on the way." and mail.id == sent["Message-ID"]
    assert mail.envelope_from == sandbox.mail.address


def test_a_reply_goes_where_the_mail_wants_it_with_the_quote_below(
    sandbox: Sandbox, imap: IMAPClient
) -> None:
    sent = hand_in(sandbox, Reply_To="support+token@shop.example", References="<first@example.com>")
    ann = sandbox.mail.customer(ANN)
    ann.replies(ann.received.wait_for_count(1)[0], "Thank you!")
    reply = inbox(imap)[0]
    assert reply["To"] == "support+token@shop.example" and reply["Subject"] == "Re: Your shoes"
    assert reply["In-Reply-To"] == sent["Message-ID"]
    assert reply["References"].split() == ["<first@example.com>", sent["Message-ID"]]
    assert "Thank you!" in reply.get_content() and "> They are on the way." in reply.get_content()


@pytest.mark.parametrize(
    ("verb", "action", "status"),
    [
        ("is_unknown", "failed", "5.1.1"),
        ("mailbox_is_full", "failed", "5.2.2"),
        ("is_slow", "delayed", "4.4.1"),
    ],
)
def test_trouble_at_the_other_end_comes_back_as_a_report(
    sandbox: Sandbox, imap: IMAPClient, verb: str, action: str, status: str
) -> None:
    ann = sandbox.mail.customer(ANN)
    getattr(ann, verb)()
    imap.select_folder("INBOX")
    imap.idle()
    sent = hand_in(sandbox)
    imap.idle_check(timeout=10)
    imap.idle_done()
    report = inbox(imap)[0]
    assert report.get_content_type() == "multipart/report"
    assert report.get_param("report-type") == "delivery-status" and report["Return-Path"] == "<>"
    _, delivery, original = report.iter_parts()
    about: Any = delivery.get_payload()[1]  # type: ignore[union-attr]
    assert (about["Action"], about["Status"]) == (action, status)
    assert about["Final-Recipient"] == f"rfc822; {ANN}"
    assert sent["Message-ID"] in str(original.get_payload())
    assert len(ann.received) == (1 if action == "delayed" else 0)


def test_an_absent_person_answers_once_and_never_an_automatic_mail(
    sandbox: Sandbox, imap: IMAPClient
) -> None:
    ann = sandbox.mail.customer(ANN)
    ann.is_away("Back on Monday")
    hand_in(sandbox, Auto_Submitted="auto-replied")
    ann.received.wait_for_count(1)
    assert sandbox.mail.inbox == []
    hand_in(sandbox)
    hand_in(sandbox)
    ann.received.wait_for_count(3)
    ann.mails.wait_for_count(4)
    notices = inbox(imap)
    assert len(notices) == 1 and notices[0]["Auto-Submitted"] == "auto-replied"
    assert notices[0]["Return-Path"] == "<>"


def test_wrong_passwords_are_refused(sandbox: Sandbox) -> None:
    smtp = smtplib.SMTP("127.0.0.1", sandbox.smtp_port, timeout=10)
    with pytest.raises(smtplib.SMTPAuthenticationError):
        smtp.login(sandbox.mail.user, "wrong")
    smtp.close()
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, timeout=10) as smtp:
        smtp.ehlo()
        assert smtp.mail(sandbox.mail.address)[0] == 530
    client = IMAPClient("127.0.0.1", sandbox.imap_port, ssl=False, timeout=10)
    with pytest.raises(LoginError):
        client.login(sandbox.mail.user, "wrong")
    client.shutdown()


def test_smtp_refuses_on_order(sandbox: Sandbox) -> None:
    sandbox.mail.refuses(ANN)
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        hand_in(sandbox)
    sandbox.mail.is_up()
    sandbox.mail.answers(451, "4.3.0 Try again", command="DATA")
    with pytest.raises(smtplib.SMTPDataError) as problem:
        hand_in(sandbox)
    assert problem.value.smtp_code == 451
    sandbox.mail.answers(452, "4.2.2 Busy", command="MAIL")
    with pytest.raises(smtplib.SMTPSenderRefused):
        hand_in(sandbox)
    hand_in(sandbox)
    assert sandbox.mail.customer(ANN).received.wait_for_count(1)


def test_smtp_can_take_a_mail_and_drop_the_answer(sandbox: Sandbox) -> None:
    sandbox.mail.drops_after_data()
    with pytest.raises(smtplib.SMTPServerDisconnected):
        hand_in(sandbox)
    assert sandbox.mail.customer(ANN).received.wait_for_count(1)


def test_both_servers_go_down_and_come_back_with_the_mail(
    sandbox: Sandbox, imap: IMAPClient
) -> None:
    sandbox.mail.customer(ANN).sends("one", subject="one")
    imap.select_folder("INBOX")
    sandbox.mail.is_down()
    with pytest.raises(OSError):
        hand_in(sandbox)
    with pytest.raises((OSError, IMAPClientError)):
        imap.noop()
    sandbox.mail.is_up()
    hand_in(sandbox)
    again = IMAPClient("127.0.0.1", sandbox.imap_port, ssl=False, timeout=10)
    again.login(sandbox.mail.user, sandbox.mail.password)
    assert [mail["Subject"] for mail in inbox(again)] == ["one"]
    again.logout()
