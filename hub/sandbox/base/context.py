"""The parts that every stand-in gets from the sandbox: the clock, the feed and the URLs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hub.sandbox.base.feed import Feed


@dataclass
class Clock:
    """The sandbox's time. It can be moved, so that 24 hours pass in a test."""

    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def passes(self, **amount: float) -> None:
        """Moves the time ahead by an amount that `timedelta` takes: `clock.passes(hours=25)`."""
        self.ahead += timedelta(**amount)


@dataclass
class SandboxContext:
    """The parts of a sandbox that all its stand-ins share.

    Args:
        speed: how many times faster than real the waits between a provider's retries are.
        url: the URL of the sandbox's own HTTP server.
        hub_url: the public URL of the hub, written as the hub itself writes it.
    """

    feed: Feed = field(default_factory=Feed)
    clock: Clock = field(default_factory=Clock)
    speed: float = 1.0
    url: str = ""
    hub_url: str = ""


class WebhookCaller:
    """A stand-in that calls the webhook of one connector.

    Set `webhook_url` where the hub's own spelling of that URL differs from the usual one.
    """

    context: SandboxContext
    connector: str
    _webhook_url = ""

    @property
    def webhook_url(self) -> str:
        return self._webhook_url or f"{self.context.hub_url}/webhooks/{self.connector}"

    @webhook_url.setter
    def webhook_url(self, url: str) -> None:
        self._webhook_url = url
