"""The connectors of this hub as they are running: what works, what needs attention, and why."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from hub import runtime
from hub.connectors import registry
from hub.connectors.base import Connector, ConnectorConfig, Site
from hub.connectors.base import Typing as CanType
from hub.inbound.channel import InboundChannel
from hub.outbound.destinations import OutboundChannel
from hub.schema import resources

log = structlog.get_logger()

#: Longer than any call to a provider may take.
RETIRE_SECONDS = 60.0


@dataclass(slots=True)
class RunningConnector:
    """A name in `connectors.yaml` and what became of it."""

    config: ConnectorConfig
    connector: Connector[Any] | None
    state: str = "ok"
    last_error: str = ""

    def still_serves(self, config: ConnectorConfig) -> bool:
        """One that could not be started is made anew: what it lacked may be there now."""
        return self.config == config and (self.connector is not None or not config.enabled)


class RunningConnectors:
    """Every configured connector by name. One that is broken never stops the others."""

    def __init__(self, configs: Mapping[str, ConnectorConfig], site: Site, secret: bytes) -> None:
        self._secret = secret
        self._site = site
        self._lock = threading.Lock()
        self._slots = {name: _slot(name, config, site) for name, config in configs.items()}
        self._listeners: list[Callable[[resources.Connector], None]] = []
        #: What is said to who brings an invitation, by language, as the file in force has it.
        self.welcome: Callable[[], Mapping[str, str]] = dict

    def on_change(self, listener: Callable[[resources.Connector], None]) -> None:
        self._listeners.append(listener)

    def apply(self, configs: Mapping[str, ConnectorConfig]) -> None:
        """Brings what runs in line with a new file. What did not change goes on untouched."""
        before = self._slots
        slots = {
            name: before[name]
            if name in before and before[name].still_serves(config)
            else _slot(name, config, self._site)
            for name, config in configs.items()
        }
        with self._lock:
            self._slots = slots
        retired = [
            slot.connector
            for name, slot in before.items()
            if slot.connector is not None and slots.get(name) is not slot
        ]
        if retired:
            runtime.spawn(_retire, retired, name="retire-connectors")
        for name, slot in slots.items():
            if before.get(name) is not slot:
                self._tell(name)

    def __iter__(self) -> Iterator[Connector[Any]]:
        slots = list(self._slots.values())
        return (slot.connector for slot in slots if slot.connector is not None)

    def get(self, name: str) -> Connector[Any] | None:
        slot = self._slots.get(name)
        return slot.connector if slot else None

    def is_configured(self, name: str) -> bool:
        return name in self._slots

    def inbound_channel(self, connector: Connector[Any]) -> InboundChannel:
        return InboundChannel(connector.name, connector.kind, self._secret, self.welcome())

    def outbound_channels(self) -> dict[str, OutboundChannel]:
        return {
            one.name: OutboundChannel(
                name=one.name,
                kind=one.kind,
                scheme=one.scheme,
                scope=one.scope,
                can_start=one.capabilities.can_start,
                window=one.capabilities.window,
                text_limit=one.capabilities.text_limit,
            )
            for one in self
        }

    def mark_attention(self, name: str, error: str) -> None:
        """The connector needs attention: an admin must act."""
        self._set(name, "attention", error)

    def mark_ok(self, name: str) -> None:
        self._set(name, "ok", "")

    def _set(self, name: str, state: str, error: str) -> None:
        slot = self._slots.get(name)
        if slot is None:  # it was taken out of the file while it was at work
            return
        with self._lock:
            if (slot.state, slot.last_error) == (state, error):
                return
            slot.state, slot.last_error = state, error
        log.info("connector.state", connector=name, state=state, error=error)
        self._tell(name)

    def _tell(self, name: str) -> None:
        for listener in self._listeners:
            listener(self.connector_resource(name))

    def connector_resource(self, name: str) -> resources.Connector:
        slot = self._slots[name]
        return resources.Connector.model_validate(
            {
                "name": name,
                "kind": slot.config.kind,
                "label": slot.config.label or name,
                "state": slot.state,
                "last_error": slot.last_error,
                "capabilities": slot.connector and _capabilities(slot.connector),
            }
        )

    def connector_resources(self) -> list[resources.Connector]:
        return [self.connector_resource(name) for name in self._slots]

    def close(self) -> None:
        for connector in self:
            try:
                connector.close()
            except Exception:
                # The others, and the database, still have to be closed.
                log.exception("connector.not_closed", connector=connector.name)


def _retire(connectors: Sequence[Connector[Any]]) -> None:
    """Closes what was replaced, once what it had under way is over."""
    time.sleep(RETIRE_SECONDS)
    for connector in connectors:
        try:
            connector.close()
        except Exception:
            log.exception("connector.not_closed", connector=connector.name)


def _slot(name: str, config: ConnectorConfig, site: Site) -> RunningConnector:
    if not config.enabled:
        return RunningConnector(config, None, "disabled")
    try:
        return RunningConnector(config, registry.kind(config.kind)(name, config, site))
    except Exception as error:
        log.exception("connector.broken", connector=name)
        return RunningConnector(
            config, None, "attention", f"{type(error).__name__}: it could not be started."
        )


def _capabilities(connector: Connector[Any]) -> dict[str, Any]:
    found = connector.capabilities
    return {
        "text_limit": found.text_limit,
        "text_unit": found.text_unit.value,
        "max_text": found.max_text,
        "media": {
            medium.value: {
                "max_bytes": limit.max_bytes,
                "media_types": list(limit.media_types),
                "caption": limit.caption,
            }
            for medium, limit in found.media.items()
        },
        "max_attachments": found.max_attachments,
        "can_start": found.can_start,
        "typing_out": isinstance(connector, CanType) or found.typing_out,
        "window": found.window
        and {
            "standard_seconds": found.window.standard.total_seconds(),
            "human_seconds": found.window.human and found.window.human.total_seconds(),
        },
    }
