"""Email: the promises of a connector, what a mail of ours looks like, and the configuration.

The payloads are mails in the forms that Gmail, Outlook, Apple Mail, Thunderbird, Postfix and Exim
give them; people, ids and texts are made up.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.connectors.base import Connector, Handover, Polls, Reconciles, secrets_of
from hub.connectors.email import Email
from hub.connectors.email.payloads import SmtpCall, SmtpReply
from hub.connectors.http import Http
from hub.errors import (
    AddressInvalid,
    ConnectionFailed,
    CredentialsRefused,
    Rejected,
    ResponseUnexpected,
    Unsupported,
)
from hub.testing import NOW, Answer, ConnectorCases, Fault, Outgoing, Signature, fuzzed, post
from hub.types import (
    Address,
    Attachment,
    Medium,
    OutboundMessage,
    SendReceipt,
    WebhookRequest,
)
from tests.connectors.mails import (
    ADDRESS,
    OPTIONS,
    PAYLOADS,
    SECRET,
    mail,
    make,
    parsed,
    plain_part,
    posted,
    sent,
)


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


def test_a_subject_that_answers_already_gets_no_second_prefix() -> None:
    assert sent(composed(subject="AW: Bestellung", reply_to="a@b"))["Subject"] == "Re: Bestellung"
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
