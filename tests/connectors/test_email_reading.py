"""What is read from a mail: who wrote it, where it belongs, whether a person wrote it at all.

The payloads are mails in the forms that Gmail, Outlook, Apple Mail, Thunderbird, Postfix and Exim
give them; people, ids and texts are made up.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.email.addresses import with_token
from hub.connectors.email.authentication import read_results
from hub.errors import (
    EventIgnored,
    Invalid,
)
from hub.testing import fuzzed
from hub.types import (
    Address,
    DeliveryStatus,
    DeliveryUpdate,
    InboundMessage,
)
from tests.connectors.mails import ADDRESS, PAYLOADS, mail, make, parsed, posted

# -- who wrote, and what belongs together ----------------------------------------------------------


def test_one_id_from_two_senders_is_two_mails() -> None:
    keys = {parsed(mail(sender=who)).key for who in ("ann@example.com", "Bob <bob@example.org>")}
    assert len(keys) == 2
    assert parsed(mail(sender="ANN@Example.COM")).key == parsed(mail()).key


def test_mails_without_an_id_are_told_apart_by_their_bytes() -> None:
    bare = mail().replace(b"Message-ID: <m-1@example.com>\r\n", b"")
    assert parsed(bare).key == parsed(bare).key
    assert parsed(bare).key != parsed(bare + b"!").key
    assert parsed(bare).external_id == ""


def test_an_address_that_an_agent_types_is_in_the_same_form() -> None:
    connector = make()
    typed = [" Ann.Lee@BÜCHER.example ", "ann.lee@xn--bcher-kva.example."]
    found = {connector.normalized(Address("mailto", one)) for one in typed}
    assert found == {Address("mailto", "ann.lee@xn--bcher-kva.example")}


@pytest.mark.parametrize(
    "path",
    ["ann", "ann@b.example\r\nBcc: all@c.example", "<ann@b.example>", "a@b.example, c@d.example"],
)
def test_what_is_no_single_address_is_nowhere_to_write_to(path: str) -> None:
    with pytest.raises(Invalid):
        make().normalized(Address("mailto", path))


def test_nobody_writes_to_the_hub_itself() -> None:
    connector = make()
    for ours in (connector.config.address, with_token(connector.config.address, "abc")):
        with pytest.raises(Invalid):
            connector.normalized(Address("mailto", ours.upper()))


def test_an_address_is_in_lower_case_and_its_domain_in_ascii() -> None:
    event = parsed(mail(sender="=?utf-8?q?J=C3=BCri?= <Juri.Tamm@EXAMPLE.com>"))
    assert event.address == Address("mailto", "juri.tamm@example.com")
    assert event.profile.name == "Jüri"
    event = parsed(mail(sender="Ann <ann@bücher.example>"))
    assert event.address.path == "ann@xn--bcher-kva.example"


def test_a_line_end_hidden_in_a_name_is_a_space() -> None:
    event = parsed(mail(sender="=?utf-8?Q?Ann=0D=0ABcc:_x?= <ann@example.com>"))
    assert event.profile.name == "Ann Bcc: x"
    event = parsed(mail("Subject: =?utf-8?B?SGkNClgtRXZpbDogMQ==?="))
    assert event.subject == "Hi X-Evil: 1"


def test_a_character_cut_in_two_by_encoded_words_is_whole() -> None:
    event = parsed(mail("Subject: =?utf-8?B?w7w=?= =?utf-8?Q?=C3?=\r\n =?UTF-8?Q?=B5?= ok"))
    assert event.subject == "üõ ok"


@pytest.mark.parametrize("name", ["Delivered-To", "X-Original-To", "Envelope-To", "Cc"])
def test_a_token_is_found_wherever_the_envelope_shows(name: str) -> None:
    event = parsed(mail(f"{name}: Support+aB3-_x@SHOP.example", "In-Reply-To: <x@y>"))
    assert event.reply_token == "aB3-_x"
    assert event.handover_token == ""
    assert event.to == ADDRESS


def test_a_token_in_lower_case_gives_way_to_the_one_as_it_was() -> None:
    raw = mail("Delivered-To: support+_ab3x@shop.example", "Cc: <support+_aB3x@shop.example>")
    assert parsed(raw).reply_token == "_aB3x"


@pytest.mark.parametrize(
    "address", ["support+tok@evil.example", "other+tok@shop.example", "support+@shop.example"]
)
def test_a_token_in_an_address_that_is_not_ours_is_none(address: str) -> None:
    assert parsed(mail(f"Delivered-To: {address}")).reply_token == ""


def test_the_nearest_id_comes_first() -> None:
    event = parsed(mail("In-Reply-To: <c@x>", "References: <a@x> <b@x> <c@x>"))
    assert event.references == ("c@x", "b@x", "a@x")
    assert event.reply_to == "c@x"
    assert parsed(mail("References: <a@x> <b@x>")).references == ("b@x", "a@x")


def test_a_mail_of_the_hub_that_came_back_is_ignored() -> None:
    for sender in (ADDRESS, "Shop <SUPPORT@shop.example>", "support+tok@shop.example"):
        with pytest.raises(EventIgnored):
            make().parse(posted(mail(f"X-Hub-Loop: {ADDRESS}", sender=sender)))


# -- automatic mail ----


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated (rejected)",
        "Return-Path: <>",
        "Return-Path: < >",
        "X-Precedence: auto_reply",
        "X-Autoreply: yes",
        "X-Autorespond: yes",
        "X-Autoresponder: x",
        f"X-Loop: {ADDRESS}",
        "X-Hub-Loop: support+tok@shop.example",
        "Content-Type: multipart/report; boundary=b",
    ],
)
def test_mail_with_this_header_is_automatic(header: str) -> None:
    event = parsed(mail(header))
    assert event.automatic
    assert event.no_auto_reply


@pytest.mark.parametrize("sender", ["MAILER-DAEMON@x.example", "postmaster@x.example"])
def test_mail_from_such_a_name_is_automatic(sender: str) -> None:
    assert parsed(mail(sender=sender)).automatic


@pytest.mark.parametrize(
    "header",
    ["Auto-Submitted: no", "Auto-Submitted: No (a person)", "Precedence: first-class",
     "Return-Path: <ann@example.com>", "X-Loop: other@example.com", "X-Mailer: x"],
)  # fmt: skip
def test_mail_of_a_person_is_not(header: str) -> None:
    assert not parsed(mail(header)).automatic
    assert not parsed(mail(sender="norepl@x.example")).automatic


# -- trust -----------------------------------------------------------------------------------------

OURS = "mx.shop.example"


@pytest.mark.parametrize(
    "results",
    [
        f"{OURS}; dmarc=pass (p=REJECT) header.from=example.com",
        f"{OURS} 1; spf=fail smtp.mailfrom=x@y; dmarc=pass header.from=Example.com",
        f"{OURS}; dkim=pass header.d=example.com header.s=s1",
        f'{OURS}; dkim=pass (1024-bit; "a;b") reason="good" header.i=@example.com',
        f"{OURS.upper()};\r\n\tdkim=fail header.d=x.example;\r\n\tdkim=pass header.d=example.com",
    ],
)
def test_our_own_server_can_prove_a_sender(results: str) -> None:
    raw = mail(f"Authentication-Results: {results}")
    assert parsed(raw, authserv_id=OURS).authenticated
    assert not parsed(raw).authenticated
    assert not parsed(raw, authserv_id="other.example").authenticated


@pytest.mark.parametrize(
    "results",
    [
        f"{OURS}; dmarc=fail header.from=example.com",
        f"{OURS}; dmarc=pass header.from=evil.example",
        f"{OURS}; dkim=pass header.d=evil.example",
        f"{OURS}; dkim=pass header.d=com",
        f"{OURS}; dkim=pass header.d=mail.example.com",
        f"{OURS}; dkim=pass header.i=@evil.example header.d=evil.example header.d=example.com",
        f"{OURS}; spf=pass smtp.mailfrom=ann@example.com",
        f"{OURS}; none (dmarc=pass header.from=example.com)",
        f'{OURS}; spf=fail reason="; dmarc=pass"',
        f"x.{OURS}; dmarc=pass header.from=example.com",
        f"evil.example; x={OURS}; dmarc=pass header.from=example.com",
        "",
        ";;;===",
    ],
)
def test_nothing_else_proves_one(results: str) -> None:
    raw = mail(f"Authentication-Results: {results}")
    assert not parsed(raw, authserv_id=OURS).authenticated


def test_a_result_below_another_one_is_forged() -> None:
    good = f"Authentication-Results: {OURS}; dmarc=pass header.from=example.com"
    raw = mail("Authentication-Results: relay.example; none", good)
    assert not parsed(raw, authserv_id=OURS).authenticated
    two_senders = mail(good, "From: other@example.com")
    assert not parsed(two_senders, authserv_id=OURS).authenticated


@fuzzed
@given(st.text(max_size=200))
def test_reading_results_never_fails(value: str) -> None:
    name, results = read_results(value)
    assert isinstance(name, str) and all(result.method for result in results)


# -- bounces ----


def report(name: str) -> DeliveryUpdate:
    (event,) = make().parse(posted((PAYLOADS / f"{name}.eml").read_bytes()))
    assert isinstance(event, DeliveryUpdate)
    return event


def test_a_hard_bounce_fails_its_message_and_stops_the_address() -> None:
    for name in ("bounce_no_mailbox", "bounce_hidden_code", "bounce_exim"):
        event = report(name)
        assert event.status is DeliveryStatus.FAILED
        assert event.external_ids == ("42.7.aa@shop.example",)
        assert event.address == Address("mailto", "ann@example.com")
        assert event.stopped
        assert event.reason.startswith("There is no such mailbox.")
        assert event.note


def test_a_full_mailbox_fails_the_message_and_stops_nothing() -> None:
    event = report("bounce_mailbox_full")
    assert event.status is DeliveryStatus.FAILED
    assert not event.stopped


def test_a_delay_is_shown_and_is_no_failure() -> None:
    event = report("bounce_delayed")
    assert event.status is DeliveryStatus.SENT
    assert not event.stopped and not event.reason
    assert "delayed" in event.note


def test_a_bounce_that_names_no_mail_of_ours_is_an_automatic_message() -> None:
    (event,) = make().parse(posted((PAYLOADS / "bounce_without_id.eml").read_bytes()))
    assert isinstance(event, InboundMessage)
    assert event.automatic


# -- bodies ----


def test_parts_beyond_all_measure_do_not_stop_a_mail() -> None:
    many = b"".join(b"--b\r\nContent-Type: text/x\r\n\r\nx\r\n" for _ in range(3_000))
    event = parsed(mail("Content-Type: multipart/mixed; boundary=b", body=many + b"--b--"))
    assert len(event.attachments) == 100
    assert int(event.extra["files_left_out"]) > 300


def test_a_mail_of_a_thousand_levels_is_read_in_time() -> None:
    deep = b"".join(
        b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (i, i + 1)
        for i in range(1_000)
    )
    event = parsed(mail("Content-Type: multipart/mixed; boundary=b0", body=deep + b"x\n" * 50_000))
    assert event.raw


def test_an_attachment_is_read_when_it_is_asked_for() -> None:
    event = parsed((PAYLOADS / "files.eml").read_bytes())
    names = [file.name for file in event.attachments]
    assert names == ["arve õun.pdf", "märke.txt", "pic.png"]
    for file in event.attachments:
        assert file.content is not None
        assert len(file.content()) == file.size


def test_a_mail_left_on_the_server_says_so() -> None:
    event = parsed(b"x-hub-left-out: 40 MB is too large to fetch\r\n" + mail(body=""))
    assert event.text == "This mail is still in the mailbox: 40 MB is too large to fetch."
    assert event.external_id == "m-1@example.com"


def test_line_ends_of_old_machines_are_line_ends() -> None:
    event = parsed(b"From: ann@example.com\rSubject: Old\r\rHello\rthere")
    assert (event.subject, event.text) == ("Old", "Hello\nthere")


@fuzzed
@given(
    st.lists(
        st.sampled_from(
            [b"From: a@b.example\n", b"From: =?x?B?!!?=\n", b"Content-Type: text/html\n", b"\n",
             b"Content-Type: multipart/mixed; boundary=b\n", b"--b\n", b"--b--\n", b"\xff\x00\r",
             b"Content-Transfer-Encoding: base64\n", b"Content-Type: text/plain; charset=utf-7\n",
             b"Content-Type: message/delivery-status\n", b"Subject: =?utf-8?Q?=\n", b"<p>x<div",
             b"Content-Type: multipart/report; boundary=b; report-type=delivery-status\n",
             b"Date: Mon, 99 Foo 2026\n", b"In-Reply-To: <\n", b"Action: failed\n", b"> q\n",
             b'Content-Disposition: attachment; filename*=x\'\'%FF; filename="\n', b"text wrote:\n"]
        )
        | st.binary(max_size=20),
        max_size=30,
    )
)  # fmt: skip
def test_whatever_comes_gives_something_readable(pieces: list[bytes]) -> None:
    raw = b"".join(pieces)
    if not raw:
        return
    try:
        (event,) = make().parse(posted(raw))
    except EventIgnored:
        return
    assert event.raw == raw
    assert event.key
    if isinstance(event, InboundMessage):
        for file in event.attachments:
            assert file.content is not None and isinstance(file.content(), bytes)
        "".join((event.text, event.html, event.subject, event.profile.name)).encode()
