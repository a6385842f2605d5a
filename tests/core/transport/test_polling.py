"""Asking providers, and fetching the files that messages refer to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select, update

from hub.connectors.base import PollResult
from hub.connectors.http import HttpCall
from hub.connectors.oauth import Grant
from hub.errors import ConnectionFailed, CredentialsRefused, SendError
from hub.oauth.kept_tokens import keep_tokens
from hub.oauth.sealing import Seal
from hub.store.engine import Transaction
from hub.store.models import attachments, connector_states, journal, messages
from hub.transport import media_fetching, polling
from hub.transport.media_fetching import MediaFetcher
from hub.transport.polling import Poller
from hub.types import Attachment, Medium, WebhookRequest
from tests.core.desk import Customer, Desk, eventually
from tests.core.toys import Toy, a_moment_ago


class Mailbox:
    """What a polled provider holds. It counts from where the cursor says."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.errors: list[SendError | Exception] = []
        self.asked: list[str] = []
        self.news = threading.Condition()

    def gets(self, *bodies: bytes) -> None:
        with self.news:
            self.bodies.extend(bodies)
            self.news.notify_all()

    def look(self, cursor: str, wait: float) -> PollResult:
        with self.news:
            self.asked.append(cursor)
            if self.errors:
                raise self.errors.pop(0)
            begin = int(cursor or 0)
            self.news.wait_for(lambda: len(self.bodies) > begin, min(wait, 0.02))
            requests = tuple(WebhookRequest("POST", "", body) for body in self.bodies[begin:])
            return PollResult(requests, str(len(self.bodies)))


class PolledToy(Toy):
    mailbox: Mailbox

    def polls(self) -> bool:
        return True

    def poll(self, cursor: str, wait: float) -> PollResult:
        return self.mailbox.look(cursor, wait)

    def locate(self, source: str) -> HttpCall:
        raise self.errors.pop(0) if self.errors else ConnectionFailed("Nobody is there.")

    errors: list[SendError]


def hello(number: int, **more: Any) -> bytes:
    return orjson.dumps([{"key": f"k{number}", "from": "anna", "text": str(number), **more}])


@pytest.fixture
def mailbox(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    monkeypatch.setattr(polling, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(polling, "LONGEST_PAUSE", 0.05)
    monkeypatch.setattr(polling, "ATTENTION_PAUSE", 0.05)
    made = Mailbox()
    toy = desk.toy()
    toy.__class__ = PolledToy
    assert isinstance(toy, PolledToy)
    toy.mailbox = made
    toy.errors = []
    return made


@pytest.fixture
def poller(desk: Desk, mailbox: Mailbox) -> Iterator[Poller]:
    made = Poller(desk.store, desk.connectors, desk.gateway)
    yield made
    made.stop()


def texts(desk: Desk) -> list[str]:
    with desk.store.read() as connection:
        return list(connection.execute(select(messages.c.text).order_by(messages.c.id)).scalars())


def cursor(desk: Desk) -> str | None:
    with desk.store.read() as connection:
        return connection.execute(select(connector_states.c.cursor)).scalar()


class RegisteredToy(Toy):
    """A connector with a webhook that its provider takes at the second try."""

    failures: list[SendError]

    def register(self) -> None:
        if self.failures:
            raise self.failures.pop(0)


def test_a_webhook_that_is_registered_at_the_second_try_makes_its_connector_well_again(
    desk: Desk, poller: Poller
) -> None:
    toy = desk.toy()
    toy.__class__ = RegisteredToy
    assert isinstance(toy, RegisteredToy)
    toy.failures = [ConnectionFailed("Nobody is there.")]
    desk.connectors.mark_attention(toy.name, "Nobody is there.", "poll")
    poller.start(alone=True)
    eventually(lambda: desk.connectors.connector_resource(toy.name).state == "ok")
    assert toy.failures == []


def test_what_a_provider_holds_is_brought_in_and_remembered(
    desk: Desk, poller: Poller, mailbox: Mailbox
) -> None:
    mailbox.gets(hello(1), hello(2))
    poller.start(alone=True)
    eventually(lambda: cursor(desk) == "2")
    mailbox.gets(hello(3))
    eventually(lambda: cursor(desk) == "3")
    assert texts(desk) == ["1", "2", "3"]


def test_after_a_restart_it_goes_on_where_it_was(
    desk: Desk, poller: Poller, mailbox: Mailbox
) -> None:
    mailbox.gets(hello(1))
    poller.start(alone=True)
    eventually(lambda: cursor(desk) == "1")
    poller.stop()
    for thread in threading.enumerate():
        if thread.name == "poll-toy":
            thread.join(10)
    again = Poller(desk.store, desk.connectors, desk.gateway)
    mailbox.asked.clear()
    mailbox.gets(hello(2))
    again.start(alone=True)
    eventually(lambda: cursor(desk) == "2")
    again.stop()
    assert mailbox.asked[-1] != ""
    assert texts(desk) == ["1", "2"]


def test_a_provider_that_is_away_is_asked_again(
    desk: Desk, poller: Poller, mailbox: Mailbox
) -> None:
    mailbox.errors = [ConnectionFailed("Away."), RuntimeError("a mistake of ours")]
    mailbox.gets(hello(1))
    poller.start(alone=True)
    eventually(lambda: texts(desk) == ["1"])
    eventually(lambda: desk.connectors.connector_resource("toy").state == "ok")


def test_refused_keys_call_for_an_admin_and_the_asking_goes_on(
    desk: Desk, poller: Poller, mailbox: Mailbox
) -> None:
    states: list[str] = []
    desk.connectors.on_change(lambda shape: states.append(shape.state))
    mailbox.errors = [CredentialsRefused("The password is wrong.")]
    mailbox.gets(hello(1))
    poller.start(alone=True)
    eventually(lambda: states == ["attention", "ok"])
    eventually(lambda: texts(desk) == ["1"])


def test_what_cannot_be_read_is_kept_and_holds_up_nothing(
    desk: Desk, poller: Poller, mailbox: Mailbox
) -> None:
    mailbox.gets(b"not of any form", hello(1, poison=True), hello(2))
    poller.start(alone=True)
    eventually(lambda: cursor(desk) == "3")
    assert texts(desk) == ["2"]
    with desk.store.read() as connection:
        failed = connection.execute(
            select(journal.c.body).where(journal.c.status == "failed").order_by(journal.c.id)
        ).scalars()
        assert b"not of any form" in failed.all()
    assert desk.count(journal, journal.c.status == "failed") == 2


def test_one_process_asks_at_a_time(desk: Desk, poller: Poller, mailbox: Mailbox) -> None:
    other = Poller(desk.store, desk.connectors, desk.gateway)
    poller.start(alone=False)
    eventually(lambda: mailbox.asked)
    desk.store.write(
        lambda tx: (
            tx.execute(
                update(connector_states).values(
                    lease_owner="somebody else", lease_until=tx.now + timedelta(minutes=1)
                )
            ).rowcount
        )
    )
    taken = desk.store.write(lambda tx: polling._take_lease(tx, "toy", other._owner))
    assert taken is None

    def take_after_expiry(tx: Transaction) -> str | None:
        # In one transaction, so that the running poller cannot take the lease in between.
        tx.execute(update(connector_states).values(lease_until=a_moment_ago(seconds=1)))
        return polling._take_lease(tx, "toy", other._owner)

    assert desk.store.write(take_after_expiry) is not None
    other.stop()


# -- files -----------------------------------------------------------------------------------------


@pytest.fixture
def fetcher(
    desk: Desk, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MediaFetcher]:
    monkeypatch.setattr(media_fetching, "SWEEP_SECONDS", 0.02)
    monkeypatch.setattr(media_fetching, "FIRST_WAIT", timedelta(milliseconds=5))
    made = MediaFetcher(desk.store, desk.connectors, desk.media)
    made.start()
    yield made
    made.stop()


def at(server: Any, source: str) -> HttpCall:
    return HttpCall(method="GET", url=f"{server.url}/{source}")


def sends_a_file(customer: Customer, source: str = "file-1") -> str:
    return customer.says("Look", attachments=(Attachment(Medium.IMAGE, source=source),)).id


def settled(desk: Desk, message: str) -> Any:
    eventually(lambda: desk.message(message).attachments[0].state != "pending")
    return desk.message(message).attachments[0]


def test_a_file_that_cannot_be_had_leaves_its_message_and_says_so(
    desk: Desk, anna: Customer, fetcher: MediaFetcher
) -> None:
    message = sends_a_file(anna)
    found = settled(desk, message)
    assert found.state == "failed"
    assert found.reason == (
        "Nobody is there. The hub tried it 7 times and has stopped. "
        "Ask the customer to send it again."
    )
    assert desk.message(message).text == "Look"
    with desk.store.read() as connection:
        assert (
            connection.execute(select(attachments.c.attempts)).scalar() > media_fetching.MAX_TRIES
        )
    assert desk.events[-1].name == "message.updated"


def test_a_file_of_a_connector_that_was_turned_off_says_so(
    desk: Desk, anna: Customer, fetcher: MediaFetcher
) -> None:
    received = desk.receives(
        anna.message("Look", attachments=(Attachment(Medium.IMAGE, source="x"),)), "other"
    )
    found = settled(desk, str(received.message_id))
    assert found.state == "failed"
    assert "turned off" in found.reason


def test_a_file_is_fetched_stored_and_known_by_its_bytes(
    desk: Desk, anna: Customer, fetcher: MediaFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.core.transport.test_download import PNG, Server

    server = Server()
    server.has("/file-1", PNG)
    toy = desk.toy()
    object.__setattr__(toy, "config", toy.config.model_copy(update={"api_base": server.url}))
    monkeypatch.setattr(PolledToy, "locate", lambda self, source: at(server, source))
    message = sends_a_file(anna)
    found = settled(desk, message)
    server.close()
    assert (found.state, found.media_type, found.size) == ("stored", "image/png", len(PNG))
    with desk.store.read() as connection:
        key = connection.execute(select(attachments.c.key)).scalar_one()
    assert desk.media.read(key) == PNG


def test_a_file_that_is_too_large_leaves_the_text(
    desk: Desk, anna: Customer, fetcher: MediaFetcher, monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    from tests.core.transport.test_download import Server

    monkeypatch.setattr(media_fetching, "MAX_BYTES", 1000)
    server = Server()
    server.never_ends("/file-1")
    toy = desk.toy()
    object.__setattr__(toy, "config", toy.config.model_copy(update={"api_base": server.url}))
    monkeypatch.setattr(PolledToy, "locate", lambda self, source: at(server, source))
    message = sends_a_file(anna)
    assert settled(desk, message).state == "too_large"
    server.close()
    assert desk.message(message).text == "Look"


class TokenToy(PolledToy):
    """Signs in with tokens, of which the mailbox decides whether they are good."""

    tokens: Any = object()

    def oauth_client(self) -> None:
        return None

    def use_tokens(self, tokens: Any) -> None:
        self.tokens = tokens


def test_a_refused_account_is_polled_again_as_soon_as_it_has_other_tokens(
    desk: Desk, mailbox: Mailbox, poller: Poller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "ATTENTION_PAUSE", 3600)
    monkeypatch.setattr(polling, "TOKENS_LOOK_SECONDS", 0.01)
    desk.toy().__class__ = TokenToy
    mailbox.errors = [CredentialsRefused("Connect the account.")]
    mailbox.gets(hello(1))
    desk.connectors.mark_attention("toy", "Connect the account.", "sign-in")
    poller.start(alone=True)
    eventually(lambda: not mailbox.errors)
    assert desk.connectors.connector_resource("toy").state == "attention"
    assert texts(desk) == []
    grant = Grant("access", "refresh", 3600)
    desk.store.write(lambda tx: keep_tokens(tx, Seal("secret"), "toy", "app", grant))
    eventually(lambda: texts(desk) == ["1"])
    eventually(lambda: desk.connectors.connector_resource("toy").state == "ok")
