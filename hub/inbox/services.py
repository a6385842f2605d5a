"""The parts that the web face works with. `hub.app` creates them; nothing else does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import current_app

from hub.accounts.presence import AgentPresence
from hub.config import Config
from hub.config.current import CurrentConfig
from hub.config_reload import Reloader
from hub.connectors.pages import PageConnector
from hub.inbox.authentication import Authenticator
from hub.inbox.connections.agents import AgentConnections
from hub.inbox.connections.visitors import VisitorConnections
from hub.listener import Proxies
from hub.notices import Notices
from hub.notifications.vapid import VapidKey
from hub.oauth.token_sources import TokenSources
from hub.settings import Settings
from hub.store.engine import Store
from hub.store.media import MediaFolder, MediaLinks
from hub.transport.gateway import Gateway
from hub.transport.running import RunningConnectors

if TYPE_CHECKING:
    from hub.inbox.peers.channel import PeerChannel


@dataclass(frozen=True)
class Hub:
    """A running hub as the web face sees it."""

    settings: Settings
    proxies: Proxies
    current: CurrentConfig
    reloader: Reloader
    store: Store
    media: MediaFolder
    links: MediaLinks
    connectors: RunningConnectors
    tokens: TokenSources
    gateway: Gateway
    auth: Authenticator
    presence: AgentPresence
    visitor_connections: VisitorConnections
    agent_connections: AgentConnections
    notices: Notices
    #: The key by which push services know this hub.
    vapid: VapidKey
    #: None where this process is the only one.
    peers: PeerChannel | None

    @property
    def config(self) -> Config:
        """The configuration in force now."""
        return self.current.config

    def page_connector(self, name: str) -> PageConnector | None:
        """The connector of this name, if it is turned on and has pages."""
        connector = self.connectors.get(name)
        return connector if isinstance(connector, PageConnector) else None

    @property
    def is_secure(self) -> bool:
        return self.settings.public_url.startswith("https://")


def current_hub() -> Hub:
    """The hub whose request is being handled."""
    hub = current_app.extensions["hub"]
    assert isinstance(hub, Hub)
    return hub
