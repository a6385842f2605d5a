"""Offers of other channels: which customers get one, when, and how often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from hub.config import load_config
from hub.handover import offers
from hub.store.models import reaches, visitor_sessions
from hub.transport.handover_offers import HandoverOffers
from tests.core.desk import Customer, Desk, at_once
from tests.core.steps import same_person

TEXT = {"en": "Go on here:\n{links}"}
DAY = timedelta(hours=24)


def told(desk: Desk, conversation_id: str) -> list[str]:
    return [one.text for one in desk.thread(conversation_id) if one.author.type == "system"]


def waits(desk: Desk, conversation_id: str, **how: float) -> None:
    desk.sets_conversation(conversation_id, queued_at=datetime.now(UTC) - timedelta(**how))


def due(desk: Desk, **more: object) -> list[int]:
    rules: dict[str, object] = {"after": timedelta(minutes=2), "pages": ["toy"], "windows": {}}
    with desk.store.read() as connection:
        found = offers.find_offer_candidates(connection, datetime.now(UTC), **(rules | more))  # type: ignore[arg-type]
    return [one.conversation_id for one in found]


def offers_it(desk: Desk, conversation_id: str) -> int:
    """Makes an offer in a conversation where it is due. Returns the number of handovers."""
    with desk.store.read() as connection:
        found = offers.find_offer_candidates(
            connection, datetime.now(UTC), timedelta(0), ["toy"], {}
        )
    (one,) = [each for each in found if str(each.conversation_id) == conversation_id]
    made = desk.store.write(lambda tx: offers.create_offered_handovers(tx, one, ["other"], DAY))
    return len(made)


def test_a_customer_who_waits_long_on_a_page_gets_an_offer(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    waits(desk, said.conversation_id, minutes=1)
    assert due(desk) == []
    waits(desk, said.conversation_id, minutes=3)
    assert due(desk) == [int(said.conversation_id)]
    assert due(desk, pages=["other"]) == []


def test_a_customer_who_waits_long_on_a_channel_with_a_window_gets_an_offer(
    desk: Desk, anna: Customer
) -> None:
    said = anna.says("Hello")
    waits(desk, said.conversation_id, minutes=3)
    assert due(desk, pages=[], windows={"toy": DAY}) == [int(said.conversation_id)]
    assert due(desk, pages=[], windows={"other": DAY}) == []


def test_a_conversation_with_an_assignee_gets_no_offer(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    waits(desk, said.conversation_id, minutes=3)
    desk.changes(said.conversation_id, assignee_id=desk.agent.id)
    assert due(desk) == []


def test_a_customer_with_another_proved_address_gets_no_offer(desk: Desk, anna: Customer) -> None:

    said = anna.says("Hello")
    there = desk.customer("there", "other")
    there.starts()
    waits(desk, said.conversation_id, minutes=3)
    same_person(desk, anna, there)
    assert due(desk) == []


@pytest.mark.parametrize(
    ("hours", "is_due"), [(1, False), (22.5, False), (23.5, True), (25, False)]
)
def test_an_offer_is_due_in_the_hour_before_a_window_closes(
    desk: Desk, anna: Customer, hours: float, is_due: bool
) -> None:
    said = anna.says("Hello")
    wrote = update(reaches).values(last_inbound_at=datetime.now(UTC) - timedelta(hours=hours))
    desk.store.write(lambda tx: tx.execute(wrote).rowcount)
    found = due(desk, pages=[], windows={"toy": DAY})
    assert found == ([int(said.conversation_id)] if is_due else [])


def test_an_offer_is_made_once(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    waits(desk, said.conversation_id, minutes=3)
    assert offers_it(desk, said.conversation_id) == 1
    assert due(desk) == []


def test_processes_at_once_make_one_offer(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    waits(desk, said.conversation_id, minutes=3)
    with desk.store.read() as connection:
        (one,) = offers.find_offer_candidates(
            connection, datetime.now(UTC), timedelta(0), ["toy"], {}
        )
    made = at_once(
        *[
            lambda: desk.store.write(
                lambda tx: offers.create_offered_handovers(tx, one, ["other"], DAY)
            )
        ]
        * 4
    )
    assert sorted(len(each) for each in made) == [0, 0, 0, 1]


def test_an_offer_has_the_links_and_does_not_count_as_an_answer(desk: Desk, anna: Customer) -> None:
    said = anna.says("Hello")
    before = desk.conversation(said.conversation_id)
    waits(desk, said.conversation_id, minutes=3)
    with desk.store.read() as connection:
        (one,) = offers.find_offer_candidates(
            connection, datetime.now(UTC), timedelta(0), ["toy"], {}
        )
    channel = desk.connectors.inbound_channel(desk.toy()).reply_channel
    desk.store.write(lambda tx: offers.send_offer(tx, one, channel, TEXT, "https://t.example/1"))
    assert told(desk, said.conversation_id) == ["Go on here:\nhttps://t.example/1"]
    after = desk.conversation(said.conversation_id)
    assert (after.waiting_since, after.unread_count) == (before.waiting_since, before.unread_count)


def test_no_offer_is_made_without_the_setting(desk: Desk, anna: Customer, tmp_path: Path) -> None:
    said = anna.says("Hello")
    waits(desk, said.conversation_id, hours=3)
    file = tmp_path / "connectors.yaml"
    file.write_text("connectors: {website: {kind: webchat}}\n")
    config = load_config(file, {})
    HandoverOffers(desk.store, desk.connectors, lambda: config).run()
    assert told(desk, said.conversation_id) == []


@pytest.mark.parametrize(("minutes", "is_due"), [(None, False), (1, False), (3, True)])
def test_a_customer_who_left_the_page_unanswered_gets_an_offer_there(
    desk: Desk, anna: Customer, minutes: float | None, is_due: bool
) -> None:
    said = anna.says("Hello")
    now = datetime.now(UTC)
    session = insert(visitor_sessions).values(
        token_digest="digest",
        connector="toy",
        visitor="anna",
        locale="",
        identity="",
        left_at=None if minutes is None else now - timedelta(minutes=minutes),
        created_at=now,
        expires_at=now + DAY,
    )
    desk.store.write(lambda tx: tx.execute(session).rowcount)
    assert due(desk) == ([int(said.conversation_id)] if is_due else [])
    desk.replies(said.conversation_id, "Good day")
    assert due(desk) == []
