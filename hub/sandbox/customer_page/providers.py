"""The stand-ins whose customers the page plays."""

from __future__ import annotations

from dataclasses import dataclass

from hub.sandbox.base.cdn import Cdn
from hub.sandbox.base.context import Shared
from hub.sandbox.graph import Graph
from hub.sandbox.mail import MailWorld
from hub.sandbox.telegram import Telegram
from hub.sandbox.twilio import Twilio


@dataclass(frozen=True, slots=True)
class Providers:
    """All stand-ins of one sandbox, and the parts that they share."""

    shared: Shared
    cdn: Cdn
    telegram: Telegram
    twilio: Twilio
    graph: Graph
    mail: MailWorld
