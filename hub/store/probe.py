"""Tries whether a database stores."""

from __future__ import annotations

from sqlalchemy import text

from hub.store.engine import Store, Transaction

#: More than the pages that a full database may still have free.
_CHARACTERS = 512 * 1024


def probe(store: Store) -> None:
    """Writes something and deletes it; `store.state` tells the outcome.

    Raises:
        DBAPIError: the database does not store.
    """

    def work(tx: Transaction) -> None:
        tx.execute(text("CREATE TABLE hub_probe (value TEXT)"))
        tx.execute(text("INSERT INTO hub_probe VALUES (:value)"), {"value": "x" * _CHARACTERS})
        tx.execute(text("DROP TABLE hub_probe"))

    store.write(work)
