"""The values of variables in one conversation, for one agent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from hub.accounts.principal import Principal
from hub.conversations import views
from hub.outbound.destinations import OutboundChannel
from hub.schema import resources
from hub.schema.folding import fold
from hub.store.models import addresses, contacts, conversations

#: Where a shop keeps the number of the customer's order.
_ORDER_KEYS = ("order_number", "order", "order_no", "order_id", "ordernumber", "last_order")
_LANGUAGE_KEYS = ("language", "locale", "lang")
_IS_WORD = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class ReplyContext:
    """A conversation as the texts for it see it.

    Args:
        language: of the customer, empty where it is unknown.
        kind: of the channel of the reply, None where it is unknown.
        names: the values of variables by their names, without those of attributes.
    """

    language: str
    kind: str | None
    names: Mapping[str, str]
    attributes: Mapping[str, Any]

    def value_of(self, name: str) -> str:
        """The value of a variable, empty where there is none."""
        prefix = "contact.attributes."
        if not name.startswith(prefix):
            return self.names.get(name, "")
        return _attribute(self.attributes, (name.removeprefix(prefix),))


def read_context(
    connection: Connection,
    conversation_id: int,
    principal: Principal,
    channels: Mapping[str, OutboundChannel],
    connector: str | None = None,
) -> ReplyContext:
    """Reads what the variables of a text stand for in a conversation. Raises NotFound.

    Args:
        channels: the connectors that are turned on, by name.
        connector: by which the reply goes; else where the customer was heard last.
    """
    conversation = views.get_conversation(connection, conversation_id)
    row = connection.execute(
        select(
            conversations.c.language, conversations.c.answer_connector, conversations.c.department
        ).where(conversations.c.id == conversation_id)
    ).one()
    contact = conversation.contact
    channel = channels.get(connector or row.answer_connector or "")
    called = contact.name if "@" not in contact.name and _IS_WORD.search(contact.name) else ""
    agent = principal.agent
    return ReplyContext(
        language=row.language or _attribute(contact.attributes, _LANGUAGE_KEYS),
        kind=None if channel is None else channel.kind,
        attributes=contact.attributes,
        names={
            "contact.name": called,
            "contact.first_name": first_name(called),
            "contact.email": _address(connection, contact.id, "mailto"),
            "contact.phone": _address(connection, contact.id, "tel"),
            "agent.name": principal.name,
            "agent.first_name": first_name(principal.name),
            "agent.email": agent.email if agent else "",
            "conversation.id": conversation.id,
            "conversation.subject": conversation.subject,
            "conversation.team": conversation.team.name if conversation.team else "",
            "conversation.channel": channel.name if channel else "",
            "conversation.department": row.department,
            "order.number": _order_number(conversation),
        },
    )


def first_name(name: str) -> str:
    """The first name of a person: `Ann` of "Dr. Ann Smith" and of "Smith, Ann"."""
    before_comma, _, after_comma = name.partition(",")
    names = (after_comma if after_comma.strip() else before_comma).split()
    while len(names) > 1 and names[0].endswith("."):
        names.pop(0)
    return names[0] if names else ""


def _attribute(attributes: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    """The first attribute of these names that has a value; capitals and accents make no name."""
    by_folded_key = {fold(key): value for key, value in attributes.items()}
    for key in keys:
        value = attributes.get(key, by_folded_key.get(fold(key)))
        if isinstance(value, bool):
            value = str(value).lower()
        if value not in (None, "") and not isinstance(value, dict | list):
            return str(value)
    return ""


def _order_number(conversation: resources.Conversation) -> str:
    """The number of the customer's order: of an attribute, else what they wrote last."""
    card = conversation.context_card
    written = [detail.text for detail in card.given if detail.type == "order"] if card else []
    return _attribute(conversation.contact.attributes, _ORDER_KEYS) or "".join(written[-1:])


def _address(connection: Connection, contact_id: str, scheme: str) -> str:
    path = connection.execute(
        select(addresses.c.path)
        .join(contacts, contacts.c.id == addresses.c.contact_id)
        .where(contacts.c.root_id == int(contact_id), addresses.c.scheme == scheme)
        .order_by(addresses.c.id)
        .limit(1)
    ).scalar()
    return path or ""
