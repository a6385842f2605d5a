"""The one place where the parts of a hub are created and connected. Read it from top to bottom."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hub.accounts import config_sync
from hub.accounts.jobs import ExpiredSessions
from hub.accounts.presence import AgentPresence
from hub.bulk.worker import BulkWorker, OldJobs
from hub.canned_replies import file_sync
from hub.canned_replies.storage import DeletedReplies
from hub.config import Config
from hub.config.current import CurrentConfig
from hub.config_reload import Reloader
from hub.connectors.base import Site
from hub.conversations.jobs import OldDrafts, SnoozeEnd, UnusedUploads
from hub.conversations.search_refolding import SearchRefolding
from hub.inbound.quiet import OldQuietMessages
from hub.inbox import webhooks
from hub.inbox.authentication import Authenticator
from hub.inbox.connections.agents import AgentConnections
from hub.inbox.connections.visitors import VisitorConnections
from hub.inbox.services import Hub
from hub.inbox.sockets.broadcast import Broadcaster
from hub.inbox.sockets.local_events import LocalEvents
from hub.inbox.sockets.transports import Transports
from hub.inbox.web import create_flask, create_sockets
from hub.listener import Proxies
from hub.macros.storage import DeletedMacros
from hub.notices import Notices
from hub.notifications.jobs import OldNotifications
from hub.notifications.push_requests import PushSender
from hub.notifications.push_worker import PushWorker
from hub.notifications.recording import record_notifications
from hub.notifications.vapid import VapidKey
from hub.oauth.token_sources import TokenSources
from hub.parts import Part, Parts, RunsIn
from hub.router.auto_replies.worker import AutoReplyWorker
from hub.router.engine import Assigner
from hub.router.sla.watch import SlaWatch
from hub.scheduler import Scheduler
from hub.schema.events import ConnectorUpdated, Event
from hub.settings import Settings
from hub.store.engine import Store
from hub.store.hub_id import read_or_create_hub_id
from hub.store.media import MediaFolder, MediaLinks
from hub.store.migrate import migrate
from hub.transport.after_receive import acknowledge, count_received
from hub.transport.delivery import DeliveryWorker
from hub.transport.gateway import Gateway
from hub.transport.handover_offers import HandoverOffers
from hub.transport.held_release import HeldRelease
from hub.transport.html_of_old_messages import HtmlOfOldMessages
from hub.transport.media_fetching import MediaFetcher
from hub.transport.polling import Poller
from hub.transport.profile_fetching import ProfileFetcher
from hub.transport.running import RunningConnectors
from hub.transport.token_renewal import TokenRenewal
from hub.transport.unread_followup import UnreadFollowup
from hub.undo.undoing import OldUndoRecords
from hub.watchdog import Watch, Watchdog

if TYPE_CHECKING:
    from hub.inbox.peers.channel import PeerChannel


class App:
    """A hub, created and not yet running.

    `start` begins the work that no request asks for; `stop` finishes what is under way.
    """

    def __init__(self, settings: Settings, load: Callable[[], Config]) -> None:
        """Opens and migrates the database, makes the connectors, connects the parts.

        Args:
            load: reads the configuration, now and whenever it is applied anew.

        Raises:
            ConfigError: the configuration is wrong.
            DBAPIError: the database cannot be opened, or stores nothing.
            DatabaseUnusable: the database is of a newer version.
            OSError: the data folder cannot be made.
        """
        config = load()
        secret = settings.secret_key.get_secret_value()
        reply_secret = f"reply:{secret}".encode()
        # Redis is what lets several processes be one hub; without it this is the only one.
        alone = settings.redis_url is None
        process_id = secrets.token_hex(8)
        self.settings = settings
        self.proxies = Proxies(settings.trusted_proxies, settings.public_url)
        self.current = CurrentConfig(config, load)

        settings.data_dir.mkdir(parents=True, exist_ok=True)
        self.store = Store(settings.database_url)
        migrate(self.store)
        self.store.observe(record_notifications)
        self.media = MediaFolder(Path(settings.data_dir) / "media")
        links = MediaLinks(settings.public_url, secret)
        self.reloader = Reloader(
            self.store,
            self.current,
            secret,
            [config_sync.sync_from_config, file_sync.sync_from_config],
        )

        self.tokens = TokenSources(self.store, secret)
        self.connectors = RunningConnectors(
            config.connectors, Site(settings.public_url), reply_secret, self.tokens
        )
        self.watchdog = Watchdog()
        self.gateway = Gateway(self.store, self.connectors)
        self.delivery_worker = DeliveryWorker(
            self.store,
            self.connectors,
            self.media,
            links,
            reply_secret,
            rules=lambda: self.current.config.replies.fallback,
            watchdog=self.watchdog,
        )
        self.held_release = HeldRelease(self.store, self.connectors)
        self.media_fetcher = MediaFetcher(self.store, self.connectors, self.media, self.watchdog)
        self.profile_fetcher = ProfileFetcher(self.store, self.connectors, self.watchdog)
        self.poller = Poller(self.store, self.connectors, self.gateway, self.watchdog)

        self.assigner = Assigner(self.store, self._config)
        self.sla = SlaWatch(self.store, self._config)
        self.snooze_end = SnoozeEnd(self.store)
        self.bulk_worker = BulkWorker(self.store)
        self.auto_reply_worker = AutoReplyWorker(
            self.store, self._config, self.connectors.outbound_channels
        )
        self.scheduler = Scheduler(self.store, self.watchdog)
        vapid = VapidKey(secret, settings.public_url)
        self.push_worker = PushWorker(self.store, PushSender(vapid, settings.public_url))

        self.presence = AgentPresence(
            self.store,
            process_id,
            lambda: self.current.config.assignment.offline_grace.total_seconds(),
        )
        self.visitor_connections = VisitorConnections(
            self.store, links.path, self._config, process_id, alone=alone
        )
        self.agent_connections = AgentConnections(self.store, alone=alone)
        self.store.state.on_change(
            lambda state: self.presence.record_anew() if state == "ok" else None
        )
        self.notices = Notices()
        self.store.state.on_change(lambda state: self.notices.set("disk_full", state == "full"))
        self.store.state.on_change(
            lambda state: self.notices.set("disk_unreadable", state == "unreadable")
        )
        hub_id = read_or_create_hub_id(self.store)
        self.peers = None if alone else _open_peers(settings, hub_id, process_id)
        self.hub = Hub(
            settings=settings,
            proxies=self.proxies,
            current=self.current,
            reloader=self.reloader,
            store=self.store,
            media=self.media,
            links=links,
            connectors=self.connectors,
            tokens=self.tokens,
            gateway=self.gateway,
            auth=Authenticator(self.store, settings.public_url, secret),
            presence=self.presence,
            visitor_connections=self.visitor_connections,
            agent_connections=self.agent_connections,
            notices=self.notices,
            vapid=vapid,
            peers=self.peers,
        )
        self.flask = create_flask(self.hub)
        self.socketio = create_sockets(self.flask, self.hub)
        self.transports = Transports(self.socketio, settings.socket_join_seconds)
        self.flask.wsgi_app = self.transports.wrap(self.flask.wsgi_app)  # type: ignore[method-assign, assignment]
        self.flask.wsgi_app = webhooks.answer_before(self.flask.wsgi_app, self.hub)  # type: ignore[method-assign, assignment]
        self.local_events = LocalEvents(self.socketio, self.hub)
        self.broadcaster = Broadcaster(
            self.store, self.socketio, links, self.agent_connections, self.visitor_connections
        )

        self._schedule_jobs()
        self._connect_parts()
        self.parts = Parts(self._parts(alone))

    def start(self, *, web: bool = True, worker: bool = True) -> None:
        """Starts the parts of this kind of process."""
        self.parts.start(web=web, worker=worker)

    def stop(self) -> None:
        """Stops all parts, whether they were started or not."""
        self.parts.stop()

    def _config(self) -> Config:
        return self.current.config

    def _schedule_jobs(self) -> None:
        self.scheduler.add(SearchRefolding(self.store))
        self.scheduler.add(UnusedUploads(self.store, self.media))
        self.scheduler.add(OldDrafts(self.store))
        self.scheduler.add(OldQuietMessages(self.store))
        self.scheduler.add(ExpiredSessions(self.store))
        self.scheduler.add(OldJobs(self.store))
        self.scheduler.add(OldUndoRecords(self.store))
        self.scheduler.add(OldNotifications(self.store))
        self.scheduler.add(DeletedReplies(self.store))
        self.scheduler.add(DeletedMacros(self.store))
        self.scheduler.add(HtmlOfOldMessages(self.store))
        self.scheduler.add(TokenRenewal(self.connectors))
        self.scheduler.add(
            UnreadFollowup(
                self.store, self.connectors, lambda: self.current.config.replies.fallback
            )
        )
        self.scheduler.add(HandoverOffers(self.store, self.connectors, self._config))

    def _connect_parts(self) -> None:
        """Connects the parts that call each other."""
        self.store.subscribe(self._wake_delivery)
        self.connectors.welcome = lambda: self.current.config.replies.handover.welcome
        self.gateway.on_received(self.media_fetcher.on_received)
        self.gateway.on_received(self.profile_fetcher.on_received)
        self.gateway.on_received(acknowledge)
        self.gateway.on_received(count_received)
        self.connectors.on_change(
            lambda connector: self.store.publish_unsaved(
                Event(ConnectorUpdated(connector=connector))
            )
        )
        self.watchdog.on_overrun(self._mark_overrun)
        self.current.on_change(lambda config: self.connectors.apply(config.connectors))
        # Another process may have written what falls due earlier than anything known here.
        self.assigner.on_notified(self.sla.wake)
        self.assigner.on_notified(self.snooze_end.wake)
        self.presence.on_removed(self.visitor_connections.record_anew)
        if self.peers is not None:
            self.peers.on_state(lambda state: self.notices.set("redis_away", state == "away"))
            self.peers.on_resync(self.local_events.send_resync)

    def _follow_config(self) -> None:
        """Makes the worker's parts use a changed configuration."""
        self.current.on_change(lambda _config: self.poller.poll_new_connectors())
        self.current.on_change(lambda _config: self.delivery_worker.wake())
        self.current.on_change(lambda _config: self.assigner.wake())

    def _parts(self, alone: bool) -> list[Part]:
        """The parts, with what each of them needs to be up. They stop in the reverse order."""
        every, web, worker = RunsIn.EVERY_PROCESS, RunsIn.WEB, RunsIn.WORKER
        foundation = ("store", "connectors", "broadcaster")
        return [
            Part("store", stop=self.store.close),
            Part("connectors", stop=self.connectors.close, after=("store",)),
            *([] if self.peers is None else [Part("peers", self.peers.start, self.peers.stop)]),
            Part(
                "broadcaster",
                self.broadcaster.start,
                self.broadcaster.stop,
                every,
                ("store", "connectors", *([] if self.peers is None else ["peers"])),
            ),
            Part("watchdog", self.watchdog.start, self.watchdog.stop, worker, foundation),
            # Delivery finishes what it sends after everything that could queue more is down.
            Part(
                "delivery",
                lambda: self.delivery_worker.start(alone=alone),
                self.delivery_worker.stop,
                worker,
                foundation,
            ),
            Part(
                "agents' connections",
                self.agent_connections.start,
                self.agent_connections.stop,
                web,
                foundation,
            ),
            Part("transports", self.transports.start, self.transports.stop, web, foundation),
            Part(
                "visitors' connections",
                self.visitor_connections.start,
                self.visitor_connections.stop,
                web,
                foundation,
            ),
            Part(
                "presence",
                lambda: self.presence.start(alone=alone),
                self.presence.stop,
                # A worker removes a web process that was killed, where no other one is left.
                web if alone else every,
                foundation,
            ),
            Part(
                "profiles",
                self.profile_fetcher.start,
                self.profile_fetcher.stop,
                worker,
                foundation,
            ),
            Part("media", self.media_fetcher.start, self.media_fetcher.stop, worker, foundation),
            Part(
                "assignment",
                lambda: self.assigner.start(alone=alone),
                self.assigner.stop,
                worker,
                (*foundation, "delivery", "configuration"),
            ),
            Part(
                "wake-up of the assigning process",
                lambda: self.assigner.start(routes_here=False),
                runs_in=RunsIn.WEB_ONLY,
                after=foundation,
            ),
            Part(
                "automatic replies",
                self.auto_reply_worker.start,
                self.auto_reply_worker.stop,
                every,
                (*foundation, "delivery"),
            ),
            Part(
                "held messages",
                self.held_release.start,
                self.held_release.stop,
                worker,
                (*foundation, "delivery"),
            ),
            Part("pushes", self.push_worker.start, self.push_worker.stop, worker, foundation),
            Part("service levels", self.sla.start, self.sla.stop, worker, foundation),
            Part("jobs", self.bulk_worker.start, self.bulk_worker.stop, worker, foundation),
            Part("snoozes", self.snooze_end.start, self.snooze_end.stop, worker, foundation),
            Part(
                "scheduler",
                self.scheduler.start,
                self.scheduler.stop,
                worker,
                foundation,
            ),
            Part(
                "polling",
                lambda: self.poller.start(alone=alone),
                self.poller.stop,
                worker,
                (*foundation, "delivery", "media", "profiles", "assignment"),
            ),
            Part("configuration", lambda: self.reloader.start(alone=alone), after=foundation),
            Part(
                "changes of the configuration",
                self._follow_config,
                self.reloader.stop,
                worker,
                ("polling", "delivery", "assignment"),
            ),
            # The last of all, so that it stops first.
            Part("sockets", stop=self.local_events.say_goodbye),
        ]

    def _mark_overrun(self, watch: Watch) -> None:
        self.connectors.mark_attention(
            watch.subject,
            f"A {watch.work} took longer than {watch.seconds:.0f} seconds and was begun anew.",
            watch.work,
            watch.part,
        )

    def _wake_delivery(self, events: Sequence[Event]) -> None:
        if any(event.has_queued_delivery for event in events):
            self.delivery_worker.wake()


def _open_peers(settings: Settings, hub_id: str, process_id: str) -> PeerChannel:
    """The channel to the other processes of the hub. redis is an extra, imported only here."""
    from hub.inbox.peers.channel import PeerChannel
    from hub.inbox.peers.envelope import Signer

    assert settings.redis_url is not None
    signer = Signer(settings.secret_key.get_secret_value(), hub_id)
    return PeerChannel(settings.redis_url, hub_id, process_id, signer)
