"""How a page gets its session: a token it has, an identity its site signed, a link it followed."""

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
from hub.inbox import signed_visitors
from hub.inbox.handover_links import AnotherPerson, redeem_on_page
from hub.inbox.services import Hub
from hub.inbox.sockets.visitor_payloads import Hello

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Arrival:
    """A session, with the token that proves to hold it.

    `resumed` says whether a link that was brought was good; None where none was.
    """

    visitor: Visitor
    token: str
    resumed: bool | None = None


class TooMany(Exception):
    """More sessions were asked for than `limits.sessions_per_minute` lets one address have."""


def arrive(
    hub: Hub, connector: PageConnector, hello: Hello, may_try: Callable[[], bool]
) -> Arrival:
    """The session of a page that opens a socket.

    Args:
        may_try: counts a new session or a link against the limit; False when it is reached.

    Raises:
        IdentityRefused: the identity is no good, or there is none where one is required.
        TooMany: the limit is reached.
    """
    identity = None if hello.identity is None else checked(connector, hello.identity)
    if identity is None:
        need_none(connector)
    known = hello.session and visitor_sessions.find_visitor(
        hub.store, connector.name, hello.session
    )
    if known:
        assert hello.session is not None
        here = Arrival(known, hello.session)
    else:
        here = _fresh(hub, connector, hello.locale, may_try)
    if identity is not None:
        here = signed_in(hub, connector, here, identity, may_try)
    if hello.resume is None:
        return here
    return _resumed(
        hub, connector, here, hello.resume, is_signed=identity is not None, may_try=may_try
    )


def signed_in(
    hub: Hub,
    connector: PageConnector,
    here: Arrival,
    identity: Identity,
    may_try: Callable[[], bool],
) -> Arrival:
    """The same session, made the signed person's; or a new one where it was somebody else's."""
    if not signed_visitors.claim(hub.store, connector, here.visitor, identity):
        log.info("identity.another", connector=connector.name)
        here = _fresh(hub, connector, here.visitor.locale, may_try)
        signed_visitors.claim(hub.store, connector, here.visitor, identity)
    return replace(here, visitor=replace(here.visitor, identity=identity.id))


def checked(connector: PageConnector, given: str | SignedId) -> Identity:
    """Who a page's visitor is. Raises IdentityRefused, and writes down that it was."""
    try:
        return connector.identify(given, datetime.now(UTC))
    except IdentityRefused as error:
        log.warning("identity.refused", connector=connector.name, code=error.code)
        raise


def need_none(connector: PageConnector) -> None:
    """Raises IdentityRequired where nobody may chat whom the site has not signed in."""
    if connector.identity_required:
        raise IdentityRequired("This chat is for visitors whom the site has signed in.")


def _fresh(hub: Hub, connector: PageConnector, locale: str, may_try: Callable[[], bool]) -> Arrival:
    if not may_try():
        raise TooMany
    return Arrival(*visitor_sessions.open_visitor_session(hub.store, connector.name, locale))


def _resumed(
    hub: Hub,
    connector: PageConnector,
    here: Arrival,
    token: str,
    *,
    is_signed: bool,
    may_try: Callable[[], bool],
) -> Arrival:
    """Goes on with the thread that a link is for.

    A session that another signed person holds stays theirs: the link opens a new one, unless the
    page has just proved to be that other person.
    """
    if not may_try():
        return replace(here, resumed=False)
    try:
        return replace(here, resumed=redeem_on_page(hub, connector, here.visitor, token))
    except AnotherPerson:
        pass
    if is_signed:
        return replace(here, resumed=False)
    fresh = _fresh(hub, connector, here.visitor.locale, may_try)
    return replace(fresh, resumed=redeem_on_page(hub, connector, fresh.visitor, token))
