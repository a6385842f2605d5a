"""Email: what is read from a mail, and what a mail of ours looks like.

The payloads are mails in the forms that Gmail, Outlook, Apple Mail, Thunderbird, Postfix and Exim
give them; people, ids and texts are made up.
"""

from __future__ import annotations

import email
import email.policy
import smtplib
import ssl
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.connectors.base import Connector, Handover, Polls, Reconciles, Site, secrets_of
from hub.connectors.email import Email
from hub.connectors.email.addresses import with_token
from hub.connectors.email.authentication import read_results
from hub.connectors.email.smtp import SmtpCall, SmtpReply
from hub.connectors.http import Http
from hub.errors import (
    AddressInvalid,
    ConnectionFailed,
    CredentialsRefused,
    EventIgnored,
    Invalid,
    Rejected,
    ResponseUnexpected,
    Unsupported,
)
from hub.types import (
    Address,
    Attachment,
    DeliveryStatus,
    DeliveryUpdate,
    InboundMessage,
    Medium,
    OutboundMessage,
    SendReceipt,
    WebhookRequest,
)
from tests.connector_cases import ConnectorCases, Signature, fuzzed
from tests.connector_tools import NOW, PUBLIC_URL, Answer, Fault, Outgoing, StubHttp, post

ADDRESS = "support@shop.example"
SECRET = "hook-secret-5f1d"
OPTIONS: dict[str, Any] = {
    "address": ADDRESS,
    "name": "Shop",
    "smtp": {
        "host": "smtp.shop.example",
        "port": 587,
        "username": "shop",
        "password": "smtp-password-77",
        "tls": "starttls",
    },
    "imap": {
        "host": "imap.shop.example",
        "port": 993,
        "username": "shop",
        "password": "imap-password-88",
        "tls": "ssl",
    },
    "webhook_secret": SECRET,
}
PAYLOADS = Path(__file__).parent / "payloads/email"


def make(**changes: Any) -> Email:
    config = Email.Config(**{"kind": "email", **OPTIONS, **changes})
    return Email("mail", config, Site(PUBLIC_URL), StubHttp())


def posted(body: bytes) -> WebhookRequest:
    headers = {"authorization": f"Bearer {SECRET}"}
    return post("email", body, headers, media_type="message/rfc822")


def mail(*headers: str, body: str | bytes = "Hello", sender: str = "ann@example.com") -> bytes:
    lines = [f"From: {sender}", f"To: {ADDRESS}", "Message-ID: <m-1@example.com>", *headers]
    data = body.encode() if isinstance(body, str) else body
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def parsed(raw: bytes, **changes: Any) -> InboundMessage:
    (event,) = make(**changes).parse(posted(raw))
    assert isinstance(event, InboundMessage)
    return event


def sent(call: SmtpCall) -> EmailMessage:
    message = email.message_from_bytes(call.mime, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def plain_part(call: SmtpCall) -> str:
    body = sent(call).get_body(("plain",))
    return "" if body is None else str(body.get_content()).replace("\r\n", "\n").strip("\n")


class TestEmail(ConnectorCases):
    connector = Email
    options = OPTIONS
    payloads = PAYLOADS
    address = Address("mailto", "ann@example.com")
    signs_body = False
    exempt = {
        f"{test}[429]": "SMTP knows no such answer: a 4yz reply is tried again like any other"
        for test in (
            "test_a_failing_provider_is_understood",
            "test_no_secret_shows_in_errors_and_logs",
        )
    }

    def request(self, body: bytes, signature: Signature = "good", path: str = "") -> WebhookRequest:
        given = {"good": SECRET, "wrong": "x" * len(SECRET)}
        headers = {} if signature == "missing" else {"authorization": f"Bearer {given[signature]}"}
        return post("email", body, headers, media_type="message/rfc822", path=path)

    def text_of(self, call: Any) -> str:
        return plain_part(call)

    def outgoing(self) -> Iterable[Outgoing]:
        return [
            Outgoing("a text", self.message(), only(a_plain_mail)),
            Outgoing(
                "an answer",
                self.message(
                    subject="Order",
                    reply_to="b@example.com",
                    references=("b@example.com", "a@example.com"),
                    reply_token="tok3n",
                ),
                only(an_answer),
            ),
            Outgoing("an automatic text", self.message(automatic=True), only(an_automatic_mail)),
            Outgoing(
                "a file",
                self.message(attachments=(self.attachment(Medium.FILE, name="arve õ.pdf"),)),
                only(a_mail_with_a_file),
            ),
            Outgoing("buttons", self.message(buttons=("Yes",)), error=Unsupported),
        ]

    def answers(self) -> Iterable[Answer]:
        reply = SmtpReply
        return [
            Answer("taken", reply("done", 250, "2.0.0 Ok"), SendReceipt(external_id=self._id())),
            Answer("greylisted", reply("rcpt", 450, "4.2.0 Try later"), ConnectionFailed),
            Answer("busy", reply("connect", 421, "Too many connections"), ConnectionFailed),
            Answer(
                "no such mailbox", reply("rcpt", 550, "5.1.1 User unknown"), AddressInvalid,
                says="User unknown", external_code="5.1.1",
            ),
            Answer("no mailbox, no code", reply("rcpt", 550, "No such user"), AddressInvalid),
            Answer("policy", reply("rcpt", 550, "5.7.1 Not here"), Rejected, external_code="5.7.1"),
            Answer("spam", reply("done", 554, "5.7.1 Spam"), Rejected),
            Answer("too large", reply("mail", 552, "5.3.4 Too big"), Rejected, says="too large"),
            Answer("password", reply("login", 535, "5.7.8 Bad credentials"), CredentialsRefused),
            Answer("not signed in", reply("mail", 530, "5.7.0 Sign in"), CredentialsRefused),
            Answer("a passing failure", reply("login", 454, "4.7.0 Later"), ConnectionFailed),
            Answer("nonsense", reply("done", 199, "What"), ResponseUnexpected),
        ]  # fmt: skip

    def _id(self) -> str:
        (call,) = self.make().compose(self.message(text="Hello"))
        return str(call.message_id)

    def strange_answers(self) -> st.SearchStrategy[Any]:
        stages = st.sampled_from(["connect", "login", "mail", "rcpt", "data", "done"])
        return st.builds(SmtpReply, stages, st.integers(-1, 999), st.text(max_size=60))

    def test_an_answer_of_another_form_is_never_a_crash(self) -> None:
        connector = self.make()
        (call,) = connector.compose(self.message(text="Hello"))

        @fuzzed
        @given(answer=self.strange_answers())
        def check(answer: SmtpReply) -> None:
            try:
                assert connector.accept(call, answer).external_id == call.message_id
                assert answer.stage == "done" and 200 <= answer.code < 300
            except (ConnectionFailed, CredentialsRefused, AddressInvalid, Rejected):
                assert 400 <= answer.code < 600
            except ResponseUnexpected:
                assert not 400 <= answer.code < 600

        check()

    def meet(self, fault: Fault, monkeypatch: pytest.MonkeyPatch) -> Connector[Any]:
        """A server that fails in the same place, in the words of SMTP."""
        monkeypatch.setattr(smtplib, "SMTP", lambda *_, **__: FailingSmtp(fault))
        return self.make(http=Http(secrets_of(self.make().config)))


class FailingSmtp:
    """A server that lets us in and then meets a fault, as smtplib shows it."""

    sock = None
    command_encoding = "ascii"

    def __init__(self, fault: Fault) -> None:
        self.fault = fault.name
        refusal: dict[str, Exception] = {
            "refused": ConnectionRefusedError(),
            "connect timeout": TimeoutError(),
            "bad certificate": ssl.SSLCertVerificationError("self-signed"),
        }
        if self.fault in refusal:
            raise refusal[self.fault]

    def ehlo_or_helo_if_needed(self) -> None: ...

    def starttls(self, context: Any) -> tuple[int, bytes]:
        return 220, b"go"

    def login(self, user: str, password: str) -> None:
        if self.fault == "401":
            raise smtplib.SMTPAuthenticationError(535, b"5.7.8 no: " + password.encode())

    def has_extn(self, name: str) -> bool:
        return True

    def mail(self, sender: str, options: Sequence[str]) -> tuple[int, bytes]:
        codes = {"500": 451, "502 in HTML": 421, "503": 450, "400": 550, "413 in HTML": 552}
        return codes.get(self.fault, 250), b"said"

    def rcpt(self, recipient: str) -> tuple[int, bytes]:
        return 250, b"ok"

    def docmd(self, command: str) -> tuple[int, bytes]:
        return 354, b"go on"

    def send(self, data: bytes) -> None: ...

    def getreply(self) -> tuple[int, bytes]:
        raise TimeoutError if self.fault == "no answer" else smtplib.SMTPServerDisconnected("gone")

    def quit(self) -> None: ...

    def close(self) -> None: ...


# -- exactly what leaves ---------------------------------------------------------------------------


def only(check: Callable[[SmtpCall, EmailMessage], None]) -> Callable[[Sequence[Any]], None]:
    def one(calls: Sequence[Any]) -> None:
        (call,) = calls
        assert call.recipients == ("ann@example.com",)
        check(call, sent(call))

    return one


def a_plain_mail(call: SmtpCall, message: EmailMessage) -> None:
    assert call.sender == ADDRESS
    assert message["From"] == f"Shop <{ADDRESS}>"
    assert message["To"] == "ann@example.com"
    assert message["Subject"] == "Your message to Shop"
    assert message["Date"] == "Mon, 02 Mar 2026 09:00:00 +0000"
    assert message["Message-ID"] == f"<{call.message_id}>"
    assert call.message_id.startswith("42.01HV0000000000000000000001.")
    assert message["Auto-Submitted"] is None
    assert message.get_content_type() == "multipart/alternative"
    plain, html = message.iter_parts()
    assert plain.get_content().split() == ["Hello"]
    assert '<p dir="auto">Hello</p>' in html.get_content()


def an_answer(call: SmtpCall, message: EmailMessage) -> None:
    assert message["Subject"] == "Re: Order"
    assert message["Reply-To"] == "support+tok3n@shop.example"
    assert message["In-Reply-To"] == "<b@example.com>"
    assert message["References"] == "<a@example.com> <b@example.com>"


def an_automatic_mail(call: SmtpCall, message: EmailMessage) -> None:
    assert call.sender == ""
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["X-Hub-Loop"] == ADDRESS


def a_mail_with_a_file(call: SmtpCall, message: EmailMessage) -> None:
    (file,) = message.iter_attachments()
    assert file.get_filename() == "arve õ.pdf"
    assert file.get_content_type() == "application/pdf"
    assert file.get_content() == b"\x00\xffsample of file"


def answer(**changes: Any) -> OutboundMessage:
    values: dict[str, Any] = {
        "id": "7", "conversation_id": "42", "now": NOW, "text": "Hello",
        "address": Address("mailto", "ann@example.com"), **changes,
    }  # fmt: skip
    return OutboundMessage(**values)


def composed(**changes: Any) -> SmtpCall:
    (call,) = make().compose(answer(**changes))
    assert isinstance(call, SmtpCall)
    return call


@pytest.mark.parametrize(
    "path",
    [
        "ann@example.com\r\nBcc: all@example.com",
        "ann@example.com\nDATA",
        "@relay.example:ann@example.com",
        "ann@example.com, bob@example.com",
        "<ann@example.com>",
        f"{'a' * 65}@example.com",
        f"ann@{'a' * 250}.example",
        "ann",
        "ann@",
        "ann@exa mple.com",
    ],
)
def test_mail_never_leaves_for_an_address_that_could_be_a_command(path: str) -> None:
    with pytest.raises(AddressInvalid):
        composed(address=Address("mailto", path))


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "Hi\r\nBcc: all@example.com"},
        {"author_name": "Ann\nX-Evil: 1"},
        {"reply_token": "a\r\nb"},
        {"reply_token": "a@evil.example,b"},
    ],
)
def test_a_line_end_never_makes_a_header(changes: dict[str, str]) -> None:
    with pytest.raises(Rejected):
        composed(**changes)


def test_ids_that_came_from_outside_cannot_make_a_header_either() -> None:
    call = composed(reply_to="a@b\r\nBcc: x@y", references=("ok@example.com", "a b", "<x>"))
    assert sent(call)["References"] == "<ok@example.com>"
    assert sent(call)["In-Reply-To"] is None
    assert b"Bcc" not in call.mime


def test_a_long_thread_keeps_its_first_and_its_newest_ids() -> None:
    call = composed(reply_to="n0@x.example", references=tuple(f"n{i}@x.example" for i in range(90)))
    ids = str(sent(call)["References"]).split()
    assert len(ids) == 20
    assert ids[0] == "<n89@x.example>"
    assert ids[1:] == [f"<n{i}@x.example>" for i in range(18, -1, -1)]
    assert max(len(line) for line in call.mime.split(b"\r\n")) < 998


def test_the_same_message_is_the_same_mail_and_another_one_is_not() -> None:
    assert composed(text="سلام\n\nä") == composed(text="سلام\n\nä")
    assert composed(id="8").message_id != composed(id="7").message_id
    (other,) = make(webhook_secret="another").compose(answer())
    assert other.message_id != composed().message_id


def test_a_subject_that_answers_already_is_left_alone() -> None:
    assert sent(composed(subject="AW: Bestellung", reply_to="a@b"))["Subject"] == "AW: Bestellung"
    assert sent(composed(subject="Offer"))["Subject"] == "Offer"


def test_text_in_the_html_part_is_text() -> None:
    html = sent(composed(text="<b>1</b> & https://x.example/?a=1&b=2.\nnext\n\nسلام")).get_body(
        ("html",)
    )
    assert html is not None
    content = html.get_content()
    assert "&lt;b&gt;1&lt;/b&gt; &amp; " in content
    assert '<a href="https://x.example/?a=1&amp;b=2">' in content
    assert '<p dir="auto">سلام</p>' in content


def test_a_call_shows_neither_text_nor_files_when_it_is_printed() -> None:
    assert "Hello" not in repr(composed())


def test_files_over_the_limit_together_are_unsupported() -> None:
    half = Attachment(Medium.FILE, "a", "x/y", size=13 * 1024 * 1024, content=lambda: b"")
    with pytest.raises(Unsupported):
        composed(attachments=(half, half))
    lying = replace(half, size=None, content=lambda: bytes(13 * 1024 * 1024))
    with pytest.raises(Unsupported):
        composed(attachments=(lying, lying))


# -- the configuration -----------------------------------------------------------------------------


def test_a_connector_needs_a_way_in() -> None:
    with pytest.raises(ValidationError, match=r"imap .* or webhook_secret"):
        make(imap=None, webhook_secret="")
    assert not make(imap=None).polls()
    assert make(webhook_secret="").polls()


@pytest.mark.parametrize("address", ["support", "a b@c.example", "a@b.example\nBcc: c@d.example"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValidationError, match="mail address"):
        make(address=address)


def test_without_a_secret_nothing_can_be_posted() -> None:
    from hub.errors import WebhookRejected

    request = replace(posted(mail()), headers={"authorization": "Bearer "})
    with pytest.raises(WebhookRejected):
        make(webhook_secret="").verify(request)


def test_it_has_the_abilities_of_mail() -> None:
    connector = make()
    assert isinstance(connector, Polls) and isinstance(connector, Handover)
    assert isinstance(connector, Reconciles)
    assert connector.reconcile(answer(), composed(), NOW) is None


def test_a_handover_link_comes_back_as_its_token() -> None:
    link = make().handover_link("Zk3_x-9", "4711")
    assert link.startswith("mailto:support+Zk3_x-9@shop.example?subject=")
    assert link.endswith("&body=Code%3A%204711")
    event = parsed(mail().replace(ADDRESS.encode(), b"support+Zk3_x-9@shop.example"))
    assert event.handover_token == event.reply_token == "Zk3_x-9"


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


def test_a_mail_from_ourselves_is_ignored() -> None:
    for sender in (ADDRESS, "Shop <SUPPORT@shop.example>", "support+tok@shop.example"):
        with pytest.raises(EventIgnored):
            make().parse(posted(mail(sender=sender)))


# -- automatic mail ----


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated (rejected)",
        "Return-Path: <>",
        "Return-Path: < >",
        "Precedence: bulk",
        "Precedence: JUNK",
        "Precedence: list",
        "X-Precedence: auto_reply",
        "X-Auto-Response-Suppress: OOF",
        "X-Autoreply: yes",
        "X-Autorespond: yes",
        "X-Autoresponder: x",
        "List-Id: <news.example.com>",
        "List-Post: NO",
        "List-Unsubscribe: <https://example.com>",
        "Feedback-ID: 1:2:3",
        f"X-Loop: {ADDRESS}",
        "X-Hub-Loop: support+tok@shop.example",
        "Content-Type: multipart/report; boundary=b",
    ],
)
def test_mail_with_this_header_is_automatic(header: str) -> None:
    assert parsed(mail(header)).automatic


@pytest.mark.parametrize(
    "sender",
    ["MAILER-DAEMON@x.example", "postmaster@x.example", "no-reply@x.example",
     "noreply+1@x.example", "bounces-77@x.example", "do-not-reply@x.example"],
)  # fmt: skip
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
