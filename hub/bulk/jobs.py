"""Jobs: which conversations are to be changed and how, and how far that is.

The conversations are fixed when a job begins. Each is changed in a transaction of its own, which
also notes that it is over, so a job that was interrupted goes on behind the last one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from hub.accounts.principal import Principal
from hub.conversations import actions, lifecycle
from hub.conversations.column_json import dump_columns, load_columns
from hub.errors import Forbidden, HubError, Invalid, NotFound
from hub.schema import resources
from hub.schema.author import Author
from hub.schema.events import Event, JobUpdated
from hub.store.engine import Transaction
from hub.store.models import agents, bulk_failures, bulk_jobs, bulk_targets, teams
from hub.undo import recording

#: How many conversations one job changes.
MOST_TARGETS = 20_000
#: Conversations in one row of targets.
CHUNK = 500
#: How many failures an answer lists, and an event of progress.
MOST_FAILURES, MOST_TOLD = 1000, 20
#: How many conversations lie between two events of progress.
TOLD_EVERY = 20
KEPT_FOR = timedelta(days=7)


class PositionTaken(Exception):
    """Another process has worked on this job meanwhile."""


def begin_job(
    tx: Transaction,
    conversation_ids: Sequence[int],
    change: Mapping[str, Any],
    principal: Principal,
) -> int:
    """Begins a job. Returns its id.

    Args:
        change: columns of conversations, and `labels_add` and `labels_remove`.

    Raises:
        Invalid: nothing to change, or an agent or a team that is not there, or too many.
    """
    _check(tx, change)
    targets = list(dict.fromkeys(conversation_ids))
    if len(targets) > MOST_TARGETS:
        raise Invalid(f"At most {MOST_TARGETS} conversations at once.", "filter")
    author = principal.author
    undo_id = recording.begin_record(tx, f"{len(targets)} conversations", author)
    statement = insert(bulk_jobs).values(
        author_id=author.id,
        author_name=author.name,
        change=dump_columns(change),
        undo_id=undo_id,
        total=len(targets),
        position=0,
        failed=0,
        created_at=tx.now,
        finished_at=None if targets else tx.now,
    )
    job_id = int(tx.execute(statement.returning(bulk_jobs.c.id)).scalar_one())
    chunks = [
        {"job_id": job_id, "begin": begin, "conversation_ids": targets[begin : begin + CHUNK]}
        for begin in range(0, len(targets), CHUNK)
    ]
    if chunks:
        tx.execute(insert(bulk_targets), chunks)
    _publish(tx, job_id)
    return job_id


def get_job(connection: Connection, job_id: int, principal: Principal) -> resources.Job:
    """A job of one's own; an admin sees all. Raises NotFound."""
    row = connection.execute(select(bulk_jobs).where(bulk_jobs.c.id == job_id)).first()
    if row is None or not _may_see(row, principal):
        raise NotFound("There is no such job, or it is longer ago than a week.")
    return _job_from_row(connection, row, MOST_FAILURES)


def stop_job(tx: Transaction, job_id: int, principal: Principal) -> None:
    """Ends a job where it is. Raises NotFound, Forbidden."""
    row = tx.execute(select(bulk_jobs).where(bulk_jobs.c.id == job_id)).first()
    if row is None:
        raise NotFound("There is no such job, or it is longer ago than a week.")
    if not _may_see(row, principal):
        raise Forbidden("Only the one who began it, or an admin, can stop it.")
    tx.execute(
        update(bulk_jobs)
        .where(bulk_jobs.c.id == job_id, bulk_jobs.c.finished_at.is_(None))
        .values(finished_at=tx.now)
    )
    _publish(tx, job_id)


def unfinished_jobs(connection: Connection) -> list[Row[Any]]:
    """The jobs that are under way, the first that began first."""
    rows = connection.execute(
        select(bulk_jobs).where(bulk_jobs.c.finished_at.is_(None)).order_by(bulk_jobs.c.id)
    )
    return list(rows.all())


def targets_from(connection: Connection, job_id: int, position: int) -> list[int]:
    """The conversations of a job from a position on, as far as one row of targets has them."""
    begin = position - position % CHUNK
    ids = connection.execute(
        select(bulk_targets.c.conversation_ids).where(
            bulk_targets.c.job_id == job_id, bulk_targets.c.begin == begin
        )
    ).scalar()
    return list(ids or [])[position - begin :]


def change_next(tx: Transaction, job: Row[Any], position: int, conversation_id: int) -> None:
    """Changes one conversation of a job, and notes that it is over.

    Raises:
        HubError: it cannot be changed; nothing is noted.
        PositionTaken: another process did it.
    """
    author = Author("agent", job.author_id, job.author_name)
    changes = load_columns(job.change)

    def change() -> None:
        columns = _columns_for(tx, conversation_id, changes)
        actions.change_conversation(tx, conversation_id, columns, author)

    recording.record_changes(tx, job.undo_id, conversation_id, change)
    _advance(tx, job.id, position)


def note_failure(
    tx: Transaction, job_id: int, position: int, conversation_id: int, error: Exception
) -> None:
    """Notes that one conversation of a job was not changed. Raises PositionTaken."""
    is_ours = not isinstance(error, HubError)
    reason = "A mistake of the hub; its log says which." if is_ours else str(error)
    tx.execute(
        insert(bulk_failures).values(
            job_id=job_id, position=position, conversation_id=conversation_id, reason=reason
        )
    )
    _advance(tx, job_id, position, failed=1)


def delete_old_jobs(tx: Transaction) -> None:
    """Deletes jobs that ended a week ago."""
    old = select(bulk_jobs.c.id).where(bulk_jobs.c.finished_at < tx.now - KEPT_FOR)
    tx.execute(delete(bulk_targets).where(bulk_targets.c.job_id.in_(old)))
    tx.execute(delete(bulk_failures).where(bulk_failures.c.job_id.in_(old)))
    tx.execute(delete(bulk_jobs).where(bulk_jobs.c.finished_at < tx.now - KEPT_FOR))


def _advance(tx: Transaction, job_id: int, position: int, failed: int = 0) -> None:
    # The last lock that a transaction takes: see `hub.store.lock_order`.
    row = tx.execute(
        update(bulk_jobs)
        .where(
            bulk_jobs.c.id == job_id,
            bulk_jobs.c.position == position,
            bulk_jobs.c.finished_at.is_(None),
        )
        .values(position=position + 1, failed=bulk_jobs.c.failed + failed)
        .returning(bulk_jobs.c.total)
    ).first()
    if row is None:
        raise PositionTaken
    is_last = position + 1 >= row.total
    if is_last:
        tx.execute(update(bulk_jobs).where(bulk_jobs.c.id == job_id).values(finished_at=tx.now))
    if is_last or (position + 1) % TOLD_EVERY == 0:
        _publish(tx, job_id)


def _columns_for(
    tx: Transaction, conversation_id: int, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """The columns that change in one conversation."""
    columns = dict(changes)
    added, removed = columns.pop("labels_add", []), columns.pop("labels_remove", [])
    if added or removed:
        labels = lifecycle.lock_conversation(tx, conversation_id).labels
        columns["labels"] = [label for label in (*labels, *added) if label not in removed]
    return columns


def _check(tx: Transaction, change: Mapping[str, Any]) -> None:
    """Raises Invalid: what would fail for each conversation alike."""
    if not change:
        raise Invalid("Say what to change.", "change")
    agent_id, team_id = change.get("assignee_id"), change.get("team_id")
    is_enabled = (agents.c.id == agent_id) & agents.c.disabled_at.is_(None)
    if agent_id is not None and not tx.execute(select(agents.c.id).where(is_enabled)).first():
        raise Invalid("There is no such agent.", "change.assignee_id")
    if (
        team_id is not None
        and not tx.execute(select(teams.c.id).where(teams.c.id == team_id)).first()
    ):
        raise Invalid("There is no such team.", "change.team")
    if change.get("status") == "snoozed" and change.get("snoozed_until") is None:
        raise Invalid("Say until when: set snoozed_until.", "change.snoozed_until")


def _may_see(job: Row[Any], principal: Principal) -> bool:
    return principal.role == "admin" or job.author_id == principal.agent_id


def _publish(tx: Transaction, job_id: int) -> None:
    row = tx.execute(select(bulk_jobs).where(bulk_jobs.c.id == job_id)).one()
    job = _job_from_row(tx.connection, row, MOST_TOLD)
    tx.publish(Event(JobUpdated(job=job), agent_id=row.author_id))


def _job_from_row(connection: Connection, row: Row[Any], most: int) -> resources.Job:
    failures: Sequence[Row[Any]] = []
    if row.failed:
        failures = connection.execute(
            select(bulk_failures)
            .where(bulk_failures.c.job_id == row.id)
            .order_by(bulk_failures.c.position)
            .limit(most)
        ).all()
    return resources.Job(
        id=row.id,
        total=row.total,
        done=row.position - row.failed,
        failed=[
            resources.JobFailure(id=failure.conversation_id, reason=failure.reason)
            for failure in failures
        ],
        undo=row.undo_id,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
