"""Selects the automatic replies that are due, and sends them: each in one transaction, once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from hub.config import Config
from hub.config.hours import Hours
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
from hub.store.models.message import NO_AUTO_REPLY
from hub.types import Address


class WaitingConversation(NamedTuple):
    """A conversation as it was read, to be compared when a reply is sent."""

    id: int
    status: str
    merged_into_id: int | None
    assignee_id: int | None
    team: str | None


class LastMessage(NamedTuple):
    """The last message of the customer, with the address that they wrote from."""

    connector: str
    kind: str
    extra: dict[str, Any]
    received_at: datetime
    scheme: str
    path: str
    scope: str


@dataclass(frozen=True, slots=True)
class ReplyCandidate:
    """A conversation in which an automatic reply may be due."""

    conversation: WaitingConversation
    last_message: LastMessage
    context: ReplyContext

    @property
    def is_settled(self) -> bool:
        """Whether time alone makes no other reply due."""
        context = self.context
        is_queue_announced = context.waited is not None and context.waited >= QUEUED_AFTER
        ends = context.is_held or context.is_closed or context.is_page or is_queue_announced
        return context.is_routed and ends


def find_candidates(
    connection: Connection,
    config: Config,
    ids: Collection[int],
    new: Collection[int],
    now: datetime,
) -> dict[int, ReplyCandidate]:
    """Those of these conversations in which an automatic reply may be due, by id.

    Args:
        new: the ids of those that were just begun.
    """
    online_counts = _online_counts(connection)
    if not new and not config.hours and not announces_queue(config, any(online_counts.values())):
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
    candidates = {}
    for row in rows:
        is_held = row.presence == "online" and row.connected_at is not None
        if is_held and row.id not in new:
            continue
        last = _last_message(connection, row.id)
        # The provider answers START and HELP itself.
        if last is None or last.extra.get("keyword") or last.extra.get(NO_AUTO_REPLY):
            continue
        is_waiting = row.assignee_id is None and row.queued_at is not None
        context = ReplyContext(
            channel=last.kind,
            is_page=has_pages(last.kind),
            is_new=row.id in new,
            is_routed=row.rule is not None,
            is_held=is_held,
            is_closed=are_closed(team_hours(config, row.team), now),
            # Since the last message, where that is later: a customer may have waited before.
            waited=now - max(row.queued_at, last.received_at) if is_waiting else None,
            is_served=bool(online_counts.get(row.team or "")),
            sent=_sent_replies(connection, row.id, row.contact_id),
        )
        conversation = WaitingConversation(
            row.id, row.status, row.merged_into_id, row.assignee_id, row.team
        )
        candidates[row.id] = ReplyCandidate(conversation, last, context)
    return candidates


def _online_counts(connection: Connection) -> dict[str, int]:
    """How many agents of each team are online; "" for all agents."""
    online = select(agents.c.id).where(*IS_ONLINE)
    total = connection.execute(select(func.count()).select_from(online.subquery())).scalar_one()
    members = connection.execute(
        select(teams.c.name, func.count())
        .join(team_members, team_members.c.team_id == teams.c.id)
        .where(team_members.c.agent_id.in_(online))
        .group_by(teams.c.name)
    )
    return {"": total, **{name: count for name, count in members}}


def _last_message(connection: Connection, conversation_id: int) -> LastMessage | None:
    """The message that a reply answers: the last to arrive, also in merged conversations."""
    merged = select(conversations.c.id).where(conversations.c.merged_into_id == conversation_id)
    ids = [conversation_id, *connection.execute(merged).scalars()]
    row = connection.execute(
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
    return None if row is None else LastMessage(*row)


def _client_id(kind: ReplyKind, conversation_id: int) -> str:
    """The client id of a reply, which is unique: each kind is sent once in a conversation."""
    return f"reply:{kind}:{conversation_id}"


def _sent_replies(
    connection: Connection, conversation_id: int, contact_id: int
) -> frozenset[ReplyKind]:
    kind_by_client_id = {_client_id(kind, conversation_id): kind for kind in REPLY_KINDS}
    client_ids = connection.execute(
        select(messages.c.client_id).where(
            # By the index of client ids; the messages may belong to any of the linked contacts.
            messages.c.contact_id.in_(contact_addresses.linked_contact_ids(connection, contact_id)),
            messages.c.direction == "out",
            messages.c.client_id.in_(kind_by_client_id),
        )
    ).scalars()
    return frozenset(
        kind_by_client_id[client_id] for client_id in client_ids if client_id is not None
    )


# -- sending ---------------------------------------------------------------------------------------


def send_reply(
    tx: Transaction,
    candidate: ReplyCandidate,
    kind: ReplyKind,
    config: Config,
    channels: Mapping[str, OutboundChannel],
) -> bool:
    """Sends one automatic reply, if the conversation still is as it was read.

    Returns: whether it was sent.
    """
    last, before = candidate.last_message, candidate.conversation
    recipient = contact_addresses.find_contact_address(
        tx.connection, Address(last.scheme, last.path, last.scope)
    )
    if recipient is None or _is_refused(tx, recipient):
        return False
    conversation = lifecycle.load_conversation(tx, before.id, recipient)
    if (conversation.status, conversation.merged_into_id, conversation.assignee_id) != (
        before.status,
        before.merged_into_id,
        before.assignee_id,
    ):
        return False
    if conversation.waiting_since is None or kind in _sent_replies(
        tx.connection, conversation.id, recipient.root_id
    ):
        return False
    texts: Mapping[str, str] = getattr(config.replies, kind)
    language = automatic_texts.choose_language(
        texts, *automatic_texts.find_locales(tx, recipient), conversation.language
    )
    channel = channels[last.connector]
    if kind == "offline":
        values = None
        if are_closed(hours := team_hours(config, before.team), tx.now):
            fallback = _fallback_kind(tx, config, recipient, channel, channels)
            values = _offline_values(tx, hours, recipient, fallback, language)
    elif kind == "queued":
        values = _queue_values(tx.connection, before.id, config, language)
    else:
        values = {"name": recipient.name}
    if values is None:
        return False
    text = fill_template(texts.get(language, ""), values)
    message_id = automatic_texts.send_automatic_text(
        tx, conversation, recipient, channel, text, _client_id(kind, conversation.id)
    )
    return message_id is not None


def _offline_values(
    tx: Transaction,
    hours: list[Hours],
    recipient: ContactAddress,
    fallback: str,
    language: str,
) -> dict[str, str]:
    """The values of the placeholders: the next opening, and the channel to be answered on."""
    zone = str(recipient.contact.attributes.get("timezone", ""))
    return {
        "opens": opening_text(hours, tx.now, zone, language),
        "fallback": fallback and formats.channel_name(fallback, language),
    }


def _queue_values(
    connection: Connection, conversation_id: int, config: Config, language: str
) -> dict[str, str] | None:
    """The values of the placeholders: its place and wait; None when it no longer waits."""
    place = places.find_place(connection, conversation_id, config.assignment.order)
    if place is None:
        return None
    wait = None if place.wait_seconds is None else timedelta(seconds=place.wait_seconds)
    return {
        "position": formats.format_digits(str(place.position), language),
        "wait": "" if wait is None else formats.format_wait(wait, language),
    }


def _fallback_kind(
    tx: Transaction,
    config: Config,
    recipient: ContactAddress,
    channel: OutboundChannel,
    channels: Mapping[str, OutboundChannel],
) -> str:
    """The kind of channel that an answer takes when this one cannot carry it; empty: none."""
    contact_ids = contact_addresses.linked_contact_ids(tx.connection, recipient.root_id)
    routes = reachability.fallback_routes(
        reachability.find_routes(tx.connection, contact_ids, channels),
        config.replies.fallback,
        [(channel.name, recipient.address_id)],
        tx.now,
        by_person=not has_pages(channel.kind),
    )
    return routes[0].channel.kind if routes else ""


def _is_refused(tx: Transaction, recipient: ContactAddress) -> bool:
    """Whether an address is a machine's, or got so many replies today that it may be one."""
    address = recipient.address
    if address.scheme == "mailto" and is_machine_address(address.path):
        return True
    sent_today = tx.execute(
        select(func.count())
        .select_from(messages)
        .where(
            messages.c.address_id == recipient.address_id,
            messages.c.created_at >= tx.now - timedelta(days=1),
            messages.c.direction == "out",
            messages.c.type == "message",
            messages.c.author_type == "system",
        )
    ).scalar_one()
    return int(sent_today) >= MAX_PER_DAY
