"""How an agent likes to send."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from hub.schema.resources import WritingSettings
from hub.store.engine import Transaction
from hub.store.models import agents


def get_writing_settings(connection: Connection, agent_id: int) -> WritingSettings:
    """The settings of an agent, each with its default where it was never chosen."""
    stored = connection.execute(select(agents.c.writing).where(agents.c.id == agent_id)).scalar()
    return WritingSettings(**(stored or {}))


def save_writing_settings(tx: Transaction, agent_id: int, settings: WritingSettings) -> None:
    """Writes the settings of an agent."""
    tx.execute(update(agents).where(agents.c.id == agent_id).values(writing=settings.model_dump()))
