"""Renews the tokens of all connectors ahead of time, in the process that keeps the timers."""

from __future__ import annotations

from datetime import timedelta

from hub.connectors.oauth import SignsInWithTokens
from hub.errors import SendError
from hub.transport.running import RunningConnectors

INTERVAL = timedelta(seconds=30)
#: The part of a connector's work that fails where there is no token.
ACTIVITY = "sign-in"


class TokenRenewal:
    """A job. A mailbox whose connection stays open for days keeps its consent alive by it, too."""

    interval = INTERVAL

    def __init__(self, connectors: RunningConnectors) -> None:
        self._connectors = connectors

    def run(self) -> None:
        for connector in self._connectors:
            tokens = connector.tokens if isinstance(connector, SignsInWithTokens) else None
            if tokens is None:
                continue
            try:
                tokens.token()
            except SendError as error:
                self._connectors.mark_attention(connector.name, error.message, ACTIVITY)
            else:
                self._connectors.mark_ok(connector.name, ACTIVITY)
