"""Where events come in: the provider's answer, and what becomes of what cannot be processed."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from hub.errors import NotFound, PayloadInvalid, WebhookRejected
from hub.inbound.journal import summarize
from hub.store.engine import Store
from hub.store.models import journal, messages
from hub.types import WebhookReply, WebhookRequest
from tests.core.desk import Desk, at_once

HELLO = {"key": "1", "from": "anna", "text": "Hello"}
AGAIN = {"key": "2", "from": "anna", "text": "Hello again"}
POISON = {"key": "3", "from": "anna", "text": "Poison", "poison": True}


def failed(desk: Desk) -> list[Any]:
    return _entries(desk, "failed")


def ignored(desk: Desk) -> list[Any]:
    return _entries(desk, "ignored")


def _entries(desk: Desk, status: str) -> list[Any]:
    with desk.store.read() as connection:
        return list(connection.execute(select(journal).where(journal.c.status == status)).all())


def test_every_event_of_a_request_comes_in(desk: Desk) -> None:
    desk.posts(HELLO, AGAIN)
    assert [one.text for one in desk.thread(desk.only_conversation().id)] == [
        "Hello",
        "Hello again",
    ]


def test_listeners_hear_of_what_is_new_once(desk: Desk) -> None:
    heard: list[str] = []
    desk.gateway.on_received(lambda connector, event, received: heard.append(event.key))
    desk.posts(HELLO)
    desk.posts(HELLO, AGAIN)
    assert heard == ["1", "2"]


def test_an_event_that_fails_is_kept_and_hinders_no_other(desk: Desk) -> None:
    desk.posts(HELLO, POISON, AGAIN)
    assert len(desk.thread(desk.only_conversation().id)) == 2
    (row,) = failed(desk)
    assert (row.key, row.connector) == ("3", "toy")
    assert b"Poison" in row.body
    assert "Poison" not in row.error


def test_the_provider_hears_yes_all_the_same(desk: Desk) -> None:
    import orjson

    request = WebhookRequest("POST", "", orjson.dumps([POISON]))
    assert desk.gateway.answer_webhook("toy", request) == WebhookReply()


def test_what_failed_and_comes_again_is_kept_once(desk: Desk) -> None:
    desk.posts(POISON)
    desk.posts(POISON)
    assert len(failed(desk)) == 1


def test_a_replay_after_the_mistake_was_mended_brings_the_message(desk: Desk) -> None:
    desk.toy().processing_breaks = True
    desk.posts(HELLO)
    (row,) = failed(desk)
    assert not desk.gateway.replay_entry(row.id)
    assert len(failed(desk)) == 1
    desk.toy().processing_breaks = False
    assert desk.gateway.replay_entry(row.id)
    assert [one.text for one in desk.thread(desk.only_conversation().id)] == ["Hello"]
    assert failed(desk) == []


def test_a_replay_works_once(desk: Desk) -> None:
    desk.toy().processing_breaks = True
    desk.posts(HELLO)
    (row,) = failed(desk)
    desk.toy().processing_breaks = False
    assert at_once(*[lambda: desk.gateway.replay_entry(row.id)] * 4) == [True] * 4
    assert desk.gateway.replay_entry(row.id)
    assert desk.count(messages) == 1


def test_a_request_that_broke_the_parser_is_kept_whole(desk: Desk) -> None:
    desk.toy().parser_breaks = True
    desk.posts(HELLO, AGAIN)
    (row,) = failed(desk)
    assert b"Hello again" in row.body
    desk.toy().parser_breaks = False
    assert desk.gateway.replay_entry(row.id)
    assert len(desk.thread(desk.only_conversation().id)) == 2


def test_a_replay_that_fails_half_way_brings_nothing_twice(desk: Desk) -> None:
    desk.toy().parser_breaks = True
    desk.posts(HELLO, {**AGAIN, "poison": True})
    (row,) = failed(desk)
    desk.toy().parser_breaks = False
    assert not desk.gateway.replay_entry(row.id)
    assert not desk.gateway.replay_entry(row.id)
    assert desk.count(messages) <= 1


def test_a_replay_of_what_came_in_meanwhile_brings_nothing_twice(desk: Desk) -> None:
    """A polled update is read again after a crash, with the mended parser."""
    desk.toy().parser_breaks = True
    desk.posts(HELLO, AGAIN)
    (row,) = failed(desk)
    desk.toy().parser_breaks = False
    desk.posts(HELLO)
    assert desk.gateway.replay_entry(row.id)
    assert desk.count(messages) == 2


def test_a_replay_of_nothing_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.gateway.replay_entry(4711)


def test_a_request_that_is_not_of_the_providers_form_is_kept_and_answered(desk: Desk) -> None:
    request = WebhookRequest("POST", "", b"not JSON")
    assert desk.gateway.answer_webhook("toy", request) == WebhookReply()
    (row,) = failed(desk)
    assert (row.body, row.error) == (b"not JSON", "not JSON")


def test_a_request_without_a_body_is_refused(desk: Desk) -> None:
    with pytest.raises(PayloadInvalid):
        desk.gateway.answer_webhook("toy", WebhookRequest("POST", "", b""))


def test_a_request_that_is_of_no_use_is_kept_with_its_reason(desk: Desk) -> None:
    desk.posts({**HELLO, "ignored": "a sticker was moved"})
    (row,) = ignored(desk)
    assert (row.error, b"Hello" in row.body) == ("a sticker was moved", True)
    assert desk.count(messages) == 0


def test_an_event_of_no_use_beside_a_good_one_is_kept_alone(desk: Desk) -> None:
    desk.posts(HELLO, {**AGAIN, "ignored_alone": "a sticker was moved"})
    (row,) = ignored(desk)
    assert (row.error, b"Hello again" in row.body) == ("a sticker was moved", True)
    assert desk.count(messages) == 1


def test_an_ignored_event_that_is_read_since_an_update_comes_in_by_a_replay(desk: Desk) -> None:
    desk.toy().ignores = "of a new kind"
    desk.posts(HELLO)
    (row,) = ignored(desk)
    assert desk.gateway.replay_entry(row.id)
    assert len(ignored(desk)) == 1
    desk.toy().ignores = ""
    assert desk.gateway.replay_entry(row.id)
    assert [message.text for message in desk.thread(desk.only_conversation().id)] == ["Hello"]
    assert ignored(desk) == []


def test_the_summary_of_the_journal_counts_what_failed_and_what_was_ignored(desk: Desk) -> None:
    desk.posts(HELLO, POISON)
    desk.posts({**AGAIN, "ignored": "a sticker was moved"})
    with desk.store.read() as connection:
        summaries = summarize(connection)
    summary = summaries["toy"]
    assert list(summaries) == ["toy"]
    assert (summary.failed, summary.ignored) == (1, 1)
    assert (summary.last_status, summary.last_reason) == ("ignored", "a sticker was moved")


def test_a_connector_that_nobody_configured_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.gateway.answer_webhook("nope", WebhookRequest("POST", "", b"[]"))


def test_asking_a_webhook_by_get_is_refused(desk: Desk) -> None:
    with pytest.raises(WebhookRejected) as refused:
        desk.gateway.answer_webhook("toy", WebhookRequest("GET", "", b""))
    assert refused.value.status == 405


def test_without_a_database_the_provider_hears_try_again(
    sqlite_store: Store, tmp_path: Path
) -> None:
    """Another program holds the database: nothing can be written, so nothing is confirmed."""
    desk = Desk(sqlite_store, tmp_path)
    writer = sqlite_store._writer
    assert writer is not None
    writer.connection.driver_connection.execute("PRAGMA busy_timeout = 0")  # type: ignore[union-attr]
    other = sqlite3.connect(str(sqlite_store.engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError):
        desk.posts(HELLO)
    other.execute("ROLLBACK")
    other.close()
    desk.posts(HELLO)
    with sqlite_store.read() as connection:
        assert connection.execute(select(journal.c.status)).scalars().all() == ["done"]
