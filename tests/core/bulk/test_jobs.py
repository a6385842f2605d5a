"""Changes of many conversations: each is changed once, and one that fails stops no other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from hub.accounts.principal import Principal
from hub.bulk import jobs
from hub.bulk.worker import BulkWorker
from hub.conversations import actions
from hub.errors import Forbidden, Invalid, NotFound
from hub.schema import resources
from hub.schema.events import JobUpdated
from hub.store.models import bulk_jobs, bulk_targets
from hub.undo import undoing
from tests.core.desk import Desk, at_once


def principal(desk: Desk, agent_id: int | None = None, role: str = "agent") -> Principal:
    agent = resources.Agent(
        id=agent_id or desk.agent.id,
        name="Kadri",
        email="kadri@example.org",
        role="agent",
        presence="online",
        avatar_url="",
    )
    return Principal("Kadri", role, agent)


def begin(desk: Desk, ids: Any, **change: Any) -> int:
    numbers = [int(id_) for id_ in ids]
    return desk.store.write(lambda tx: jobs.begin_job(tx, numbers, change, principal(desk)))


def job(desk: Desk, job_id: int) -> resources.Job:
    with desk.store.read() as connection:
        return jobs.get_job(connection, job_id, principal(desk))


def several(desk: Desk, count: int) -> list[str]:
    return [desk.customer(f"c{n}").says(f"hello {n}").conversation_id for n in range(count)]


def works(desk: Desk) -> None:
    BulkWorker(desk.store).run()


def test_every_conversation_is_changed_and_the_last_one_ends_the_job(desk: Desk) -> None:
    ids = several(desk, 5)
    for id_ in ids[:2]:
        desk.changes(id_, labels=["old", "vip"])
    job_id = begin(desk, ids, status="pending", labels_add=["vip", "new"], labels_remove=["old"])
    before = job(desk, job_id)
    assert (before.total, before.done, before.finished_at) == (5, 0, None)
    works(desk)
    after = job(desk, job_id)
    assert (after.total, after.done, after.failed) == (5, 5, [])
    assert after.finished_at is not None
    for id_ in ids:
        changed = desk.conversation(id_)
        assert (changed.status, changed.labels) == ("pending", ["vip", "new"])
    told = [event for event in desk.events if isinstance(event.payload, JobUpdated)]
    assert {event.agent_id for event in told} == {desk.agent.id}
    assert told[-1].payload.job.done == 5  # type: ignore[union-attr]


def test_one_that_fails_is_listed_and_stops_no_other(desk: Desk) -> None:
    anna = desk.customer("anna")
    closed = anna.says("one").conversation_id
    desk.changes(closed, status="resolved")
    others = several(desk, 2)
    opened = _another_open_one(desk, anna, closed)
    job_id = begin(desk, [others[0], closed, 999_999, others[1]], status="open", priority="high")
    works(desk)
    after = job(desk, job_id)
    assert (after.done, [failure.id for failure in after.failed]) == (2, [closed, "999999"])
    assert all(failure.reason.endswith(".") for failure in after.failed)
    assert [desk.conversation(id_).priority for id_ in others] == ["high", "high"]
    assert desk.conversation(opened).priority == "normal"


def _another_open_one(desk: Desk, anna: Any, closed: str) -> str:
    """A second conversation of a customer, with which the closed one cannot be opened again."""
    from hub.store.models import conversations

    statement = update(conversations).where(conversations.c.id == int(closed))

    def ages(tx: Any) -> None:
        tx.execute(statement.values(resolved_at=tx.now - timedelta(days=30)))

    desk.store.write(ages)
    opened: str = anna.says("two").conversation_id
    assert opened != closed
    return opened


def test_a_mistake_of_the_hub_in_one_conversation_stops_no_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = several(desk, 3)
    real = actions.change_conversation

    def breaks(tx: Any, conversation_id: int, *arguments: Any) -> Any:
        if conversation_id == int(ids[1]):
            raise KeyError("a mistake")
        return real(tx, conversation_id, *arguments)

    monkeypatch.setattr(actions, "change_conversation", breaks)
    job_id = begin(desk, ids, priority="low")
    works(desk)
    after = job(desk, job_id)
    assert (after.done, [failure.id for failure in after.failed]) == (2, [ids[1]])


def test_a_job_that_a_crash_interrupts_goes_on_behind_the_last_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = several(desk, 6)
    job_id = begin(desk, ids, priority="urgent")
    real = jobs.change_next
    changed: list[int] = []

    def crashes(tx: Any, job: Any, position: int, conversation_id: int) -> None:
        if position == 3 and len(changed) == 3:
            raise SystemExit
        real(tx, job, position, conversation_id)
        changed.append(conversation_id)

    monkeypatch.setattr(jobs, "change_next", crashes)
    with pytest.raises(SystemExit):
        works(desk)
    assert job(desk, job_id).done == 3
    monkeypatch.setattr(jobs, "change_next", lambda *a, **k: (changed.append(0), real(*a, **k))[1])
    works(desk)
    assert job(desk, job_id).done == 6
    assert len(changed) == 6


def test_two_workers_change_each_conversation_once(desk: Desk) -> None:
    ids = several(desk, 12)
    job_id = begin(desk, ids, priority="urgent")
    at_once(lambda: works(desk), lambda: works(desk))
    works(desk)
    assert (job(desk, job_id).done, job(desk, job_id).failed) == (12, [])
    for id_ in ids:
        events = [message for message in desk.thread(id_, events=True) if message.type == "event"]
        assert len(events) == 1


def test_a_job_is_undone_as_one(desk: Desk) -> None:
    ids = several(desk, 3)
    job_id = begin(desk, ids, priority="urgent", status="resolved")
    works(desk)
    undoing.undo(desk.store, int(job(desk, job_id).undo), principal(desk))
    for id_ in ids:
        assert (desk.conversation(id_).priority, desk.conversation(id_).status) == (
            "normal",
            "open",
        )


def test_a_job_that_is_stopped_leaves_the_rest(desk: Desk) -> None:
    ids = several(desk, 2)
    job_id = begin(desk, ids, priority="urgent")
    desk.store.write(lambda tx: jobs.stop_job(tx, job_id, principal(desk)))
    works(desk)
    assert (job(desk, job_id).done, desk.conversation(ids[0]).priority) == (0, "normal")


def test_a_large_job_holds_up_no_small_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.bulk.worker.TURN", 2)
    ids = several(desk, 6)
    large, small = begin(desk, ids[:5], priority="low"), begin(desk, ids[5:], priority="high")
    order: list[int] = []
    real = jobs.change_next

    def notes(tx: Any, job: Any, **more: Any) -> None:
        order.append(job.id)
        real(tx, job, **more)

    monkeypatch.setattr(jobs, "change_next", notes)
    works(desk)
    assert order == [large, large, small, large, large, large]


def test_what_would_fail_for_each_is_refused_at_once(desk: Desk) -> None:
    ids = several(desk, 1)
    for change in (
        {},
        {"assignee_id": 4711},
        {"team_id": 4711},
        {"status": "snoozed"},
    ):
        with pytest.raises(Invalid) as refused:
            begin(desk, ids, **change)
        assert (refused.value.field or "").startswith("change")


def test_a_repeated_id_is_changed_once_and_no_id_ends_at_once(desk: Desk) -> None:
    ids = several(desk, 1)
    assert job(desk, begin(desk, [ids[0], ids[0]], priority="low")).total == 1
    nothing = job(desk, begin(desk, [], priority="low"))
    assert (nothing.total, nothing.finished_at is None) == (0, False)


def test_a_job_is_seen_by_its_author_and_by_admins_alone(desk: Desk) -> None:
    other = desk.hires("Other").id
    job_id = begin(desk, several(desk, 1), priority="low")
    stranger, admin = principal(desk, other), principal(desk, other, "admin")
    with desk.store.read() as connection:
        assert jobs.get_job(connection, job_id, admin).total == 1
        with pytest.raises(NotFound):
            jobs.get_job(connection, job_id, stranger)
    with pytest.raises(Forbidden):
        desk.store.write(lambda tx: jobs.stop_job(tx, job_id, stranger))


def test_targets_are_read_chunk_by_chunk(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "CHUNK", 2)
    ids = several(desk, 5)
    job_id = begin(desk, ids, priority="low")
    with desk.store.read() as connection:
        rows = connection.execute(select(bulk_targets.c.begin)).scalars().all()
        assert sorted(rows) == [0, 2, 4]
        assert jobs.targets_from(connection, job_id, 3) == [int(ids[3])]
    works(desk)
    assert job(desk, job_id).done == 5


def test_old_jobs_are_deleted(desk: Desk) -> None:
    job_id = begin(desk, [*several(desk, 1), "999999"], priority="low")
    works(desk)
    desk.store.write(jobs.delete_old_jobs)
    assert job(desk, job_id).done == 1
    statement = update(bulk_jobs)
    desk.store.write(
        lambda tx: tx.execute(statement.values(finished_at=tx.now - timedelta(days=8)))
    )
    desk.store.write(jobs.delete_old_jobs)
    with pytest.raises(NotFound):
        job(desk, job_id)


@contextmanager
def working(desk: Desk) -> Iterator[BulkWorker]:
    worker = BulkWorker(desk.store)
    worker.start()
    yield worker
    worker.stop()


def test_a_job_is_begun_as_soon_as_it_is_asked_for(desk: Desk) -> None:
    with working(desk):
        job_id = begin(desk, several(desk, 2), priority="low")
        desk.waits_for(
            lambda: any(
                isinstance(event.payload, JobUpdated)
                and event.payload.job.id == str(job_id)
                and event.payload.job.finished_at
                for event in desk.events
            )
        )
    for thread in threading.enumerate():
        if thread.name == "bulk":
            thread.join(5)
