"""`/api/v1/session`, `/connectors` and `/journal`: sign-in, connectors, inbound events."""

from __future__ import annotations

from typing import Literal

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from hub.accounts import passwords, sign_ins
from hub.accounts.principal import Principal
from hub.conversations import queries
from hub.errors import NotFound, SendError
from hub.inbox.authentication import NotSignedIn
from hub.inbox.responses import Body, ItemPath, ListOf, PageQuery, answer, answer_list, answer_page
from hub.inbox.services import current_hub
from hub.schema import resources

TAG = Tag(name="System")


class SignIn(Body):
    email: str = Field(max_length=320)
    password: str = Field(max_length=passwords.MAX_PASSWORD)


class Session(resources.Shape):
    agent: resources.Agent | None
    name: str
    role: str
    csrf_token: str


class JournalQuery(PageQuery):
    status: Literal["done", "failed"] | None = None


class Replayed(resources.Shape):
    id: resources.Id
    status: Literal["done", "failed"]


class Checked(resources.Shape):
    ok: bool
    message: str


class ConnectorPath(Body):
    name: str = Field(max_length=64)


api = APIBlueprint("system", __name__, abp_tags=[TAG])


@api.post("/session", responses={200: Session})
def sign_in(body: SignIn) -> Response:
    """Signs in by cookie. Its CSRF token goes with every request that changes something."""
    hub = current_hub()
    hub.sign_in_limit.count_try(request.remote_addr or "", body.email.strip().lower())
    signed_in = sign_ins.sign_in(hub.store, body.email, body.password)
    if signed_in is None:
        raise NotSignedIn("The address or the password is wrong.")
    token, principal = signed_in
    old = hub.auth.session_token()
    if old is not None:
        hub.store.write(lambda tx: sign_ins.sign_out(tx, old))
    response = answer(_session(principal))
    hub.auth.set_cookie(response, token)
    return response


@api.get("/session", responses={200: Session})
def who_am_i() -> Response:
    hub = current_hub()
    return answer(_session(hub.auth.principal()))


@api.delete("/session", responses={204: None})
def sign_out() -> Response:
    hub = current_hub()
    hub.auth.principal()
    token = hub.auth.session_token()
    if token is not None:
        hub.store.write(lambda tx: sign_ins.sign_out(tx, token))
        hub.agent_connections.close_invalid()
    response = Response(status=204)
    hub.auth.clear_cookie(response)
    return response


@api.get("/connectors", responses={200: ListOf[resources.Connector]})
def list_connectors() -> Response:
    """Every connector, whether it works, and what is wrong where it does not."""
    hub = current_hub()
    hub.auth.principal()
    return answer_list(hub.connectors.connector_resources())


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
    """Runs a failed event again."""
    hub = current_hub()
    hub.auth.admin()
    ok = hub.gateway.replay_entry(path.id)
    return answer(Replayed(id=path.id, status="done" if ok else "failed"))


def _session(principal: Principal) -> Session:
    return Session(
        agent=principal.agent,
        name=principal.name,
        role=principal.role,
        csrf_token=principal.csrf_token,
    )
