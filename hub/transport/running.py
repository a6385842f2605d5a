"""The running connectors of this hub: which work, which need attention, and why."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from hub import runtime
from hub.connectors import registry
from hub.connectors.base import Connector, ConnectorConfig, Site
from hub.connectors.base import Typing as CanType
from hub.connectors.oauth import OAuthClient, SignsInWithTokens
from hub.inbound.channel import InboundChannel
from hub.oauth.token_sources import TokenSources
from hub.outbound.destinations import OutboundChannel
from hub.schema import resources
from hub.transport.lone_failures import LoneFailures

log = structlog.get_logger()

#: How long a replaced connector may finish its calls: longer than any call may take.
RETIRE_SECONDS = 60.0


@dataclass(slots=True)
class RunningConnector:
    """A configured connector and its state.

    Args:
        connector: None where it is turned off or could not be started.
        problems: a sentence for the admin for each activity (`poll`, `delivery`) that fails; under
            "" what concerns the whole connector.
        lone_failures: the addresses and files, by activity, whose failures are their own.
    """

    config: ConnectorConfig
    connector: Connector[Any] | None
    problems: dict[str, str] = field(default_factory=dict)
    lone_failures: dict[str, LoneFailures] = field(
        default_factory=lambda: defaultdict(LoneFailures)
    )

    @property
    def state(self) -> str:
        """`ok`, `attention` or `disabled`."""
        if not self.config.enabled:
            return "disabled"
        return "attention" if self.problems else "ok"

    @property
    def last_error(self) -> str:
        """The latest problem, "" where there is none."""
        return next(reversed(self.problems.values()), "")

    def still_serves(self, config: ConnectorConfig) -> bool:
        """Whether it may go on with a new configuration.

        A connector that could not be started is made anew: what it lacked may be there now.
        """
        return self.config == config and (self.connector is not None or not config.enabled)


class RunningConnectors:
    """Every configured connector by name. A broken connector never stops the others.

    Iterating gives the connectors that are turned on and could be started.
    """

    def __init__(
        self,
        configs: Mapping[str, ConnectorConfig],
        site: Site,
        secret: bytes,
        tokens: TokenSources | None = None,
    ) -> None:
        """Starts the connectors. Without `tokens` those that sign in with them cannot sign in."""
        self._secret = secret
        self._site = site
        self._tokens = tokens
        self._lock = threading.Lock()
        self._running = {
            name: self._start_connector(name, config) for name, config in configs.items()
        }
        self._listeners: list[Callable[[resources.Connector], None]] = []
        #: Gives the text for a customer who redeems a handover, by language, as configured now.
        self.welcome: Callable[[], Mapping[str, str]] = dict

    def on_change(self, listener: Callable[[resources.Connector], None]) -> None:
        """Calls `listener` with every connector whose state or configuration changed."""
        self._listeners.append(listener)

    def apply(self, configs: Mapping[str, ConnectorConfig]) -> None:
        """Applies a new configuration. A connector whose options did not change goes on."""
        before = self._running
        after = {
            name: before[name]
            if name in before and before[name].still_serves(config)
            else self._start_connector(name, config)
            for name, config in configs.items()
        }
        with self._lock:
            self._running = after
        retired = [
            running.connector
            for name, running in before.items()
            if running.connector is not None and after.get(name) is not running
        ]
        if retired:
            runtime.spawn(_retire, retired, name="retire-connectors")
        for name, running in after.items():
            if before.get(name) is not running:
                self._notify(name)

    def __iter__(self) -> Iterator[Connector[Any]]:
        connectors = list(self._running.values())
        return (running.connector for running in connectors if running.connector is not None)

    def get(self, name: str) -> Connector[Any] | None:
        """A running connector; None where the name is unknown, turned off or broken."""
        running = self._running.get(name)
        return running.connector if running else None

    def oauth_client(self, name: str) -> OAuthClient | None:
        """The client that gets a running connector's tokens; None where it uses none."""
        connector = self.get(name)
        return connector.oauth_client() if isinstance(connector, SignsInWithTokens) else None

    def is_configured(self, name: str) -> bool:
        return name in self._running

    def inbound_channel(self, connector: Connector[Any]) -> InboundChannel:
        """A connector as inbound needs it."""
        return InboundChannel(connector.name, connector.kind, self._secret, self.welcome())

    def outbound_channels(self) -> dict[str, OutboundChannel]:
        """The running connectors as outbound needs them, by name."""
        return {
            connector.name: OutboundChannel(
                name=connector.name,
                kind=connector.kind,
                scheme=connector.scheme,
                scope=connector.scope,
                can_start=connector.capabilities.can_start,
                window=connector.capabilities.window,
                text_limit=connector.capabilities.text_limit,
                copies=connector if connector.capabilities.copies else None,
            )
            for connector in self
        }

    def mark_attention(
        self, name: str, error: str, activity: str = "", part: Hashable = None
    ) -> None:
        """Notes that a connector needs an admin, unless only this part of its work fails.

        Args:
            error: a sentence for the admin.
            activity: the kind of work that fails; "" for all of it.
            part: the address or file that it fails for; None where it fails for all.
        """
        running = self._running.get(name)
        if running is None:  # a new configuration has taken it out
            return
        if part is not None and not running.lone_failures[activity].note_failure(part):
            return
        self._change(name, lambda problems: {**problems, activity: error})

    def mark_ok(self, name: str, activity: str = "", part: Hashable = None) -> None:
        """Notes that a connector works, in one of its activities: see `mark_attention`."""
        running = self._running.get(name)
        if running is not None:
            running.lone_failures[activity].note_success(part)
        self._change(
            name,
            lambda problems: {
                key: error for key, error in problems.items() if key not in (activity, "")
            },
        )

    def _change(self, name: str, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
        running = self._running.get(name)
        if running is None:  # a new configuration has taken it out
            return
        with self._lock:
            before = (running.state, running.last_error)
            if running.problems or change({}):
                running.problems = change(running.problems)
            after = (running.state, running.last_error)
        if before == after:
            return
        log.info("connector.state", connector=name, state=after[0], error=after[1])
        self._notify(name)

    def restart(self, name: str) -> None:
        """Makes a connector anew, with the same options: a call of the former one never ends.

        Its problems stay until its work succeeds.
        """
        running = self._running.get(name)
        if running is None or running.connector is None:
            return
        anew = self._start_connector(name, running.config)
        anew.problems = {**running.problems, **anew.problems}
        with self._lock:
            if self._running.get(name) is not running:
                return  # a new configuration was faster
            self._running = {**self._running, name: anew}
        runtime.spawn(_retire, [running.connector], name="retire-connectors")

    def _start_connector(self, name: str, config: ConnectorConfig) -> RunningConnector:
        """Makes a connector, in the state `attention` where it cannot be made."""
        if not config.enabled:
            return RunningConnector(config, None)
        try:
            connector = registry.kind(config.kind)(name, config, self._site)
            if self._tokens is not None and isinstance(connector, SignsInWithTokens):
                client = connector.oauth_client()
                if client is not None:
                    connector.use_tokens(self._tokens.source(name, client))
        except Exception as error:
            log.exception("connector.broken", connector=name)
            return RunningConnector(
                config, None, {"": f"{type(error).__name__}: it could not be started."}
            )
        return RunningConnector(config, connector)

    def _notify(self, name: str) -> None:
        for listener in self._listeners:
            listener(self.connector_resource(name))

    def connector_resource(self, name: str) -> resources.Connector:
        """A configured connector as the API shows it."""
        running = self._running[name]
        client = self.oauth_client(name)
        return resources.Connector.model_validate(
            {
                "name": name,
                "kind": running.config.kind,
                "label": running.config.label or name,
                "state": running.state,
                "last_error": running.last_error,
                "capabilities": running.connector and _capabilities(running.connector),
                "needs_consent": client is not None and client.needs_consent,
            }
        )

    def connector_resources(self) -> list[resources.Connector]:
        """Every configured connector as the API shows it, in the order of the configuration."""
        return [self.connector_resource(name) for name in self._running]

    def close(self) -> None:
        """Closes every connector."""
        for connector in self:
            try:
                connector.close()
            except Exception:
                # The others, and the database, still have to be closed.
                log.exception("connector.not_closed", connector=connector.name)


def _retire(connectors: Sequence[Connector[Any]]) -> None:
    """Closes connectors that were replaced, once their calls are over."""
    time.sleep(RETIRE_SECONDS)
    for connector in connectors:
        try:
            connector.close()
        except Exception:
            log.exception("connector.not_closed", connector=connector.name)


def _capabilities(connector: Connector[Any]) -> dict[str, Any]:
    capabilities = connector.capabilities
    return {
        "text_limit": capabilities.text_limit,
        "text_unit": capabilities.text_unit.value,
        "max_text": capabilities.max_text,
        "media": {
            medium.value: {
                "max_bytes": limit.max_bytes,
                "media_types": list(limit.media_types),
                "caption": limit.caption,
            }
            for medium, limit in capabilities.media.items()
        },
        "max_attachments": capabilities.max_attachments,
        "can_start": capabilities.can_start,
        "edit": capabilities.edit,
        "retract": capabilities.retract,
        "typing_out": isinstance(connector, CanType) or capabilities.typing_out,
        "window": capabilities.window
        and {
            "standard_seconds": capabilities.window.standard.total_seconds(),
            "human_seconds": capabilities.window.human
            and capabilities.window.human.total_seconds(),
        },
    }
