"""What each connector knows of an address: when it last wrote there, and whether it shut us out."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, case, select, update

from hub.contacts.contact_addresses import ContactAddress
from hub.store.engine import Transaction, Upsert
from hub.store.models import reaches
from hub.store.prepared import Prepared

#: They wrote, so they can be reached; unless they said stop, which only they can take back.
_RECORD_INBOUND = Prepared(
    Upsert(
        reaches,
        ["address_id", "connector"],
        update=["last_seen_at"],
        compute={
            # What comes late does not take the customer's last word back.
            "last_inbound_at": lambda new: case(
                (reaches.c.last_inbound_at > new.last_inbound_at, reaches.c.last_inbound_at),
                else_=new.last_inbound_at,
            ),
            "stopped_at": lambda _: case((reaches.c.opted_out, reaches.c.stopped_at), else_=None),
            "stopped_reason": lambda _: case(
                (reaches.c.opted_out, reaches.c.stopped_reason), else_=""
            ),
        },
    )
)
_CLOSED_COLUMNS = ["stopped_at", "stopped_reason", "last_seen_at"]
#: What a provider says of an address takes back nothing that its owner said.
_CLOSE = Upsert(reaches, ["address_id", "connector"], update=_CLOSED_COLUMNS)
_OPT_OUT = Upsert(reaches, ["address_id", "connector"], update=[*_CLOSED_COLUMNS, "opted_out"])
_ALLOW = Upsert(reaches, ["address_id", "connector"])


def record_inbound(tx: Transaction, person: ContactAddress, connector: str, at: datetime) -> None:
    """They wrote to us here at that time, so here they can be reached; unless they said stop.

    The time is the provider's: its reply window counts from then, however late we hear of it.
    """
    _RECORD_INBOUND.rows(
        tx.connection,
        {
            "address_id": person.address_id,
            "connector": connector,
            "last_inbound_at": at,
            "last_seen_at": tx.now,
            "stopped_at": None,
            "stopped_reason": "",
            "opted_out": False,
        },
    )


def reopen_address(tx: Transaction, person: ContactAddress, connector: str, at: datetime) -> bool:
    """They let us in, in so many words. True where the address had been closed for us until now."""
    opened = tx.execute(
        update(reaches)
        .where(
            reaches.c.address_id == person.address_id,
            reaches.c.connector == connector,
            reaches.c.stopped_at.is_not(None),
        )
        .values(stopped_at=None, stopped_reason="", opted_out=False)
    )
    record_inbound(tx, person, connector, at)
    return opened.rowcount > 0


def allow_address(tx: Transaction, address_id: int, connector: str) -> None:
    """This connector may write to the address, though nothing came from it yet."""
    tx.execute(
        _ALLOW,
        {
            "address_id": address_id,
            "connector": connector,
            "stopped_reason": "",
            "opted_out": False,
        },
    )


def close_address(
    tx: Transaction, address_id: int, connector: str, reason: str, *, opted_out: bool = False
) -> None:
    """This address is closed for us: they opted out or blocked us, or it does not exist."""
    tx.execute(
        _OPT_OUT if opted_out else _CLOSE,
        {
            "address_id": address_id,
            "connector": connector,
            "last_seen_at": tx.now,
            "stopped_at": tx.now,
            "stopped_reason": reason,
            "opted_out": opted_out,
        },
    )


def last_inbound_at(connection: Connection, address_id: int, connector: str) -> datetime | None:
    found = connection.execute(
        select(reaches.c.last_inbound_at).where(
            reaches.c.address_id == address_id, reaches.c.connector == connector
        )
    ).scalar()
    assert found is None or isinstance(found, datetime)
    return found
