"""Requests that are marked while they are read: one that ends processes is set aside."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import func, select

from hub.errors import EventUnreadable, Overloaded
from hub.inbound import intake
from hub.store.models import intake_marks, journal, messages
from hub.transport.gateway import Gateway
from hub.types import InboundMessage, WebhookRequest
from tests.core.desk import Desk
from tests.core.toys import Toy

REQUEST = WebhookRequest("POST", "", orjson.dumps([{"key": "1", "from": "anna", "text": "Hello"}]))
OTHER = WebhookRequest("POST", "", orjson.dumps([{"key": "2", "from": "anna", "text": "Other"}]))


class ProcessEnds(BaseException):
    """Stands for the end of the process: nothing after it runs."""


@pytest.fixture(autouse=True)
def marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Toy, "marks_requests", True)
    monkeypatch.setattr(intake, "LEAST_AGE", timedelta(0))


def count(desk: Desk, table: Any) -> int:
    with desk.store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def failed(desk: Desk) -> list[Any]:
    with desk.store.read() as connection:
        return list(connection.execute(select(journal).where(journal.c.status == "failed")).all())


def ends_while_it_reads(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process of its own begins to read the request and ends."""

    def ends(*_: Any) -> Any:
        raise ProcessEnds

    with monkeypatch.context() as patch, pytest.raises(ProcessEnds):
        patch.setattr(Toy, "parse", ends)
        Gateway(desk.store, desk.connectors).receive_request(desk.toy(), REQUEST)


def test_a_request_that_is_read_leaves_no_mark(desk: Desk) -> None:
    desk.gateway.receive_request(desk.toy(), REQUEST)
    assert count(desk, messages) == 1
    assert count(desk, intake_marks) == 0


def test_a_request_that_ended_one_process_is_read_by_the_next(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends_while_it_reads(desk, monkeypatch)
    assert count(desk, intake_marks) == 1
    desk.gateway.receive_request(desk.toy(), REQUEST)
    assert count(desk, messages) == 1
    assert count(desk, intake_marks) == 0


def test_a_request_that_ended_two_processes_is_set_aside_and_can_be_replayed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends_while_it_reads(desk, monkeypatch)
    ends_while_it_reads(desk, monkeypatch)
    desk.gateway.receive_request(desk.toy(), REQUEST)
    (entry,) = failed(desk)
    assert "ended 2 times" in entry.error
    assert entry.body == REQUEST.body
    assert count(desk, messages) == 0
    assert count(desk, intake_marks) == 0
    desk.gateway.receive_request(desk.toy(), OTHER)
    assert count(desk, messages) == 1
    assert desk.gateway.replay_entry(entry.id)
    assert count(desk, messages) == 2


def test_a_request_that_comes_again_while_it_is_read_counts_as_no_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "LEAST_AGE", timedelta(seconds=60))
    for _ in range(3):
        ends_while_it_reads(desk, monkeypatch)
    desk.gateway.receive_request(desk.toy(), REQUEST)
    assert count(desk, messages) == 1


def test_a_request_for_which_there_is_no_room_comes_again_and_leaves_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def has_no_room(*_: Any) -> Any:
        raise Overloaded

    with monkeypatch.context() as patch, pytest.raises(Overloaded):
        patch.setattr(Toy, "parse", has_no_room)
        desk.gateway.receive_request(desk.toy(), REQUEST)
    assert failed(desk) == [] and count(desk, intake_marks) == 0
    desk.gateway.receive_request(desk.toy(), REQUEST)
    assert count(desk, messages) == 1


def test_an_event_that_cannot_be_read_is_journaled_with_its_reason(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot_be_read(*_: Any) -> Any:
        raise EventUnreadable("The mail could not be read: it took more than 30 s.")

    monkeypatch.setattr(Toy, "parse", cannot_be_read)
    desk.gateway.receive_request(desk.toy(), REQUEST)
    assert [entry.error for entry in failed(desk)] == [
        "The mail could not be read: it took more than 30 s."
    ]


def test_html_that_no_connector_has_cleaned_is_cleaned_before_it_is_stored(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = desk.toy()
    html = "<p onclick=x>Hi</p><script>alert(1)</script><img src=cid:a>"
    event = InboundMessage(key="h", raw=b"x", address=toy.address("anna"), text="Hi", html=html)
    monkeypatch.setattr(Toy, "parse", lambda *_: [event])
    desk.gateway.receive_request(toy, REQUEST)
    with desk.store.read() as connection:
        row = connection.execute(select(messages.c.html, messages.c.html_is_clean)).one()
    assert row.html_is_clean and "<p>Hi</p>" in row.html
    assert "script" not in row.html and "onclick" not in row.html
