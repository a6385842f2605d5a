"""The whole of `connectors.yaml` as one value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, SerializeAsAny

from hub.config.canned_replies import CannedReplyEntry
from hub.config.hours import Hours
from hub.config.sections import (
    AgentEntry,
    Assignment,
    Limits,
    Policy,
    Replies,
    Rule,
    Section,
    Team,
)
from hub.config.values import Email
from hub.connectors.base import ConnectorConfig

#: A connector's name is part of its webhook address.
CONNECTOR_NAME = re.compile(r"[a-z0-9_-]{1,64}")

Name = Annotated[str, Field(min_length=1, max_length=64)]


class Config(Section):
    """What `connectors.yaml` says, checked. Never changes; a changed file makes a new one.

    A connector that is turned off is a plain `ConnectorConfig` here: its kind and label are known,
    and its other options were not needed.
    """

    connectors: Mapping[str, SerializeAsAny[ConnectorConfig]] = Field(
        default={}, description="The channels, each under a name of your choice."
    )
    teams: Mapping[Name, Team] = Field(default={}, description="Groups of agents, by name.")
    hours: Mapping[Name, Hours] = Field(default={}, description="Opening hours, by name.")
    routing: tuple[Rule, ...] = Field(
        (), description="Who gets which conversation: the first rule that matches decides."
    )
    assignment: Assignment = Field(
        Assignment(), description="How a conversation finds its agent in the team."
    )
    replies: Replies = Field(Replies(), description="What the hub says and sends on its own.")
    sla: Mapping[Name, Policy] = Field(default={}, description="Times to keep, by policy.")
    agents: Mapping[Email, AgentEntry] = Field(
        default={}, description="Agents by sign-in address; for them the file decides."
    )
    canned_replies: tuple[CannedReplyEntry, ...] = Field(
        (), description="Texts that agents answer with; on the screens they are read-only."
    )
    limits: Limits = Field(Limits(), description="Bounds on what the outside may ask of this hub.")
