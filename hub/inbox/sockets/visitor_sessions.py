"""The session of a page that connects: by its token, by a signed identity, or by a link."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog

from hub.accounts import visitor_sessions
from hub.accounts.visitor_sessions import Visitor
from hub.connectors.page_identity import (
    Identity,
    IdentityRefused,
    IdentityRequired,
    SignedId,
)
from hub.connectors.pages import PageConnector
from hub.identity import signed_visitors
from hub.inbox.services import Hub
from hub.inbox.sockets.visitor_payloads import Hello
from hub.transport.handover_links import AnotherPerson, redeem_on_page

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PageSession:
    """A visitor's session as one page holds it.

    Args:
        token: the proof of the session, which only its pages know.
        resumed: whether the link that the page came by was valid; None for a page without one.
    """

    visitor: Visitor
    token: str
    resumed: bool | None = None


class TooManySessions(Exception):
    """One IP address opened as many sessions as `limits.sessions_per_minute` allows."""


def session_for_page(
    hub: Hub, connector: PageConnector, hello: Hello, may_open: Callable[[], bool]
) -> PageSession:
    """Finds or opens the session of a page that opens a socket.

    Args:
        may_open: counts a new session or a link against the limit; False when it is reached.

    Raises:
        IdentityRefused: the identity is not valid, or is missing where one is required.
        TooManySessions: the limit is reached.
    """
    identity = None if hello.identity is None else verified_identity(connector, hello.identity)
    if identity is None:
        require_no_identity(connector)
    visitor = hello.session and visitor_sessions.find_visitor(
        hub.store, connector.name, hello.session
    )
    if visitor:
        assert hello.session is not None
        session = PageSession(visitor, hello.session)
    else:
        session = _open_session(hub, connector, hello.locale, may_open)
    if identity is not None:
        session = sign_in_session(hub, connector, session, identity, may_open)
    if hello.resume is None:
        return session
    return _resume(
        hub, connector, session, hello.resume, is_signed=identity is not None, may_open=may_open
    )


def sign_in_session(
    hub: Hub,
    connector: PageConnector,
    session: PageSession,
    identity: Identity,
    may_open: Callable[[], bool],
) -> PageSession:
    """Gives a session to the signed customer; opens a new one where it is another customer's."""
    if not signed_visitors.claim_session(hub.store, connector, session.visitor, identity):
        log.info("identity.another", connector=connector.name)
        session = _open_session(hub, connector, session.visitor.locale, may_open)
        signed_visitors.claim_session(hub.store, connector, session.visitor, identity)
    return replace(session, visitor=replace(session.visitor, identity=identity.id))


def verified_identity(connector: PageConnector, signed: str | SignedId) -> Identity:
    """Checks the site's signature. Raises IdentityRefused, and logs it."""
    try:
        return connector.identify(signed, datetime.now(UTC))
    except IdentityRefused as error:
        log.warning("identity.refused", connector=connector.name, code=error.code)
        raise


def require_no_identity(connector: PageConnector) -> None:
    """Raises IdentityRequired where only visitors may chat that the site has signed in."""
    if connector.identity_required:
        raise IdentityRequired("This chat is for visitors whom the site has signed in.")


def _open_session(
    hub: Hub, connector: PageConnector, locale: str, may_open: Callable[[], bool]
) -> PageSession:
    if not may_open():
        raise TooManySessions
    return PageSession(*visitor_sessions.open_visitor_session(hub.store, connector.name, locale))


def _resume(
    hub: Hub,
    connector: PageConnector,
    session: PageSession,
    token: str,
    *,
    is_signed: bool,
    may_open: Callable[[], bool],
) -> PageSession:
    """Continues the conversation that a link is for.

    A session that belongs to another signed customer stays theirs: the link opens a new one, unless
    the page itself has just proved to be that other customer.
    """
    if not may_open():
        return replace(session, resumed=False)
    try:
        return replace(
            session,
            resumed=redeem_on_page(hub.store, hub.connectors, connector, session.visitor, token),
        )
    except AnotherPerson:
        pass
    if is_signed:
        return replace(session, resumed=False)
    fresh = _open_session(hub, connector, session.visitor.locale, may_open)
    return replace(
        fresh, resumed=redeem_on_page(hub.store, hub.connectors, connector, fresh.visitor, token)
    )
