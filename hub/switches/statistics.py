"""Counts switches, handovers and undone merges for the reports, by the indexes of their rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, select

from hub.schema.resources import HandoverTally, SwitchCount, SwitchReport
from hub.store.models import channel_switches, handover_refusals, handovers, links


def switch_report(connection: Connection, since: datetime) -> SwitchReport:
    """Counts what happened since a moment: switches, handovers, and undone merges."""
    is_recent = channel_switches.c.created_at >= since
    routes = connection.execute(
        select(
            channel_switches.c.from_connector,
            channel_switches.c.to_connector,
            func.count().label("times"),
            func.sum(case((channel_switches.c.by_itself, 1), else_=0)).label("recognised"),
        )
        .where(is_recent)
        .group_by(channel_switches.c.from_connector, channel_switches.c.to_connector)
        .order_by(func.count().desc(), channel_switches.c.from_connector)
    ).all()
    total = sum(row.times for row in routes)
    return SwitchReport(
        since=since,
        switches=total,
        recognised=sum(row.recognised for row in routes),
        median_seconds=_seconds_at(connection, since, (total - 1) // 2),
        slow_seconds=_seconds_at(connection, since, (total * 9 - 1) // 10),
        ways=[
            SwitchCount.model_validate(
                {"from": row.from_connector, "to": row.to_connector, "count": row.times}
            )
            for row in routes
        ],
        handovers=HandoverTally(
            made=_count(connection, handovers.c.created_at, since),
            redeemed=_count(connection, handovers.c.redeemed_at, since),
            refused=_count(connection, handover_refusals.c.created_at, since),
        ),
        merges_undone=_count(connection, links.c.undone_at, since),
    )


def _seconds_at(connection: Connection, since: datetime, index: int) -> float | None:
    """Returns the seconds until recognition of one switch, of all sorted by them. None for none."""
    if index < 0:
        return None
    return connection.execute(
        select(channel_switches.c.seconds)
        .where(channel_switches.c.created_at >= since)
        .order_by(channel_switches.c.seconds)
        .offset(index)
        .limit(1)
    ).scalar()


def _count(connection: Connection, time_column: ColumnElement[Any], since: datetime) -> int:
    return connection.execute(select(func.count()).where(time_column >= since)).scalar_one()
