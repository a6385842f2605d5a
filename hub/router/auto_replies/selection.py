"""Whether there is something to say in a conversation, and saying it: in one transaction, once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from hub.config import Config
from hub.connectors.registry import has_pages
from hub.contacts import contact_addresses
from hub.contacts.contact_addresses import ContactAddress
from hub.conversations import lifecycle
from hub.outbound import automatic_texts, reachability
from hub.outbound.destinations import OutboundChannel
from hub.router.auto_replies import formats
from hub.router.auto_replies.rules import (
    MAX_PER_DAY,
    QUEUED_AFTER,
    REPLY_KINDS,
    ReplyContext,
    ReplyKind,
    announces_queue,
    are_closed,
    fill_template,
    is_machine_address,
    opening_text,
    team_hours,
)
from hub.router.conditions import IS_ONLINE, IS_OPEN
from hub.router.queue import places
from hub.store.engine import Transaction
from hub.store.models import addresses, agents, conversations, messages, team_members, teams
from hub.types import Address


@dataclass(frozen=True, slots=True)
class ReplyCandidate:
    """A conversation in which the customer spoke last, and what they said."""

    row: Any
    last: Any
    situation: ReplyContext

    @property
    def is_settled(self) -> bool:
        """Whether time alone brings nothing more to say."""
        now_is = self.situation
        is_told = now_is.waited is not None and now_is.waited >= QUEUED_AFTER
        ends = now_is.is_held or now_is.is_closed or now_is.is_page or is_told
        return now_is.is_routed and ends


def find_candidates(
    connection: Connection,
    config: Config,
    ids: Collection[int],
    new: Collection[int],
    now: datetime,
) -> dict[int, ReplyCandidate]:
    """How those of these conversations stand in which there may be something to say.

    Args:
        new: those of them that were just begun.
    """
    served = _served_teams(connection)
    if not new and not config.hours and not announces_queue(config, any(served.values())):
        return {}
    rows = connection.execute(
        select(
            conversations,
            agents.c.presence,
            agents.c.connected_at,
            teams.c.name.label("team"),
        )
        .outerjoin(agents, agents.c.id == conversations.c.assignee_id)
        .outerjoin(teams, teams.c.id == conversations.c.team_id)
        .where(
            *IS_OPEN,
            conversations.c.id.in_(list(ids)),
            conversations.c.waiting_since.is_not(None),
        )
    ).all()
    found = {}
    for row in rows:
        is_held = row.presence == "online" and row.connected_at is not None
        if is_held and row.id not in new:
            continue
        last = _last_said(connection, row.id)
        if last is None or last.extra.get("keyword"):  # START and HELP are the provider's to answer
            continue
        is_waiting = row.assignee_id is None and row.queued_at is not None
        situation = ReplyContext(
            channel=last.kind,
            is_page=has_pages(last.kind),
            is_new=row.id in new,
            is_routed=row.rule is not None,
            is_held=is_held,
            is_closed=are_closed(team_hours(config, row.team), now),
            # Since the last word, where that is later: who comes back has waited before.
            waited=now - max(row.queued_at, last.received_at) if is_waiting else None,
            is_served=bool(served.get(row.team or "")),
            said=_said(connection, row.id, row.contact_id),
        )
        found[row.id] = ReplyCandidate(row, last, situation)
    return found


def _served_teams(connection: Connection) -> dict[str, int]:
    """How many of each team are online; "" for everybody."""
    online = select(agents.c.id).where(*IS_ONLINE)
    everybody = connection.execute(select(func.count()).select_from(online.subquery())).scalar_one()
    members = connection.execute(
        select(teams.c.name, func.count())
        .join(team_members, team_members.c.team_id == teams.c.id)
        .where(team_members.c.agent_id.in_(online))
        .group_by(teams.c.name)
    )
    return {"": everybody, **{name: count for name, count in members}}


def _last_said(connection: Connection, conversation_id: int) -> Any | None:
    merged = select(conversations.c.id).where(conversations.c.merged_into_id == conversation_id)
    ids = [conversation_id, *connection.execute(merged).scalars()]
    return connection.execute(
        select(
            messages.c.connector,
            messages.c.kind,
            messages.c.extra,
            messages.c.received_at,
            addresses.c.scheme,
            addresses.c.path,
            addresses.c.scope,
        )
        .join(addresses, addresses.c.id == messages.c.address_id)
        .where(
            messages.c.conversation_id.in_(ids),
            messages.c.direction == "in",
            messages.c.type == "message",
        )
        .order_by(messages.c.id.desc())
        .limit(1)
    ).first()


def _name(kind: ReplyKind, conversation_id: int) -> str:
    return f"reply:{kind}:{conversation_id}"


def _said(connection: Connection, conversation_id: int, contact_id: int) -> frozenset[str]:
    names = {_name(kind, conversation_id): kind for kind in REPLY_KINDS}
    found = connection.execute(
        select(messages.c.client_id).where(
            # By the index of the names; a conversation can be with several records of a person.
            messages.c.contact_id.in_(contact_addresses.linked_contact_ids(connection, contact_id)),
            messages.c.direction == "out",
            messages.c.client_id.in_(names),
        )
    ).scalars()
    return frozenset(names[name] for name in found if name is not None)


# -- saying ----------------------------------------------------------------------------------------


def send_reply(
    tx: Transaction,
    found: ReplyCandidate,
    kind: ReplyKind,
    config: Config,
    outlets: Mapping[str, OutboundChannel],
) -> bool:
    """Says one thing in a conversation, if it still stands as it did. False when not."""
    last = found.last
    person = contact_addresses.find_contact_address(
        tx.connection, Address(last.scheme, last.path, last.scope)
    )
    if person is None or _is_refused(tx, person):
        return False
    target = lifecycle.load_conversation(tx, found.row.id, person)
    row = found.row
    if (target.status, target.merged_into_id, target.assignee_id) != (
        row.status,
        row.merged_into_id,
        row.assignee_id,
    ):
        return False
    if target.waiting_since is None or kind in _said(tx.connection, target.id, person.root_id):
        return False
    texts: Mapping[str, str] = getattr(config.replies, kind)
    language = automatic_texts.choose_language(
        texts, *automatic_texts.find_locales(tx, person), target.language
    )
    outlet = outlets[last.connector]
    if kind == "offline":
        values = _when_back(tx, found, config, person, outlet, outlets, language)
    elif kind == "queued":
        values = _place(tx.connection, found, config, language)
    else:
        values = {"name": person.name}
    if values is None:
        return False
    text = fill_template(texts.get(language, ""), values)
    made = automatic_texts.send_automatic_text(
        tx, target, person, outlet, text, _name(kind, target.id)
    )
    return made is not None


def _when_back(
    tx: Transaction,
    found: ReplyCandidate,
    config: Config,
    person: ContactAddress,
    outlet: OutboundChannel,
    outlets: Mapping[str, OutboundChannel],
    language: str,
) -> dict[str, str] | None:
    hours = team_hours(config, found.row.team)
    if not are_closed(hours, tx.now):
        return None
    zone = str(person.contact.attributes.get("timezone", ""))
    other = _elsewhere(tx, config, person, outlet, outlets)
    return {
        "opens": opening_text(hours, tx.now, zone, language),
        "fallback": other and formats.channel_name(other, language),
    }


def _place(
    connection: Connection, found: ReplyCandidate, config: Config, language: str
) -> dict[str, str] | None:
    place = places.find_place(connection, found.row.id, config.assignment.order)
    if place is None:
        return None
    wait = None if place.wait_seconds is None else timedelta(seconds=place.wait_seconds)
    return {
        "position": formats.format_digits(str(place.position), language),
        "wait": "" if wait is None else formats.format_wait(wait, language),
    }


def _elsewhere(
    tx: Transaction,
    config: Config,
    person: ContactAddress,
    outlet: OutboundChannel,
    outlets: Mapping[str, OutboundChannel],
) -> str:
    """The kind of channel that an answer takes when this one cannot carry it; empty: none."""
    records = contact_addresses.linked_contact_ids(tx.connection, person.root_id)
    ways = reachability.find_routes(tx.connection, records, outlets)
    possible = reachability.fallback_routes(
        ways,
        config.replies.fallback,
        [(outlet.name, person.address_id)],
        tx.now,
        by_person=not has_pages(outlet.kind),
    )
    return possible[0].channel.kind if possible else ""


def _is_refused(tx: Transaction, person: ContactAddress) -> bool:
    """Whether this address is a machine's, or was told so much today that it may be one."""
    if person.address.scheme == "mailto" and is_machine_address(person.address.path):
        return True
    told = tx.execute(
        select(func.count())
        .select_from(messages)
        .where(
            messages.c.address_id == person.address_id,
            messages.c.created_at >= tx.now - timedelta(days=1),
            messages.c.direction == "out",
            messages.c.type == "message",
            messages.c.author_type == "system",
        )
    ).scalar_one()
    return int(told) >= MAX_PER_DAY
