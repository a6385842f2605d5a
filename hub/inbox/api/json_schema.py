"""The JSON Schema of the API and the sockets: the shapes of conversations, and the API's own.

The front end's types are generated from it, so that a change here that the screens do not know of
fails their type check.
"""

from __future__ import annotations

from typing import Any

from hub.inbox.api.accounts import Token
from hub.inbox.api.configuration import Reloaded
from hub.inbox.api.contacts import Decided
from hub.inbox.api.notifications import SettingsShape
from hub.inbox.api.push import PushDevices
from hub.inbox.api.routing import Routing
from hub.inbox.api.views import View
from hub.notifications.mentions import Mention
from hub.router.overview import Overview
from hub.router.preview import Preview
from hub.schema import json_schema, resources

#: What the screens read that no event brings.
ANSWERS = (
    Decided,
    Mention,
    Overview,
    Preview,
    PushDevices,
    Reloaded,
    Routing,
    SettingsShape,
    Token,
    View,
    resources.JournalEntry,
    resources.ListedConnector,
    resources.QuietMessage,
    resources.Recipients,
)


def schema() -> dict[str, Any]:
    """Every shape and every event payload, by name, under `$defs`."""
    return json_schema.schema(ANSWERS)
