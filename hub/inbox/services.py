"""The parts that the web side works with. `hub.app` makes them; nothing else does."""

from __future__ import annotations

from dataclasses import dataclass

from hub.config import Config
from hub.config.current import Current
from hub.connectors.delivery import Deliverer
from hub.connectors.fetching import MediaFetcher
from hub.connectors.gateway import Gateway
from hub.connectors.live import Connectors
from hub.connectors.polling import Poller
from hub.inbox.auth import Authenticator
from hub.inbox.presence import PresenceBook
from hub.inbox.sockets.agent_lines import AgentLines
from hub.inbox.sockets.visitor_lines import Lines
from hub.reloading import Reloader
from hub.settings import Settings
from hub.store.engine import Store
from hub.store.media import MediaFolder, MediaLinks


@dataclass(frozen=True)
class Hub:
    settings: Settings
    current: Current
    reloader: Reloader
    store: Store
    media: MediaFolder
    links: MediaLinks
    connectors: Connectors
    gateway: Gateway
    deliverer: Deliverer
    fetcher: MediaFetcher
    poller: Poller
    auth: Authenticator
    presence: PresenceBook
    lines: Lines
    agent_lines: AgentLines

    @property
    def config(self) -> Config:
        """The configuration in force now."""
        return self.current.config

    @property
    def is_secure(self) -> bool:
        return self.settings.public_url.startswith("https://")
