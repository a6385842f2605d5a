"""The filters of conversations as the API takes them: in an address, and stored in a view."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from hub.accounts.principal import Principal
from hub.conversations import saved_views
from hub.conversations.filters import ConversationFilter, SlaState, Waiting
from hub.conversations.listing import Sort
from hub.conversations.search import Searcher
from hub.errors import Invalid, NotFound
from hub.inbox.responses import Id, PageQuery
from hub.notifications import mentions
from hub.schema import resources
from hub.schema.search_query import day_edge, read_zone

#: The newest mentions of an agent that a filter looks at.
MOST_MENTIONS = 500

_ID = r"[1-9][0-9]{0,17}"
Period = Annotated[
    str,
    Field(max_length=40, description="A day as 2026-11-02, in `zone`; or a time as RFC 3339."),
]


class FilterFields(BaseModel):
    """Filters; one that is left out lets all through."""

    status: resources.Status | None = None
    assignee: str | None = Field(
        None, description="An agent's id, `me`, or `none`.", pattern=rf"^(me|none|{_ID})$"
    )
    team: str | None = Field(
        None, description="A team's id, or `none`.", pattern=rf"^(none|{_ID})$"
    )
    connector: str | None = Field(None, min_length=1, max_length=64)
    label: str | None = Field(None, min_length=1, max_length=64)
    priority: resources.Priority | None = None
    language: str | None = Field(None, description="As `pl`.", pattern=r"^[A-Za-z-]{2,20}$")
    waiting: Waiting | None = Field(None, description="Whom it waits for.")
    sla: SlaState | None = Field(
        None, description="`due`: a clock runs and none is over. `breached`: one ran out."
    )
    unread: bool | None = None
    mentioned: Literal["me"] | None = Field(None, description="A note in it names me.")
    q: str | None = Field(
        None, max_length=400, description="Words and operators, as in `GET /search`."
    )
    before: Period | None = None
    after: Period | None = None


class ConversationQuery(PageQuery, FilterFields):
    view: Id | None = Field(None, description="A view's filter and order; others go before it.")
    sort: Sort | None = Field(None, description="`activity` unless a view says otherwise.")
    zone: str = Field("UTC", max_length=64, description="Whose days `before` and `after` mean.")


class StoredFilter(FilterFields):
    """The filter of a view. Days are those of the agent who looks."""

    model_config = ConfigDict(extra="forbid")


def filter_and_sort(
    connection: Connection, query: ConversationQuery, principal: Principal
) -> tuple[ConversationFilter, Sort]:
    """The filter and the order of a query, with those of its view.

    Raises:
        Invalid: a view that is not there, a time or a zone that is none.
    """
    if query.view is None:
        return conversation_filter(connection, query, principal), query.sort or "activity"
    try:
        row = saved_views.get_view(connection, query.view, principal)
    except NotFound as error:
        raise Invalid(error.message, "view") from None
    named = query.model_dump(include=set(FilterFields.model_fields), exclude_none=True)
    fields = StoredFilter.model_validate({**row.filter, **named})
    wanted = conversation_filter(connection, fields, principal, query.zone)
    return wanted, query.sort or row.sort


def conversation_filter(
    connection: Connection, fields: FilterFields, principal: Principal, zone: str = "UTC"
) -> ConversationFilter:
    """The filter of fields, for an agent.

    Raises:
        Invalid: a time or a zone that is none.
    """
    zone = fields.zone if isinstance(fields, ConversationQuery) else zone
    before, after = (
        None if value is None else day_edge(name, value, read_zone(zone))
        for name, value in (("before", fields.before), ("after", fields.after))
    )
    assignee = str(principal.agent_id or 0) if fields.assignee == "me" else fields.assignee
    filter_ = ConversationFilter(
        status=fields.status,
        assignee=assignee,
        team=fields.team,
        connector=fields.connector,
        label=fields.label,
        priority=fields.priority,
        language=None if fields.language is None else fields.language.lower(),
        waiting=fields.waiting,
        sla=fields.sla,
        unread=fields.unread,
        before=before,
        after=after,
    )
    if fields.mentioned is not None:
        agent_id = principal.agent_id or 0
        filter_ = filter_.among(mentions.mentioned_in(connection, agent_id, MOST_MENTIONS))
    if not fields.q or not fields.q.strip():
        return filter_
    searcher = Searcher(connection, principal.agent_id, read_zone(zone))
    return searcher.narrow(filter_, fields.q)
