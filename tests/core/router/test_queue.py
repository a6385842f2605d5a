"""What waits: in which order, at which place, for how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.conversations import publishing
from hub.router.queue import notices, places
from hub.schema.events import QueueChanged
from tests.core.router.office import Office
from tests.core.toys import a_moment_ago


def test_the_queue_is_served_by_priority_then_by_waiting(office: Office) -> None:
    mari = office.hires("Mari", online=False, capacity=1.0)
    late, early, urgent = (office.waits(name) for name in ("late", "early", "urgent"))
    office.assigns()
    base = datetime.now(UTC).replace(minute=5, second=0, microsecond=0)
    office.sets(late, queued_at=base + timedelta(seconds=9))
    office.sets(early, queued_at=base)
    office.sets(urgent, queued_at=base + timedelta(seconds=30), priority="urgent")
    served = []
    office.comes(mari)
    for _ in range(3):
        office.assigns()
        now = next(one for one in (late, early, urgent) if office.has(one) == "Mari")
        served.append(now)
        office.changes(now, mari, assignee_id=None)
        office.sets(now, status="resolved")
    assert served == [urgent, early, late]


def test_a_long_wait_goes_before_a_newer_urgent_conversation(office: Office) -> None:
    mari = office.hires("Mari", online=False, capacity=1.0)
    old, urgent = office.waits("old"), office.waits("urgent")
    office.assigns()
    office.sets(old, queued_at=a_moment_ago(hours=1), priority="low")
    office.sets(urgent, priority="urgent")
    office.comes(mari)
    office.assigns()
    assert (office.has(old), office.has(urgent)) == ("Mari", None)


def place_of(office: Office, conversation: str) -> int | None:
    with office.store.read() as connection:
        found = places.find_place(connection, int(conversation), office.config.assignment.order)
    return None if found is None else found.position


def test_a_place_moves_up_and_is_kept_on_another_channel(office: Office) -> None:
    mari = office.hires("Mari", online=False)
    first, second, third = (office.waits(name) for name in ("a", "b", "c"))
    office.assigns()
    assert [place_of(office, one) for one in (first, second, third)] == [1, 2, 3]
    elsewhere = office.desk.customer("b elsewhere", "other")
    elsewhere.starts()
    office.desk.links_up(office.customer("b"), elsewhere)
    assert elsewhere.says("Here I am now").conversation_id == second
    office.assigns()
    assert place_of(office, second) == 2
    office.changes(first, mari, assignee_id=mari)
    assert [place_of(office, one) for one in (first, second, third)] == [None, 1, 2]


def test_the_wait_is_estimated_from_the_last_assignments(office: Office) -> None:
    mari = office.hires("Mari", online=False)
    served = [office.waits(f"served {number}") for number in range(3)]
    office.assigns()
    for one in served:
        office.sets(one, queued_at=a_moment_ago(seconds=120))
    office.comes(mari)
    office.assigns()
    for one in served:
        office.answers(one, mari)
    office.goes(mari)
    found = office.waits("anna")
    office.assigns()
    with office.store.read() as connection:
        place = places.find_place(connection, int(found), office.config.assignment.order)
    assert place is not None
    assert place.position == 1
    assert place.wait_seconds is not None
    assert 100 <= place.wait_seconds <= 140


def test_a_customer_on_the_web_chat_is_told_their_place_when_it_changes(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(publishing, "has_pages", lambda kind: kind == "toy")
    mari = office.hires("Mari", online=False)
    first, second = office.waits("a"), office.waits("b")

    def told() -> list[tuple[str, int]]:
        return [
            (event.address.path, event.payload.position)
            for event in office.desk.events
            if isinstance(event.payload, QueueChanged) and event.address is not None
        ]

    office.assigns()
    office.assigns()
    assert sorted(told()) == [("a", 1), ("b", 2)]
    office.changes(first, mari, assignee_id=mari)
    office.assigns()
    assert told()[2:] == [("b", 1)]
    assert place_of(office, second) == 1
