"""The stand-ins whose customers the page plays."""

from __future__ import annotations

from dataclasses import dataclass

from hub.sandbox.base.cdn import Cdn
from hub.sandbox.base.context import SandboxContext
from hub.sandbox.graph import Graph
from hub.sandbox.mail import MailProvider
from hub.sandbox.telegram import Telegram
from hub.sandbox.twilio import Twilio


@dataclass(frozen=True, slots=True)
class Providers:
    """The stand-ins of one sandbox, and the parts that they share."""

    context: SandboxContext
    cdn: Cdn
    telegram: Telegram
    twilio: Twilio
    graph: Graph
    mail: MailProvider
