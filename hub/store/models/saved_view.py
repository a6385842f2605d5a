"""Views: filters of the list that agents saved, for themselves or for others."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from hub.store.columns import json_field, table, time_field


class SavedView(SQLModel, table=True):
    __tablename__ = "saved_view"

    id: int | None = Field(default=None, primary_key=True)
    #: The agent who made it; None for a service account.
    owner_id: int | None = Field(default=None, foreign_key="agent.id", index=True)
    name: str
    #: `own`, `team` or `all`: who sees it.
    scope: str
    #: Whose members see it, for the scope `team`.
    team_id: int | None = Field(default=None, foreign_key="team.id", index=True)
    #: The fields of the filter that are set, as the API takes them.
    filter: dict[str, Any] = json_field({})
    sort: str = "activity"
    created_at: datetime = time_field()
    updated_at: datetime = time_field()


saved_views = table(SavedView)
