"""The one place where the parts are wired. Read it from top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import structlog
from flask import Flask, Response
from flask_openapi3 import Info, OpenAPI
from flask_socketio import SocketIO
from werkzeug.middleware.proxy_fix import ProxyFix

from hub import runtime
from hub.accounts import config_sync
from hub.accounts.presence import AgentPresence
from hub.config import Config
from hub.config.current import Current
from hub.config_reload import Reloader
from hub.connectors.base import Acknowledges, Connector, Site, is_able
from hub.connectors.pages import PageConnector
from hub.errors import SendError
from hub.handover import metrics
from hub.inbound.channel import ReceiveResult
from hub.inbox import chat_api, health, pages, problems, webhooks
from hub.inbox.api import agents as agents_api
from hub.inbox.api import (
    configuration,
    contacts,
    conversations,
    messages,
    overview,
    reports,
    system,
)
from hub.inbox.api.description import completed
from hub.inbox.authentication import Authenticator, security_headers
from hub.inbox.origins import SocketOrigins
from hub.inbox.services import Hub
from hub.inbox.sockets import agents, visitors
from hub.inbox.sockets.agent_connections import AgentLines
from hub.inbox.sockets.broadcast import Broadcaster, Json, TextPacket
from hub.inbox.sockets.visitor_connections import Lines
from hub.router.auto_replies.worker import Replier
from hub.router.engine import Assigner
from hub.router.jobs import Timers
from hub.router.sla.watch import SlaWatch
from hub.schema.events import ConnectorUpdated, Event, MessageCreated, MessageUpdated
from hub.settings import Settings
from hub.store.engine import Store
from hub.store.media import MediaFolder, MediaLinks
from hub.store.migrate import migrate
from hub.switches import detection
from hub.transport.delivery import DeliveryWorker
from hub.transport.gateway import Gateway
from hub.transport.handover_offers import HandoverOffers
from hub.transport.media_fetching import MediaFetcher
from hub.transport.polling import Poller
from hub.transport.profile_fetching import ProfileFetcher
from hub.transport.running import RunningConnectors
from hub.transport.unread_followup import UnreadFollowup
from hub.types import InboundEvent, InboundMessage

log = structlog.get_logger()

#: A mail with its files; every other request is far smaller.
MAX_REQUEST_BYTES = 40 * 1024 * 1024
#: How late answers may follow a visitor who is gone.
FOLLOW_SECONDS = 5
#: How late another channel may be offered.
OFFER_SECONDS = 15


class App:
    """A hub, wired and not yet running.

    `start` begins the work that no request asks for; `stop` finishes what is under way.
    """

    def __init__(self, settings: Settings, load: Callable[[], Config]) -> None:
        config = load()
        self.settings = settings
        self.current = Current(config, load)
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        self.store = Store(settings.database_url)
        migrate(self.store)

        secret = settings.secret_key.get_secret_value()
        self.reloader = Reloader(self.store, self.current, secret, [config_sync.sync_from_config])
        self.connectors = RunningConnectors(
            config.connectors, Site(settings.public_url), f"reply:{secret}".encode()
        )
        media = MediaFolder(Path(settings.data_dir) / "media")
        links = MediaLinks(settings.public_url, secret)
        self.gateway = Gateway(self.store, self.connectors)
        self.deliverer = DeliveryWorker(
            self.store,
            self.connectors,
            media,
            links,
            f"reply:{secret}".encode(),
            rules=lambda: self.current.config.replies.fallback,
        )
        self.fetcher = MediaFetcher(self.store, self.connectors, media)
        self.describer = ProfileFetcher(self.store)
        self.poller = Poller(self.store, self.connectors, self.gateway)
        self.presence = AgentPresence(
            self.store, lambda: self.current.config.assignment.offline_grace.total_seconds()
        )
        alone = settings.redis_url is None
        self.lines = Lines(self.store, links.path, lambda: self.current.config, alone=alone)
        self.agent_lines = AgentLines(self.store)
        self.assigner = Assigner(self.store, lambda: self.current.config)
        self.sla = SlaWatch(self.store, lambda: self.current.config)
        self.replier = Replier(
            self.store, lambda: self.current.config, self.connectors.outbound_channels
        )
        self.timers = Timers(self.store, media)
        follower = UnreadFollowup(
            self.store, self.connectors, lambda: self.current.config.replies.fallback
        )
        self.timers.every(follower.follow_unread_answers, seconds=FOLLOW_SECONDS)
        self.timers.every(self.sla.wake, seconds=1)
        offerer = HandoverOffers(self.store, self.connectors, lambda: self.current.config)
        self.timers.every(offerer.offer_handovers, seconds=OFFER_SECONDS)
        self.hub = Hub(
            settings=settings,
            current=self.current,
            reloader=self.reloader,
            store=self.store,
            media=media,
            links=links,
            connectors=self.connectors,
            gateway=self.gateway,
            deliverer=self.deliverer,
            fetcher=self.fetcher,
            poller=self.poller,
            auth=Authenticator(self.store, settings.public_url),
            presence=self.presence,
            lines=self.lines,
            agent_lines=self.agent_lines,
        )
        self.flask, self.socketio = create_web(self.hub)
        self.broadcaster = Broadcaster(self.store, self.socketio, links, self.lines)
        self._connect_parts()

    def _connect_parts(self) -> None:
        """Who hears of what."""
        self.store.subscribe(self._wake_delivery)
        self.current.on_change(lambda config: self.connectors.apply(config.connectors))
        self.connectors.welcome = lambda: self.current.config.replies.handover.welcome
        self.gateway.on_received(self._follow_up)
        self.gateway.on_received(_count)
        self.connectors.on_change(
            lambda shape: self.store.announce(Event(ConnectorUpdated(connector=shape)))
        )

    def _wake_delivery(self, events: object) -> None:
        assert isinstance(events, list | tuple)
        for event in events:
            payload = event.payload
            if isinstance(payload, MessageCreated | MessageUpdated):
                delivery = payload.message.delivery
                if delivery is not None and delivery.status == "queued":
                    self.deliverer.wake()
                    return

    def _follow_up(
        self, connector: Connector[Any], event: InboundEvent, received: ReceiveResult
    ) -> None:
        """What is done once the provider has its answer."""
        if received.fetches_media:
            self.fetcher.wake()
        if received.is_nameless and isinstance(event, InboundMessage):
            self.describer.request_profile(connector, event.address)
        if is_able(type(connector), Acknowledges):
            calls = connector.acknowledge(event)  # type: ignore[attr-defined]
            if calls:
                runtime.spawn(_transmit, connector, calls, name="acknowledge")

    def start(self, *, web: bool = True, worker: bool = True) -> None:
        # Redis is what lets several processes be one hub; without it this is the only one.
        alone = self.settings.redis_url is None
        self.reloader.start(alone=alone)
        self.broadcaster.start()
        self.replier.start()
        if web:
            self.presence.start(alone=alone)
            self.lines.start()
            self.agent_lines.start()
        if worker:
            self.deliverer.start(alone=alone)
            self.fetcher.start()
            self.describer.start()
            self.poller.start(alone=alone)
            self.current.on_change(lambda _config: self.poller.poll_new_connectors())
            self.current.on_change(lambda _config: self.deliverer.wake())
            self.current.on_change(lambda _config: self.assigner.wake())
            self.assigner.start(alone=alone)
            self.sla.start()
            self.timers.start()
        else:
            self.assigner.start(here=False)

    def stop(self) -> None:
        self.reloader.stop()
        self.poller.stop()
        self.timers.stop()
        self.sla.stop()
        self.replier.stop()
        self.assigner.stop()
        self.fetcher.stop()
        self.describer.stop()
        self.presence.stop()
        self.lines.stop()
        self.agent_lines.stop()
        self.deliverer.stop()
        self.broadcaster.stop()
        self.connectors.close()
        self.store.close()


def _count(connector: Connector[Any], _event: InboundEvent, received: ReceiveResult) -> None:
    metrics.count_redemption(connector.name, received.handover)
    detection.count_switch(received.switch)


def _transmit(connector: Connector[Any], calls: Sequence[Any]) -> None:
    try:
        for call in calls:
            connector.transmit(call)
    except SendError as error:
        # A spinner on the customer's phone goes on turning: nothing is lost.
        log.info("acknowledge.failed", connector=connector.name, code=error.code)


def create_app(settings: Settings, load: Callable[[], Config]) -> App:
    """Makes a hub: opens and migrates the database, makes the connectors, wires the web.

    `load` reads the configuration, now and whenever it is to be applied anew.

    Raises:
        ConfigError: the configuration is wrong.
        OperationalError: the database cannot be opened.
    """
    return App(settings, load)


def create_web(hub: Hub) -> tuple[Flask, SocketIO]:
    app = OpenAPI(
        "hub",
        info=Info(title="hub", version="1", description="One inbox for every channel."),
        static_folder=None,
        doc_ui=False,
        validation_error_status=422,
        validation_error_model=problems.Problem,
        validation_error_callback=problems.of_validation,
    )
    app.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST_BYTES
    if hub.settings.trusted_proxies:
        hops = hub.settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops)  # type: ignore[method-assign]
    problems.install(app)
    security_headers(app, secure=hub.is_secure)
    for api in (
        conversations.blueprint(hub),
        contacts.blueprint(hub),
        messages.blueprint(hub),
        agents_api.blueprint(hub),
        system.blueprint(hub),
        configuration.blueprint(hub),
        overview.blueprint(hub),
        reports.blueprint(hub),
    ):
        app.register_api(api, url_prefix="/api/v1")
    for blueprint in (pages, chat_api, webhooks, health):
        app.register_blueprint(blueprint.blueprint(hub))

    @cache  # made when first asked for: few hubs are ever asked
    def description() -> bytes:
        return orjson.dumps(completed(app.api_doc, hub.auth.cookie_name))

    @app.get("/api/v1/openapi.json", doc_ui=False)
    def openapi() -> Response:
        return Response(description(), content_type="application/json")

    return app, _create_sockets(app, hub)


def _create_sockets(app: Flask, hub: Hub) -> SocketIO:
    def sites() -> frozenset[str]:
        return frozenset(
            origin
            for connector in hub.connectors
            if isinstance(connector, PageConnector)
            for origin in connector.allowed_origins
        )

    socketio = SocketIO(
        app,
        async_mode=runtime.async_mode(),
        message_queue=hub.settings.redis_url,
        cors_allowed_origins=SocketOrigins(hub.settings.public_url, sites),  # type: ignore[arg-type]
        cors_credentials=False,
        json=Json,
        serializer=TextPacket,  # type: ignore[call-arg]
        manage_session=False,
        cookie=None,
    )
    agents.register(socketio, hub)
    visitors.register(socketio, hub)
    return socketio
