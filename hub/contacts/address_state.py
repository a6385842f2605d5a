"""The state of an address at a connector: its last inbound message, and whether it is closed.

An address is closed for a connector when the customer opted out or blocked us, or when the provider
says that it does not exist. Nothing is sent to a closed address.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, case, select, update

from hub.contacts.contact_addresses import ContactAddress
from hub.store.engine import Transaction, Upsert
from hub.store.models import reaches
from hub.store.prepared import Prepared

#: A message opens the address, unless the customer opted out: that only the customer takes back.
_RECORD_INBOUND = Prepared(
    Upsert(
        reaches,
        ["address_id", "connector"],
        update=["last_seen_at"],
        compute={
            # A message that arrives late does not set the time back.
            "last_inbound_at": lambda new: case(
                (reaches.c.last_inbound_at > new.last_inbound_at, reaches.c.last_inbound_at),
                else_=new.last_inbound_at,
            ),
            "topic": lambda new: case(
                (reaches.c.last_inbound_at > new.last_inbound_at, reaches.c.topic), else_=new.topic
            ),
            "stopped_at": lambda _: case((reaches.c.opted_out, reaches.c.stopped_at), else_=None),
            "stopped_reason": lambda _: case(
                (reaches.c.opted_out, reaches.c.stopped_reason), else_=""
            ),
        },
    )
)
_CLOSED_COLUMNS = ["stopped_at", "stopped_reason", "last_seen_at"]
#: A provider's report closes an address and leaves the customer's own choice as it is.
_CLOSE = Upsert(reaches, ["address_id", "connector"], update=_CLOSED_COLUMNS)
_OPT_OUT = Upsert(reaches, ["address_id", "connector"], update=[*_CLOSED_COLUMNS, "opted_out"])
_ALLOW = Prepared(Upsert(reaches, ["address_id", "connector"]))


def record_inbound(
    tx: Transaction,
    contact_address: ContactAddress,
    connector: str,
    at: datetime,
    topic: str = "",
) -> None:
    """Records that the customer wrote from an address, which opens it unless they opted out.

    Args:
        at: the provider's time of the message: its reply window counts from then.
        topic: the part of the chat that the message stands in, "" for none.
    """
    _RECORD_INBOUND.run_later(
        tx.connection,
        {
            "address_id": contact_address.address_id,
            "connector": connector,
            "last_inbound_at": at,
            "topic": topic,
            "last_seen_at": tx.now,
            "stopped_at": None,
            "stopped_reason": "",
            "opted_out": False,
        },
    )


def reopen_address(
    tx: Transaction,
    contact_address: ContactAddress,
    connector: str,
    at: datetime,
    topic: str = "",
) -> bool:
    """Opens an address because the customer asked for it. `topic` is as for `record_inbound`.

    Returns: whether the address was closed.
    """
    opened = tx.execute(
        update(reaches)
        .where(
            reaches.c.address_id == contact_address.address_id,
            reaches.c.connector == connector,
            reaches.c.stopped_at.is_not(None),
        )
        .values(stopped_at=None, stopped_reason="", opted_out=False)
    )
    record_inbound(tx, contact_address, connector, at, topic)
    return opened.rowcount > 0


def allow_address(tx: Transaction, address_id: int, connector: str) -> None:
    """Lets a connector write to an address from which nothing came yet."""
    _ALLOW.run_later(
        tx.connection,
        {
            "address_id": address_id,
            "connector": connector,
            "last_inbound_at": None,
            "topic": "",
            "last_seen_at": None,
            "stopped_at": None,
            "stopped_reason": "",
            "opted_out": False,
        },
    )


def close_address(
    tx: Transaction, address_id: int, connector: str, reason: str, *, opted_out: bool = False
) -> None:
    """Closes an address for a connector.

    Args:
        reason: a sentence for agents.
        opted_out: whether the customer asked for it; then only the customer opens it again.
    """
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
    """The time of the last message from an address by a connector; None if none came."""
    at = connection.execute(
        select(reaches.c.last_inbound_at).where(
            reaches.c.address_id == address_id, reaches.c.connector == connector
        )
    ).scalar()
    assert at is None or isinstance(at, datetime)
    return at
