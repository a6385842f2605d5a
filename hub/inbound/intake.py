"""Marks of requests that are being processed, so that one that ends the process is noticed.

A mark is on disk before the request is read and is removed after it. A mark that another process
left behind means that the process ended meanwhile. A request that did that twice is set aside.
"""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

from sqlalchemy import delete, func, select

from hub.store.engine import Transaction, Upsert
from hub.store.models import intake_marks

#: After so many processes have ended over a request it is set aside.
MAX_ENDS = 2
#: A younger mark of another process may be at work at this moment: requests come twice.
LEAST_AGE = timedelta(seconds=2)
#: A sender that has not tried again by then never will.
FORGOTTEN_AFTER = timedelta(days=30)
#: The bytes at each end of a body that its digest covers: a digest of all would take long.
SAMPLE = 65_536

_ADD = Upsert(intake_marks, ["connector", "digest", "owner"])


def digest_of(body: bytes) -> str:
    """A short name for a body, the same whenever it comes again."""
    return sha256(b"%d:" % len(body) + body[:SAMPLE] + body[-SAMPLE:]).hexdigest()


def begin(tx: Transaction, connector: str, digest: str, owner: str) -> bool:
    """Marks a request as being processed.

    Args:
        connector: its name.
        owner: an id of this process, new at each start.

    Returns:
        Whether the request may be processed; false where it ended `MAX_ENDS` processes.
    """
    marks = intake_marks.c
    tx.execute(delete(intake_marks).where(marks.begun_at < tx.now - FORGOTTEN_AFTER))
    ends = tx.execute(
        select(func.count()).where(
            marks.connector == connector,
            marks.digest == digest,
            marks.owner != owner,
            marks.begun_at < tx.now - LEAST_AGE,
        )
    ).scalar_one()
    values = {"connector": connector, "digest": digest, "owner": owner, "begun_at": tx.now}
    tx.execute(_ADD, values)
    return int(ends) < MAX_ENDS


def end(tx: Transaction, connector: str, digest: str) -> None:
    """Removes every mark of a request: it was processed or set aside."""
    marks = intake_marks.c
    tx.execute(delete(intake_marks).where(marks.connector == connector, marks.digest == digest))
