"""The hub's own id, made at the first start: it tells hubs apart that share a Redis server."""

from __future__ import annotations

import secrets

from sqlalchemy import select

from hub.store.engine import Store, Transaction, Upsert
from hub.store.models import hub_identities

_KEEP_FIRST = Upsert(hub_identities, ["id"])


def read_or_create_hub_id(store: Store) -> str:
    """The id of the hub that a database belongs to; processes that start together agree on it."""
    with store.read() as connection:
        hub_id = connection.execute(select(hub_identities.c.hub_id)).scalar()
    return hub_id or store.write(_create)


def _create(tx: Transaction) -> str:
    tx.execute(_KEEP_FIRST, {"id": 1, "hub_id": secrets.token_hex(8), "created_at": tx.now})
    hub_id = tx.execute(select(hub_identities.c.hub_id)).scalar_one()
    assert isinstance(hub_id, str)
    return hub_id
