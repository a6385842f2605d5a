"""One mail in a mailbox that cannot be fetched keeps no other away."""

from __future__ import annotations

import imaplib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, ProtocolError

from hub.connectors.email import Email
from hub.connectors.email.clients.imap import MAX_LOSSES
from hub.errors import ConnectionFailed
from hub.sandbox import Sandbox
from hub.types import InboundMessage
from tests.connectors.test_email_servers import mail, make

pytestmark = pytest.mark.servers

Fails = Callable[[list[int], list[str]], None]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def mailbox(sandbox: Sandbox) -> Iterator[Email]:
    connector = make(sandbox)
    yield connector
    connector.close()


@pytest.fixture
def fetching(monkeypatch: pytest.MonkeyPatch) -> Callable[[Fails], None]:
    """Makes every fetch call a function first, which may raise."""

    def set_up(fails: Fails) -> None:
        fetch = IMAPClient.fetch

        def failing(client: IMAPClient, uids: list[int], data: list[str], *rest: Any) -> Any:
            fails(list(uids), data)
            return fetch(client, uids, data, *rest)

        monkeypatch.setattr(IMAPClient, "fetch", failing)

    return set_up


def all_uids(connector: Email) -> list[int]:
    client = connector._mailbox._client
    assert client is not None
    client.noop()
    return list(client.search("ALL"))


def events(connector: Email, cursor: str) -> tuple[list[InboundMessage], str]:
    result = connector.poll(cursor, wait=0)
    read = [event for request in result.requests for event in connector.parse(request)]
    return [event for event in read if isinstance(event, InboundMessage)], result.cursor


@pytest.mark.parametrize(
    "error", [IMAPClientError("bad"), ProtocolError("bad"), ValueError("a date"), KeyError("x")]
)
@pytest.mark.parametrize("what", ["INTERNALDATE", "BODY.PEEK[]", "BODY.PEEK"])
def test_a_mail_that_cannot_be_read_comes_as_a_note(
    sandbox: Sandbox, mailbox: Email, fetching: Callable[[Fails], None], error: Exception, what: str
) -> None:
    cursor = mailbox.poll("", wait=0).cursor
    for number in (1, 2, 3):
        sandbox.mail.arrives(mail(number))
    uids = all_uids(mailbox)

    def fails(asked: list[int], data: list[str]) -> None:
        if uids[1] in asked and any(item.startswith(what) for item in data):
            raise error

    fetching(fails)
    messages, _ = events(mailbox, cursor)
    assert [message.subject for message in messages][::2] == ["Mail 1", "Mail 3"]
    if what == "INTERNALDATE":
        assert messages[1].subject == "Mail 2"
    else:
        assert "could not give it" in messages[1].text


@pytest.mark.parametrize("error", [imaplib.IMAP4.abort("lost"), TimeoutError("lost")])
def test_a_mail_over_which_the_connection_is_always_lost_is_passed(
    sandbox: Sandbox, mailbox: Email, fetching: Callable[[Fails], None], error: Exception
) -> None:
    cursor = mailbox.poll("", wait=0).cursor
    for number in (1, 2):
        sandbox.mail.arrives(mail(number))
    first = all_uids(mailbox)[0]

    def fails(asked: list[int], data: list[str]) -> None:
        if first in asked and any(item.startswith("BODY") for item in data):
            raise error

    fetching(fails)
    # Each loss is one try of a poll: of the mail first, then of its header.
    for _ in range(2 * MAX_LOSSES):
        try:
            messages, cursor = events(mailbox, cursor)
            break
        except ConnectionFailed:
            continue
    assert "connection is lost" in messages[0].text
    assert messages[1].subject == "Mail 2"
    assert events(mailbox, cursor)[0] == []
