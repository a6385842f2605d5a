"""`/api/v1/session`, `/sessions`, `/tokens` and `/agents/me/password`: who may come in."""

from __future__ import annotations

from datetime import datetime

from flask import Response, request
from flask_openapi3 import Tag
from pydantic import Field

from hub.accounts import api_tokens, passwords, sign_in_limits, sign_ins
from hub.accounts.principal import Principal
from hub.accounts.sign_in_limits import Try
from hub.errors import Conflict
from hub.inbox.api.blueprint import ApiBlueprint
from hub.inbox.authentication import NotSignedIn
from hub.inbox.responses import Body, ItemPath, ListOf, answer, answer_list
from hub.inbox.services import current_hub
from hub.notifications import push_subscriptions
from hub.schema import resources
from hub.schema.tokens import digest
from hub.store.engine import Transaction

TAG = Tag(name="Accounts")


class SignIn(Body):
    email: str = Field(max_length=320)
    password: str = Field(max_length=passwords.MAX_PASSWORD)


class Session(resources.Shape):
    agent: resources.Agent | None
    name: str
    role: str
    csrf_token: str


class NewPassword(Body):
    current: str = Field(max_length=passwords.MAX_PASSWORD)
    new: str = Field(max_length=passwords.MAX_PASSWORD)


class Token(resources.Shape):
    """An API token. `owner` is the address of its agent, null for a service account."""

    id: resources.Id
    name: str
    owner: str | None
    created_at: datetime
    last_used_at: datetime | None


api = ApiBlueprint("accounts", __name__, TAG)


@api.post("/session", responses={200: Session})
def sign_in(body: SignIn) -> Response:
    """Signs in by cookie. Its CSRF token goes with every request that changes something."""
    hub = current_hub()
    email = body.email.strip().lower()
    attempt = Try(
        email,
        request.remote_addr or "",
        hub.config.limits.sign_in_tries_per_minute,
        hub.auth.known_device(email),
    )
    sign_in_limits.count(hub.store, attempt)
    signed_in = sign_ins.sign_in(hub.store, attempt, body.password)
    if signed_in is None:
        raise NotSignedIn("The address or the password is wrong.")
    token, principal = signed_in
    old = hub.auth.session_token()
    if old is not None:
        hub.store.write(lambda tx: _end_sign_in(tx, old))
    response = answer(_session(principal))
    hub.auth.set_cookie(response, token)
    hub.auth.remember_device(response, attempt)
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
        hub.store.write(lambda tx: _end_sign_in(tx, token))
        hub.agent_connections.close_invalid()
    response = Response(status=204)
    hub.auth.clear_cookie(response)
    return response


def _end_sign_in(tx: Transaction, token: str) -> None:
    """Ends a sign-in, and the pushes to its device."""
    sign_ins.sign_out(tx, token)
    push_subscriptions.remove_of_proof(tx, digest(token))


@api.delete("/sessions", responses={204: None})
def sign_out_elsewhere() -> Response:
    """Ends all my sign-ins but this one, and closes their screens. Tokens stay."""
    hub = current_hub()
    principal = hub.auth.principal()
    agent_id = principal.agent_id
    if agent_id is None:
        raise Conflict("A service account has no sign-ins.")
    hub.store.write(lambda tx: sign_ins.end_sign_ins(tx, agent_id, but=principal.proof))
    hub.agent_connections.close_invalid()
    return Response(status=204)


@api.put("/agents/me/password", responses={204: None})
def change_password(body: NewPassword) -> Response:
    """Changes my password. My other sign-ins end, and their screens close; this one stays."""
    hub = current_hub()
    sign_ins.change_password(hub.store, hub.auth.principal(), body.current, body.new)
    hub.agent_connections.close_invalid()
    return Response(status=204)


@api.get("/tokens", responses={200: ListOf[Token]})
def list_tokens() -> Response:
    """My API tokens; for admins everybody's, and those of service accounts."""
    hub = current_hub()
    agent_id = _owner_shown(hub.auth.principal())
    with hub.store.read() as connection:
        rows = api_tokens.list_tokens(connection, agent_id)
    return answer_list(
        [
            Token(
                id=row.id,
                name=row.name,
                owner=row.owner or None,
                created_at=row.created_at,
                last_used_at=row.last_used_at,
            )
            for row in rows
        ]
    )


@api.delete("/tokens/<int:id>", responses={204: None})
def revoke_token(path: ItemPath) -> Response:
    """Ends a token of mine, or any for admins, and closes its sockets."""
    hub = current_hub()
    agent_id = _owner_shown(hub.auth.principal())
    hub.store.write(lambda tx: api_tokens.revoke_token(tx, path.id, agent_id))
    hub.agent_connections.close_invalid()
    return Response(status=204)


def _owner_shown(principal: Principal) -> int | None:
    """Whose tokens a principal may list and end; None for all."""
    return None if principal.role == "admin" else principal.agent_id


def _session(principal: Principal) -> Session:
    return Session(
        agent=principal.agent,
        name=principal.name,
        role=principal.role,
        csrf_token=principal.csrf_token,
    )
