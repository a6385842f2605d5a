"""Email against real servers on loopback: aiosmtpd takes the mail, pymap serves the mailbox."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from imapclient import IMAPClient

from hub.connectors.base import Site
from hub.connectors.email import Email
from hub.connectors.email.clients import imap
from hub.errors import (
    AddressInvalid,
    ConnectionFailed,
    CredentialsRefused,
    Rejected,
    SendError,
)
from hub.sandbox import Sandbox
from hub.testing import NOW, PUBLIC_URL
from hub.types import Address, InboundMessage, OutboundMessage
from tests.harness import free_port

pytestmark = pytest.mark.servers

SOON = 10.0


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def make(sandbox: Sandbox, **changes: Any) -> Email:
    account = {"username": sandbox.mail.user, "password": sandbox.mail.password, "tls": "none"}
    options: dict[str, Any] = {
        "address": sandbox.mail.address,
        "smtp": {"host": "127.0.0.1", "port": sandbox.smtp_port, **account},
        "imap": {"host": "127.0.0.1", "port": sandbox.imap_port, **account},
        "poll_seconds": 1,
    }
    for key, value in changes.items():
        options[key] = {**options.get(key, {}), **value} if isinstance(value, dict) else value
    return Email("mail", Email.Config(kind="email", **options), Site(PUBLIC_URL))


@pytest.fixture
def mailbox(sandbox: Sandbox) -> Iterator[Email]:
    connector = make(sandbox)
    yield connector
    connector.close()


def mail(number: int, text: str = "Hello", sender: str = "ann@example.com") -> bytes:
    lines = [
        f"From: {sender}", "To: support@shop.example", f"Subject: Mail {number}",
        f"Message-ID: <m{number}@example.com>", "", text, "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode()


def subjects(connector: Email, requests: Any) -> list[str]:
    events = [event for request in requests for event in connector.parse(request)]
    return [event.subject for event in events if isinstance(event, InboundMessage)]


def answer(to: str = "ann@example.com", **changes: Any) -> OutboundMessage:
    values: dict[str, Any] = {
        "id": "7", "conversation_id": "42", "now": NOW, "text": "Hello",
        "address": Address("mailto", to), **changes,
    }  # fmt: skip
    return OutboundMessage(**values)


def sends(connector: Email, message: OutboundMessage) -> Any:
    (call,) = connector.compose(message)
    return connector.send(call)


# -- the mailbox -----------------------------------------------------------------------------------


def test_a_first_look_takes_only_what_comes_after_it(sandbox: Sandbox, mailbox: Email) -> None:
    sandbox.mail.arrives(mail(1))
    first = mailbox.poll("", wait=SOON)
    assert first.requests == ()
    sandbox.mail.arrives(mail(2))
    second = mailbox.poll(first.cursor, wait=0)
    assert subjects(mailbox, second.requests) == ["Mail 2"]
    assert mailbox.poll(second.cursor, wait=0).requests == ()
    # The same cursor gives the same mail again: nothing is marked in the mailbox.
    assert subjects(mailbox, mailbox.poll(first.cursor, wait=0).requests) == ["Mail 2"]


def test_import_days_take_older_mail_too(sandbox: Sandbox) -> None:
    sandbox.mail.arrives(mail(1))
    connector = make(sandbox, import_days=2)
    assert subjects(connector, connector.poll("", wait=0).requests) == ["Mail 1"]
    connector.close()


def test_mail_that_a_phone_has_read_already_still_comes(sandbox: Sandbox, mailbox: Email) -> None:
    cursor = mailbox.poll("", wait=0).cursor
    sandbox.mail.arrives(mail(1))
    sandbox.mail.colleague_reads_all_mail()
    assert subjects(mailbox, mailbox.poll(cursor, wait=0).requests) == ["Mail 1"]


def test_reading_marks_nothing_as_read(sandbox: Sandbox, mailbox: Email) -> None:
    cursor = mailbox.poll("", wait=0).cursor
    sandbox.mail.arrives(mail(1))
    mailbox.poll(cursor, wait=0)
    with IMAPClient("127.0.0.1", sandbox.imap_port, ssl=False) as client:
        client.login(sandbox.mail.user, sandbox.mail.password)
        client.select_folder("INBOX", readonly=True)
        assert client.search("SEEN") == []


def test_much_mail_comes_in_rounds_and_in_order(sandbox: Sandbox, mailbox: Email) -> None:
    cursor = mailbox.poll("", wait=0).cursor
    for number in range(45):
        sandbox.mail.arrives(mail(number))
    seen: list[str] = []
    rounds = 0
    while rounds < 3:
        result = mailbox.poll(cursor, wait=0)
        assert len(result.requests) <= 20 and result.pause == 0
        seen += subjects(mailbox, result.requests)
        cursor = result.cursor
        rounds += 1
    assert seen == [f"Mail {number}" for number in range(45)]
    assert mailbox.poll(cursor, wait=0).requests == ()


@pytest.fixture
def idling(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set as soon as a look waits for mail."""
    begun = threading.Event()
    real = IMAPClient.idle_check

    def idle_check(client: IMAPClient, timeout: float) -> Any:
        begun.set()
        return real(client, timeout)

    monkeypatch.setattr(IMAPClient, "idle_check", idle_check)
    return begun


def test_a_look_that_waits_wakes_when_mail_comes(sandbox: Sandbox, idling: threading.Event) -> None:
    connector = make(sandbox, poll_seconds=300)
    cursor = connector.poll("", wait=0).cursor
    found: list[Any] = []
    waiter = threading.Thread(target=lambda: found.append(connector.poll(cursor, wait=60)))
    waiter.start()
    assert idling.wait(SOON)
    sandbox.mail.arrives(mail(1))
    waiter.join(SOON)
    assert not waiter.is_alive()
    assert subjects(connector, found[0].requests) == ["Mail 1"]
    connector.close()


def test_closing_ends_a_look_that_waits(sandbox: Sandbox, idling: threading.Event) -> None:
    connector = make(sandbox, poll_seconds=300)
    cursor = connector.poll("", wait=0).cursor
    outcome: list[object] = []

    def look() -> None:
        try:
            outcome.append(connector.poll(cursor, wait=60))
        except SendError as error:
            outcome.append(error)

    waiter = threading.Thread(target=look)
    waiter.start()
    assert idling.wait(SOON)
    connector.close()
    waiter.join(SOON)
    assert not waiter.is_alive()
    assert len(outcome) == 1


def test_a_connection_that_died_is_made_anew(sandbox: Sandbox, mailbox: Email) -> None:
    cursor = mailbox.poll("", wait=0).cursor
    sandbox.mail.cuts_imap()
    sandbox.mail.arrives(mail(1))
    assert subjects(mailbox, mailbox.poll(cursor, wait=0).requests) == ["Mail 1"]


def test_new_numbers_in_the_mailbox_lose_nothing(sandbox: Sandbox, mailbox: Email) -> None:
    cursor = mailbox.poll("", wait=0).cursor
    sandbox.mail.arrives(mail(1))
    first = mailbox.poll(cursor, wait=0)
    sandbox.mail.arrives(mail(2))
    sandbox.mail.changes_uid_validity()
    mailbox.close()
    second = mailbox.poll(first.cursor, wait=0)
    # What came before comes again; its key is the same, by which the hub knows it.
    assert subjects(mailbox, second.requests) == ["Mail 1", "Mail 2"]
    keys = [
        [e.key for r in result.requests for e in mailbox.parse(r)] for result in (first, second)
    ]
    assert keys[0] == keys[1][:1]
    assert json.loads(second.cursor)["uidvalidity"] != json.loads(first.cursor)["uidvalidity"]


def test_a_mail_that_is_too_large_comes_as_its_header(
    sandbox: Sandbox, mailbox: Email, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "MAX_MAIL_BYTES", 2_000)
    cursor = mailbox.poll("", wait=0).cursor
    sandbox.mail.arrives(mail(1, "x" * 5_000))
    sandbox.mail.arrives(mail(2))
    result = mailbox.poll(cursor, wait=0)
    (large,) = mailbox.parse(result.requests[0])
    assert isinstance(large, InboundMessage)
    assert (large.subject, large.external_id) == ("Mail 1", "m1@example.com")
    assert "too large" in large.text and "xxx" not in large.text
    assert subjects(mailbox, result.requests) == ["Mail 1", "Mail 2"]


def test_a_mail_that_the_server_cannot_give_does_not_keep_others_away(
    sandbox: Sandbox, mailbox: Email, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = mailbox.poll("", wait=0).cursor
    sandbox.mail.arrives(mail(1))
    sandbox.mail.arrives(mail(2))
    real = IMAPClient.fetch
    failed: list[int] = []

    def fetch(client: IMAPClient, uids: list[int], data: list[str]) -> Any:
        if data[0].startswith("BODY.PEEK[]") and uids[0] in {failed[0] if failed else uids[0]}:
            failed[:] = [uids[0]]
            raise IMAPClient.Error("fetch failed: server error")
        return real(client, uids, data)

    monkeypatch.setattr(IMAPClient, "fetch", fetch)
    result = mailbox.poll(cursor, wait=0)
    assert subjects(mailbox, result.requests) == ["Mail 1", "Mail 2"]
    assert b"the server could not give it" in result.requests[0].body


def test_mail_without_an_id_or_a_header_does_not_stop_the_others(
    sandbox: Sandbox, mailbox: Email
) -> None:
    cursor = mailbox.poll("", wait=0).cursor
    for raw in (b"\r\n", b"no header at all\r\n", mail(1).replace(b"Message-ID", b"X"), mail(2)):
        sandbox.mail.arrives(raw)
    result = mailbox.poll(cursor, wait=0)
    assert len(result.requests) == 4
    assert subjects(mailbox, result.requests) == ["", "", "Mail 1", "Mail 2"]


def test_a_wrong_password_needs_attention_and_is_not_shown(sandbox: Sandbox) -> None:
    wrong = {"password": "wrong-password-1"}
    connector = make(sandbox, imap=wrong, smtp=wrong)
    with pytest.raises(CredentialsRefused) as caught:
        connector.poll("", wait=0)
    assert "wrong-password" not in str(caught.value)
    with pytest.raises(CredentialsRefused) as caught:
        sends(connector, answer())
    assert "wrong-password" not in str(caught.value)


def test_a_folder_that_is_not_there_is_named(sandbox: Sandbox) -> None:
    connector = make(sandbox, imap={"folder": "Päringud"})
    with pytest.raises(Rejected, match="Päringud"):
        connector.poll("", wait=0)
    with IMAPClient("127.0.0.1", sandbox.imap_port, ssl=False) as client:
        client.login(sandbox.mail.user, sandbox.mail.password)
        client.create_folder("Päringud")
        cursor = connector.poll("", wait=0).cursor
        client.append("Päringud", mail(5))
    assert subjects(connector, connector.poll(cursor, wait=0).requests) == ["Mail 5"]
    connector.close()


def test_a_server_that_is_away_is_asked_again_later(sandbox: Sandbox, mailbox: Email) -> None:
    sandbox.mail.is_down()
    with pytest.raises(ConnectionFailed):
        mailbox.poll("", wait=0)
    with pytest.raises(ConnectionFailed) as caught:
        sends(mailbox, answer())
    assert not caught.value.maybe_sent
    sandbox.mail.is_up()
    assert sends(mailbox, answer()).external_id


def test_a_literal_larger_than_asked_for_is_refused() -> None:
    class Socket:
        pass

    client = IMAPClient.__new__(IMAPClient)
    client._imap = Socket()
    client._imap.read = lambda size: b"x" * size
    imap._cap_literals(client)
    assert client._imap.read(10) == b"x" * 10
    with pytest.raises(imap.imaplib.IMAP4.abort):
        client._imap.read(imap.MAX_MAIL_BYTES * 2)


def test_checking_says_what_was_found(sandbox: Sandbox, mailbox: Email) -> None:
    sandbox.mail.arrives(mail(1))
    assert mailbox.check() == ("127.0.0.1 lets us in: 1 mails in INBOX. 127.0.0.1 takes our mail.")


# -- handing in ------------------------------------------------------------------------------------


def test_a_reply_comes_back_into_its_thread(sandbox: Sandbox, mailbox: Email) -> None:
    cursor = mailbox.poll("", wait=0).cursor
    customer = sandbox.mail.customer("ann@example.com", "Ann")
    text = ".a line with a dot\nسلام\n..two"
    receipt = sends(mailbox, answer(text=text, subject="Order", reply_token="tok3n"))
    received = customer.received.wait_for()
    assert received.text.strip() == text
    assert received.id.strip("<>") == receipt.external_id
    customer.sends("Thank you", to="support+tok3n@shop.example", in_reply_to=received)
    (event,) = mailbox.parse(mailbox.poll(cursor, wait=0).requests[0])
    assert isinstance(event, InboundMessage)
    assert event.text == "Thank you"
    assert event.reply_token == "tok3n"
    assert event.references[0] == receipt.external_id


@pytest.mark.parametrize(
    ("command", "code", "text", "expected"),
    [
        ("RCPT", 450, "4.2.1 Later", ConnectionFailed),
        ("RCPT", 550, "5.1.1 User unknown", AddressInvalid),
        ("RCPT", 550, "5.7.1 Policy", Rejected),
        ("MAIL", 552, "5.3.4 Too large", Rejected),
        ("MAIL", 421, "4.3.2 Shutting down", ConnectionFailed),
        ("DATA", 554, "5.7.1 Spam", Rejected),
        ("DATA", 451, "4.3.0 Later", ConnectionFailed),
    ],
)
def test_a_refusal_says_what_to_do_next(
    sandbox: Sandbox, mailbox: Email, command: str, code: int, text: str, expected: type[SendError]
) -> None:
    sandbox.mail.answers(code, text, command)
    with pytest.raises(SendError) as caught:
        sends(mailbox, answer())
    assert type(caught.value) is expected
    assert text in caught.value.message
    assert not getattr(caught.value, "maybe_sent", False)
    assert sends(mailbox, answer()).external_id


def test_a_copy_that_is_refused_is_named_and_leaves_the_customers_address_good(
    sandbox: Sandbox, mailbox: Email
) -> None:
    copies = (Address("mailto", "uku@farm.example"), Address("mailto", "no such@farm.example"))
    with pytest.raises(Rejected, match="no such@farm"):
        sends(mailbox, answer(cc=copies))
    sandbox.mail.answers(550, "5.1.1 User unknown", "RCPT")
    with pytest.raises(Rejected, match="No copy can be sent to boss@"):
        sends(mailbox, replace(answer(), to=(Address("mailto", "boss@example.com"),)))


def test_every_recipient_gets_the_mail_and_sees_the_others(
    sandbox: Sandbox, mailbox: Email
) -> None:
    customer = sandbox.mail.customer("ann@example.com")
    boss = sandbox.mail.customer("boss@example.com")
    sends(mailbox, answer(cc=(Address("mailto", "boss@example.com"),)))
    assert customer.received.wait_for().id == boss.received.wait_for().id


def test_an_answer_that_is_lost_leaves_the_outcome_open(sandbox: Sandbox, mailbox: Email) -> None:
    customer = sandbox.mail.customer("ann@example.com")
    sandbox.mail.drops_after_data()
    with pytest.raises(ConnectionFailed) as caught:
        sends(mailbox, answer())
    assert caught.value.maybe_sent
    sends(mailbox, answer())
    assert len({received.id for received in customer.received}) == 1


class Post:
    """A handler that keeps what it takes."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, list[str], bytes]] = []

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 2.0.0 taken"


@pytest.fixture
def starts_smtp() -> Iterator[Callable[..., tuple[Controller, Post]]]:
    running: list[Controller] = []

    def start(**options: Any) -> tuple[Controller, Post]:
        post = Post()
        controller = Controller(post, hostname="127.0.0.1", port=free_port(), **options)
        controller.start()
        running.append(controller)
        return controller, post

    yield start
    for controller in running:
        controller.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-keyout", folder / "key.pem", "-out", folder / "cert.pem",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return folder


def server_context(certificate: Path) -> Any:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    return context


def by_smtp(sandbox: Sandbox, controller: Controller, tls: str, username: str = "") -> Email:
    account = {"username": username, "password": "secret-1", "tls": tls}
    return make(sandbox, smtp={"host": "127.0.0.1", "port": controller.port, **account})


def test_starttls_is_used_when_asked_for_and_its_certificate_checked(
    sandbox: Sandbox,
    starts_smtp: Callable[..., tuple[Controller, Post]],
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    controller, post = starts_smtp(
        tls_context=server_context(certificate),
        require_starttls=True,
        authenticator=lambda *_: AuthResult(success=True),
        auth_required=True,
    )
    connector = by_smtp(sandbox, controller, "starttls", "shop")
    with pytest.raises(ConnectionFailed, match="certificate"):
        sends(connector, answer())
    assert post.taken == []
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    assert sends(connector, answer()).external_id
    assert len(post.taken) == 1


def test_no_password_follows_when_starttls_is_not_offered(
    sandbox: Sandbox, starts_smtp: Callable[..., tuple[Controller, Post]]
) -> None:
    asked: list[object] = []
    controller, post = starts_smtp(
        authenticator=lambda *given: asked.append(given), auth_require_tls=False
    )
    with pytest.raises(ConnectionFailed, match="STARTTLS"):
        sends(by_smtp(sandbox, controller, "starttls", "shop"), answer())
    assert asked == [] and post.taken == []


def test_an_automatic_mail_leaves_without_a_return_address(
    sandbox: Sandbox, starts_smtp: Callable[..., tuple[Controller, Post]]
) -> None:
    controller, post = starts_smtp()
    sends(by_smtp(sandbox, controller, "none"), answer(automatic=True))
    ((sender, recipients, content),) = post.taken
    assert sender == "<>" and recipients == ["ann@example.com"]
    assert b"Auto-Submitted: auto-replied" in content


def test_an_address_beyond_ascii_leaves_where_the_server_takes_it(
    sandbox: Sandbox, starts_smtp: Callable[..., tuple[Controller, Post]]
) -> None:
    able, post = starts_smtp(enable_SMTPUTF8=True)
    sends(by_smtp(sandbox, able, "none"), answer("jüri@example.com"))
    assert post.taken[0][1] == ["jüri@example.com"]
    assert "To: jüri@example.com".encode() in post.taken[0][2]
    unable, post = starts_smtp(enable_SMTPUTF8=False)
    with pytest.raises(AddressInvalid):
        sends(by_smtp(sandbox, unable, "none"), answer("jüri@example.com"))
    assert post.taken == []


def test_a_server_without_a_way_to_sign_in_needs_attention(
    sandbox: Sandbox, starts_smtp: Callable[..., tuple[Controller, Post]]
) -> None:
    controller, _ = starts_smtp()
    with pytest.raises(CredentialsRefused):
        sends(by_smtp(sandbox, controller, "none", "shop"), answer())


GREEN = """
from hub import runtime
runtime.patch()
import json, sys, time, threading
from hub.connectors.base import Site
from hub.connectors.email import Email
from hub.types import Address, OutboundMessage, WebhookRequest
from datetime import datetime, UTC

connector = Email("mail", Email.Config(**json.loads(sys.argv[1])), Site("http://hub.example"))
ticks = []

def tick():
    while True:
        ticks.append(time.monotonic())
        time.sleep(0.01)

threading.Thread(target=tick, daemon=True).start()
cursor = connector.poll("", wait=0).cursor
reply = b"From: ann@example.com\\n\\nYes.\\n\\nOn 1 May 2026, Shop <s@x.example> wrote:\\n> old\\n"
(event,) = connector.parse(WebhookRequest("POST", "", reply))
assert event.text == "Yes.", event
message = OutboundMessage(id="1", address=Address("mailto", "ann@example.com"), text="Hello",
    now=datetime.now(UTC))
receipt = connector.send(connector.compose(message)[0])
before = len(ticks)
found = connector.poll(cursor, wait=1.0)
gaps = [b - a for a, b in zip(ticks[before:], ticks[before + 1:])]
print(json.dumps({"sent": receipt.external_id, "mails": len(found.requests),
    "ticks": len(gaps), "longest": max(gaps)}))
connector.close()
"""


def test_everything_works_in_green_threads_and_holds_none_of_them_up(sandbox: Sandbox) -> None:
    config = {**make(sandbox).config.model_dump(exclude={"imap", "smtp", "webhook_secret"})}
    account = {"username": sandbox.mail.user, "password": sandbox.mail.password, "tls": "none"}
    config["smtp"] = {"host": "127.0.0.1", "port": sandbox.smtp_port, **account}
    config["imap"] = {"host": "127.0.0.1", "port": sandbox.imap_port, **account}
    done = subprocess.run(
        [sys.executable, "-c", GREEN, json.dumps(config)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.strip().splitlines()[-1])
    assert said["sent"] and said["mails"] == 0
    assert said["ticks"] > 30, "a look that waits holds up everybody else"
    assert len(sandbox.mail.customer("ann@example.com").received) == 1
