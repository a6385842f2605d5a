"""`/api/v1/connectors` and `/journal`: connectors and inbound events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Literal

from flask import Response
from flask_openapi3 import Tag
from pydantic import Field

from hub.conversations import queries
from hub.errors import NotFound, SendError
from hub.inbound import journal
from hub.inbound.journal import JournalSummary
from hub.inbox.api.blueprint import ApiBlueprint
from hub.inbox.consents import PATH, owner_of
from hub.inbox.responses import Body, ItemPath, ListOf, PageQuery, answer, answer_list, answer_page
from hub.inbox.services import current_hub
from hub.oauth.consents import Consents
from hub.schema import resources

TAG = Tag(name="System")


class JournalQuery(PageQuery):
    status: Literal["done", "failed", "ignored"] | None = None


class Replayed(resources.Shape):
    id: resources.Id
    status: Literal["done", "failed", "ignored"]


class Checked(resources.Shape):
    ok: bool
    message: str


class Connecting(resources.Shape):
    """A consent that has begun.

    Args:
        url: the provider's page, to be opened by the admin who asked.
        redirect_uri: where that page leads back to; the app at the provider must allow it.
    """

    url: str
    redirect_uri: str


class ConnectorPath(Body):
    name: str = Field(max_length=64)


api = ApiBlueprint("system", __name__, TAG)


@api.get("/connectors", responses={200: ListOf[resources.ListedConnector]})
def list_connectors() -> Response:
    """Every connector, whether it works, and what is wrong where it does not.

    For an admin also how much of what came in was not read or not of use.
    """
    hub = current_hub()
    summaries = None
    if hub.auth.principal().role == "admin":
        with hub.store.read() as connection:
            summaries = journal.summarize(connection)
    return answer_list([_listed(item, summaries) for item in hub.connectors.connector_resources()])


@api.post("/connectors/<string:name>/check", responses={200: Checked})
def check_connector(path: ConnectorPath) -> Response:
    """Asks the provider whether the configuration works."""
    hub = current_hub()
    hub.auth.admin()
    connector = hub.connectors.get(path.name)
    if connector is None:
        raise NotFound("There is no such connector that is turned on.")
    try:
        answer_of_provider = connector.check()
    except SendError as error:
        hub.connectors.mark_attention(path.name, error.message)
        return answer(Checked(ok=False, message=error.message))
    hub.connectors.mark_ok(path.name)
    return answer(Checked(ok=True, message=answer_of_provider))


@api.post("/connectors/<string:name>/connect", responses={200: Connecting})
def connect_connector(path: ConnectorPath) -> Response:
    """Begins the consent by which a mailbox is opened with OAuth: the admin opens `url`."""
    hub = current_hub()
    owner = owner_of(hub.auth.admin())
    client = hub.connectors.oauth_client(path.name)
    if client is None:
        raise NotFound("There is no such connector that signs in by OAuth.")
    redirect_uri = f"{hub.settings.public_url}{PATH}"
    begun = Consents(hub.tokens).begin(path.name, client, owner, redirect_uri)
    return answer(Connecting(url=begun.url, redirect_uri=redirect_uri))


@api.get("/journal", responses={200: ListOf[resources.JournalEntry]})
def list_journal(query: JournalQuery) -> Response:
    """What came in from providers, newest first."""
    hub = current_hub()
    hub.auth.admin()
    with hub.store.read() as connection:
        return answer_page(
            queries.list_journal(connection, query.status, query.limit, query.cursor)
        )


@api.post("/journal/<int:id>/replay", responses={200: Replayed})
def replay(path: ItemPath) -> Response:
    """Runs an event again that failed or was ignored."""
    hub = current_hub()
    hub.auth.admin()
    hub.gateway.replay_entry(path.id)
    with hub.store.read() as connection:
        entry = journal.find_entry(connection, path.id)
    assert entry is not None
    return answer(Replayed.model_validate({"id": path.id, "status": entry.status}))


def _listed(
    connector: resources.Connector, summaries: Mapping[str, JournalSummary] | None
) -> resources.ListedConnector:
    summary = None
    if summaries is not None:
        summary = asdict(summaries.get(connector.name, JournalSummary()))
    return resources.ListedConnector.model_validate({**connector.model_dump(), "journal": summary})
