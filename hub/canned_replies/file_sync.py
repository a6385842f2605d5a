"""Writes the canned replies of the configuration file into the table. The file decides them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select, update

from hub.accounts import teams
from hub.config import Config
from hub.store.engine import Transaction
from hub.store.models import canned_replies


def sync_from_config(tx: Transaction, config: Config) -> None:
    """Makes the replies from the file what it says now; how often they were used stays.

    A reply that is in the file no more is deleted as if an admin had done it.
    """
    ids_of_teams = teams.team_ids(tx)
    rows = {
        _key(row._asdict()): row
        for row in tx.execute(select(canned_replies).where(canned_replies.c.is_from_file))
    }
    for entry in config.canned_replies:
        columns: dict[str, Any] = {
            "shortcut": entry.shortcut,
            "title": entry.title,
            "text": entry.text,
            "scope": "all" if entry.team is None else "team",
            "team_id": None if entry.team is None else ids_of_teams.get(entry.team),
            "language": entry.language or "",
            "kinds": sorted(set(entry.kinds)),
            "deleted_at": None,
        }
        row = rows.pop(_key(columns), None)
        if row is None:
            tx.execute(
                insert(canned_replies).values(
                    **columns,
                    owner="",
                    used=0,
                    is_from_file=True,
                    created_at=tx.now,
                    updated_at=tx.now,
                )
            )
        elif any(getattr(row, name) != value for name, value in columns.items()):
            tx.execute(
                update(canned_replies)
                .where(canned_replies.c.id == row.id)
                .values(**columns, updated_at=tx.now)
            )
    for row in rows.values():
        if row.deleted_at is None:
            tx.execute(
                update(canned_replies)
                .where(canned_replies.c.id == row.id)
                .values(deleted_at=tx.now, updated_at=tx.now)
            )


def _key(columns: dict[str, Any]) -> tuple[Any, ...]:
    """What makes an entry the same one after an edit of its title or text."""
    return (
        columns["shortcut"],
        columns["team_id"],
        columns["language"],
        tuple(columns["kinds"]),
    )
