"""The sandbox: every stand-in, its page and the demo shop, in one process.

Tests use `Sandbox` too: `with Sandbox(hub_url=...) as sandbox:`.
"""

from __future__ import annotations

import logging
import socket
import threading
from types import TracebackType

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from hub.sandbox import shop
from hub.sandbox.base.cdn import Cdn
from hub.sandbox.base.context import Clock, SandboxContext
from hub.sandbox.customer_page import web as customer_page_web
from hub.sandbox.customer_page.providers import Providers
from hub.sandbox.demo_config import Endpoints
from hub.sandbox.graph import Graph
from hub.sandbox.graph import web as graph_web
from hub.sandbox.mail import MailProvider
from hub.sandbox.oauth import OAuthProvider
from hub.sandbox.oauth import web as oauth_web
from hub.sandbox.telegram import Telegram
from hub.sandbox.twilio import Twilio
from hub.sandbox.twilio import web as twilio_web

HOST = "127.0.0.1"
# A bot may upload 50 MB; multipart adds a little.
LARGEST_REQUEST = 55 * 1024 * 1024


class Sandbox:
    """All five providers on loopback, with the customers' page and the demo shop.

    Args:
        hub_url: the hub's public URL, written as the hub itself writes it: Twilio's signature
            covers the URL. It can be set later, when the hub's port is known.
        port: of the page and of the HTTP stand-ins; 0 takes any free port, as for the two others.
        smtp_port: of the server that takes the hub's mail.
        imap_port: of the server with the hub's mailbox.
        speed: how many times faster than real the providers try again.
    """

    def __init__(
        self,
        hub_url: str = "http://127.0.0.1:8000",
        *,
        port: int = 0,
        smtp_port: int = 0,
        imap_port: int = 0,
        speed: float = 1.0,
    ) -> None:
        self._context = SandboxContext(speed=speed, hub_url=hub_url.rstrip("/"))
        self._ports = (port, smtp_port, imap_port)
        self._server: BaseWSGIServer | None = None
        self.cdn = Cdn(self._context)
        self.telegram = Telegram(self._context, self.cdn)
        self.twilio = Twilio(self._context, self.cdn)
        self.graph = Graph(self._context, self.cdn)
        self.mail = MailProvider(self._context, self.cdn)
        self.oauth = OAuthProvider(self._context, self.mail.address)
        self.providers = Providers(
            self._context, self.cdn, self.telegram, self.twilio, self.graph, self.mail
        )
        self.app = self._make_app()

    # -- URLs and ports ----------------------------------------------------------------------

    @property
    def url(self) -> str:
        return self._context.url

    @property
    def hub_url(self) -> str:
        return self._context.hub_url

    @hub_url.setter
    def hub_url(self, url: str) -> None:
        self._context.hub_url = url.rstrip("/")

    @property
    def smtp_port(self) -> int:
        return self.mail.smtp_port

    @property
    def imap_port(self) -> int:
        return self.mail.imap_port

    @property
    def clock(self) -> Clock:
        """The providers' time; `clock.passes(hours=25)` closes Messenger's window."""
        return self._context.clock

    @property
    def endpoints(self) -> Endpoints:
        """The URL and the mail ports, for `demo_connectors`."""
        return Endpoints(self.url, self.smtp_port, self.imap_port)

    # -- starting and stopping ---------------------------------------------------------------

    def start(self) -> Sandbox:
        """Starts the servers. Raises OSError when a port is taken."""
        port, smtp_port, imap_port = self._ports
        # werkzeug ends the whole process when its port is taken; a socket of ours only raises.
        with socket.create_server((HOST, port), backlog=128) as listening:
            self.mail.start(smtp_port, imap_port)
            server = make_server(
                HOST,
                port,
                self.app,
                threaded=True,
                request_handler=_Handler,
                fd=listening.fileno(),
            )
        self._server = server
        self._context.url = f"http://{HOST}:{server.port}"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self) -> None:
        self._context.feed.close()
        for provider in (self.telegram, self.twilio, self.graph):
            provider.close()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        self.mail.close()

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _make_app(self) -> Flask:
        app = Flask("hub.sandbox", static_folder=None)
        app.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST
        app.config["MAX_FORM_MEMORY_SIZE"] = LARGEST_REQUEST
        app.register_blueprint(self.telegram.blueprint())
        app.register_blueprint(twilio_web.blueprint(self.twilio))
        app.register_blueprint(twilio_web.account_blueprint(self.twilio))
        app.register_blueprint(graph_web.blueprint(self.graph))
        app.register_blueprint(oauth_web.blueprint(self.oauth))
        app.register_blueprint(self.cdn.blueprint())
        app.register_blueprint(shop.blueprint(self._context))
        app.register_blueprint(customer_page_web.blueprint(self.providers))
        return app


class _Handler(WSGIRequestHandler):
    # Long polls and many small calls: without keep-alive every one costs a connection.
    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Logs no request: the URLs hold a bot's token."""

    def log_error(self, format: str, *args: object) -> None:
        logging.getLogger("hub.sandbox").debug(format, *args)
