"""The customers' namespace: `/visitor`. A session is a secret of the page; the room is its own.

What a visitor sends goes the way of every channel: through the gateway, into the journal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from flask import request
from flask_socketio import SocketIO, join_room
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select

from hub.connectors.rates import Buckets
from hub.connectors.webchat import Webchat
from hub.conversations import events, people, queries, reports, shapes
from hub.conversations.events import Event
from hub.conversations.events import Typing as TypingEvent
from hub.conversations.people import Person
from hub.errors import Conflict, Forbidden, Invalid, LimitExceeded, NotFound
from hub.inbox import visitors
from hub.inbox.invitations import make_handover, redeem_on_page
from hub.inbox.origins import is_allowed
from hub.inbox.services import Hub
from hub.inbox.sockets.broadcast import VISITORS, page_room
from hub.inbox.sockets.common import Ack, Ask, Read, Say, Sync, Typing, answered, ok
from hub.inbox.visitors import Visitor
from hub.metrics import SOCKETS
from hub.store.models import attachments
from hub.types import Address, ContactEvent, RateLimit, WebhookRequest

PAGE = 50
SYNC_LIMIT = 200


class Page(BaseModel):
    """Where the visitor is, as their browser says; shown to agents as text."""

    model_config = ConfigDict(extra="ignore")

    url: str = Field("", max_length=2000)
    title: str = Field("", max_length=500)
    referrer: str = Field("", max_length=2000)


class Hello(BaseModel):
    model_config = ConfigDict(extra="ignore")

    connector: str = Field(max_length=64)
    session: str | None = Field(None, max_length=200)
    resume: str | None = Field(
        None, max_length=200, description="The token of a link that brings them from elsewhere."
    )
    locale: str = Field("", max_length=40)
    page: Page = Page()


class History(Ask):
    before: str | None = Field(None, pattern=r"^\d{1,18}$")


class HandoverRequest(Ask):
    connector: str = Field(max_length=64)


class Prechat(Ask):
    """What a visitor says of themselves. Typed, so it proves nothing."""

    name: str = Field("", max_length=people.MAX_NAME)
    email: str = Field("", max_length=320)
    phone: str = Field("", max_length=40)


@dataclass(frozen=True, slots=True)
class Line:
    """An open socket of a visitor."""

    visitor: Visitor
    connector: Webchat
    page: Page
    profile: Prechat

    @property
    def address(self) -> Address:
        return self.connector.address(self.visitor.name)


def register(socketio: SocketIO, hub: Hub) -> None:
    lines: dict[str, Line] = {}
    limits = hub.config.limits
    said = Buckets(
        RateLimit(limits.visitor_messages_per_minute, 60), burst=limits.visitor_messages_burst
    )
    opened = Buckets(RateLimit(limits.sessions_per_minute, 60))
    signals = Buckets(RateLimit(4), burst=20)

    def line() -> Line:
        found = lines.get(request.sid)  # type: ignore[attr-defined]
        if found is None:
            raise Conflict("This socket has no session.")
        return found

    def signal() -> Line:
        found = line()
        if signals.take(found.visitor.id) > 0:
            raise LimitExceeded("Slow down a little.", timedelta(seconds=1))
        return found

    @socketio.on("connect", namespace=VISITORS)
    def connect(auth: Any = None) -> None:
        try:
            hello = Hello.model_validate(auth if isinstance(auth, dict) else {})
        except ValidationError:
            raise ConnectionRefusedError("invalid") from None
        connector = hub.connectors.get(hello.connector)
        if not isinstance(connector, Webchat):
            raise ConnectionRefusedError("connector_unknown")
        if not is_allowed(request, hub.settings.public_url, connector.config.allowed_origins):
            raise ConnectionRefusedError("origin_not_allowed")
        found = _resume(hub, connector, hello)
        if found is None and connector.config.identity == "required":
            raise ConnectionRefusedError("identity_required")
        if found is None:
            if opened.take(request.remote_addr or "") > 0:
                raise ConnectionRefusedError("limit_exceeded")
            found = visitors.open_session(hub.store, connector.name, hello.locale)
        visitor, token = found
        if hello.resume and opened.take(request.remote_addr or "") == 0:
            redeem_on_page(hub, connector, visitor, hello.resume)
        here = Line(visitor, connector, hello.page, Prechat())
        lines[request.sid] = here  # type: ignore[attr-defined]
        join_room(page_room(here.address))
        SOCKETS.labels(namespace=VISITORS).inc()
        socketio.emit(
            "session",
            {"session": token, **_welcome(hub, here)},
            namespace=VISITORS,
            to=request.sid,  # type: ignore[attr-defined]
        )

    @socketio.on("disconnect", namespace=VISITORS)
    def disconnect(_reason: Any = None) -> None:
        if lines.pop(request.sid, None) is not None:  # type: ignore[attr-defined]
            SOCKETS.labels(namespace=VISITORS).dec()

    @socketio.on("message.send", namespace=VISITORS)
    def message_send(data: Any = None) -> Ack:
        def say(asked: Say) -> Ack:
            here = line()
            if here.connector.config.identity == "required":
                raise Forbidden("This chat is for visitors whom the site has signed in.")
            known = _message_of(hub, here, asked.client_id)
            if known is None:
                wait = said.take(here.visitor.id)
                if wait > 0:
                    raise LimitExceeded(
                        "That was a lot at once. Wait a moment.", timedelta(seconds=wait)
                    )
                known = _take(hub, here, asked)
            shown = events.message_for_customer(known, hub.links.path)
            return ok(message=shown.model_dump(mode="json"))

        return answered(Say, data, say)

    @socketio.on("typing", namespace=VISITORS)
    def typing(data: Any = None) -> Ack:
        def tell(asked: Typing) -> Ack:
            here = signal()
            with hub.store.read() as connection:
                person = people.find(connection, here.address)
                if person is None:
                    return ok()
                current = queries.current_conversation(connection, person.root_id)
            if current is not None:
                author = shapes.Author(type="contact", id=person.root_id, name=person.contact.name)
                hub.store.announce(
                    Event(TypingEvent(conversation_id=current.id, author=author, on=asked.on))
                )
            return ok()

        return answered(Typing, data, tell)

    @socketio.on("read", namespace=VISITORS)
    def read(data: Any = None) -> Ack:
        def mark(asked: Read) -> Ack:
            here = signal()
            person = _person(hub, here)
            event = ContactEvent(
                key="", raw=b"", address=here.address, name="read", external_id=asked.message_id
            )
            if person is not None:
                hub.store.write(
                    lambda tx: reports.read_by_customer(tx, here.connector.name, person, event)
                )
            return ok()

        return answered(Read, data, mark)

    @socketio.on("sync", namespace=VISITORS)
    def sync(data: Any = None) -> Ack:
        def catch_up(asked: Sync) -> Ack:
            here = signal()
            person = _person(hub, here)
            if person is None:
                return ok(messages=[], more=False)
            with hub.store.read() as connection:
                found, more = queries.messages_after(
                    connection, int(asked.after), SYNC_LIMIT, address_id=person.address_id
                )
            return ok(messages=_shown(hub, found), more=more)

        return answered(Sync, data, catch_up)

    @socketio.on("history", namespace=VISITORS)
    def history(data: Any = None) -> Ack:
        def look_back(asked: History) -> Ack:
            here = signal()
            person = _person(hub, here)
            if person is None:
                return ok(messages=[], more=False)
            before = None if asked.before is None else int(asked.before)
            with hub.store.read() as connection:
                found = queries.messages_at(connection, person.address_id, PAGE + 1, before)
            return ok(messages=_shown(hub, found[-PAGE:]), more=len(found) > PAGE)

        return answered(History, data, look_back)

    @socketio.on("prechat.submit", namespace=VISITORS)
    def prechat(data: Any = None) -> Ack:
        def keep(asked: Prechat) -> Ack:
            here = signal()
            lines[request.sid] = replace(here, profile=asked)  # type: ignore[attr-defined]
            _keep_profile(hub, here, asked)
            return ok()

        return answered(Prechat, data, keep)

    @socketio.on("identify", namespace=VISITORS)
    def identify(data: Any = None) -> Ack:
        """Only what the site signed says who somebody is."""
        del data
        return {
            "ok": False,
            "code": Forbidden.code,
            "message": "This chat does not take identities yet.",
        }

    @socketio.on("handover.request", namespace=VISITORS)
    def handover(data: Any = None) -> Ack:
        def invite(asked: HandoverRequest) -> Ack:
            here = signal()
            person = _person(hub, here)
            if person is None:
                raise Conflict("Say something first; then it can go on elsewhere.")
            with hub.store.read() as connection:
                current = queries.current_conversation(connection, person.root_id)
            if current is None:
                raise NotFound("There is no conversation to go on with.")
            made = make_handover(hub, int(current.id), asked.connector, "contact")
            return ok(**made.model_dump(mode="json"))

        return answered(HandoverRequest, data, invite)


def _resume(hub: Hub, connector: Webchat, hello: Hello) -> tuple[Visitor, str] | None:
    if hello.session is None:
        return None
    visitor = visitors.by_token(hub.store, connector.name, hello.session)
    return None if visitor is None else (visitor, hello.session)


def _person(hub: Hub, here: Line) -> Person | None:
    with hub.store.read() as connection:
        return people.find(connection, here.address)


def _welcome(hub: Hub, here: Line) -> dict[str, Any]:
    person = _person(hub, here)
    if person is None:
        return {"contact": None, "messages": [], "agent": None, "queue": None, "more": False}
    with hub.store.read() as connection:
        found = queries.messages_at(connection, person.address_id, PAGE + 1)
        current = queries.current_conversation(connection, person.root_id)
    agent = None if current is None else events.agent_for_customer(current.assignee)
    return {
        "contact": person.contact.model_copy(update={"attributes": {}}).model_dump(mode="json"),
        "messages": _shown(hub, found[-PAGE:]),
        "more": len(found) > PAGE,
        "agent": agent and agent.model_dump(mode="json"),
        "queue": None,
    }


def _shown(hub: Hub, found: list[shapes.Message]) -> list[dict[str, Any]]:
    return [
        events.message_for_customer(one, hub.links.path).model_dump(mode="json") for one in found
    ]


def _take(hub: Hub, here: Line, asked: Say) -> shapes.Message:
    """Brings a visitor's message in. Raises Invalid."""
    if not asked.text.strip() and not asked.attachments:
        raise Invalid("Write something, or attach a file.", "text")
    limit = here.connector.capabilities.text_limit
    if len(asked.text) > limit:
        raise Invalid(f"A message has at most {limit} characters.", "text")
    body = {
        "type": "message",
        "visitor": here.visitor.name,
        "client_id": asked.client_id,
        "text": asked.text,
        "reply_to": asked.reply_to or "",
        "attachments": _uploads(hub, here, asked.attachments),
        "sent_at": datetime.now(UTC).isoformat(),
        "profile": {**here.profile.model_dump(), "locale": here.visitor.locale},
        "page": here.page.model_dump(),
    }
    request_ = WebhookRequest(
        method="POST", url="", body=orjson.dumps(body), headers={"content-type": "application/json"}
    )
    hub.gateway.take(here.connector, request_)
    found = _message_of(hub, here, asked.client_id)
    if found is None:
        raise Conflict("The message was kept but could not be shown yet.")
    return found


def _uploads(hub: Hub, here: Line, wanted: list[str]) -> list[dict[str, Any]]:
    """The files of this visitor that no message has yet. Raises Invalid for anybody else's."""
    if not wanted:
        return []
    ids = [int(one) for one in wanted if one.isascii() and one.isdecimal() and len(one) < 19]
    with hub.store.read() as connection:
        rows = connection.execute(
            select(attachments).where(
                attachments.c.id.in_(ids),
                attachments.c.message_id.is_(None),
                attachments.c.uploader == f"visitor:{here.visitor.name}",
            )
        ).all()
    if len(rows) != len(set(wanted)):
        raise Invalid("A file is not there, or was sent before.", "attachments")
    return [
        {
            "upload": str(row.id),
            "name": row.name,
            "media_type": row.media_type,
            "size": row.size,
            "medium": row.medium,
        }
        for row in rows
    ]


def _message_of(hub: Hub, here: Line, client_id: str) -> shapes.Message | None:
    with hub.store.read() as connection:
        return queries.inbound_by_client_id(connection, here.address, client_id)


def _keep_profile(hub: Hub, here: Line, asked: Prechat) -> None:
    person = _person(hub, here)
    if person is None:
        return
    typed = {"email": asked.email, "phone": asked.phone}
    attributes = {name: value for name, value in typed.items() if value}
    name = asked.name or None
    hub.store.write(lambda tx: people.edit(tx, person.contact_id, name=name, attributes=attributes))
