"""The page at / and its API under /sandbox/api: the state once, then a stream of changes.

Source for the stream: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, json, request, send_from_directory

from hub.sandbox.base.feed import FeedEvent
from hub.sandbox.base.screen import Media
from hub.sandbox.customer_page.actions import ACTIONS, ActionRequest
from hub.sandbox.customer_page.customers import SAMPLE_CUSTOMERS, CustomerApps, apps_of
from hub.sandbox.customer_page.providers import Providers

# The front end is built into the hub's own package.
STATIC = Path(__file__).parents[2] / "inbox" / "static"
HEARTBEAT_SECONDS = 15.0
NOT_BUILT = "The page is not built yet: run `make ui`. The stand-ins work all the same.\n"


def blueprint(providers: Providers) -> Blueprint:
    web = Blueprint("page", __name__)
    page = _Page(providers)
    web.add_url_rule("/", "index", page.index)
    web.add_url_rule("/assets/<path:name>", "assets", page.asset)
    web.add_url_rule("/sandbox/api/state", "state", page.state)
    web.add_url_rule("/sandbox/api/events", "events", page.events)
    web.add_url_rule("/sandbox/api/people/<key>/<app>/<verb>", "act", page.act, methods=["POST"])
    web.before_request(page.refuse_other_origins)
    return web


class _Page:
    def __init__(self, providers: Providers) -> None:
        self._providers = providers
        # A page that meets another process after a restart must load its state anew.
        self._run_id = secrets.token_hex(4)

    # -- files ------------------------------------------------------------------------------

    def index(self) -> Response:
        if not (STATIC / "sandbox.html").is_file():
            return Response(NOT_BUILT, 503, mimetype="text/plain")
        return send_from_directory(STATIC, "sandbox.html", max_age=0)

    def asset(self, name: str) -> Response:
        return send_from_directory(STATIC / "assets", name)

    # -- the API ----------------------------------------------------------------------------

    def refuse_other_origins(self) -> Response | None:
        """Refuses requests of other sites' pages, which the same browser may have open."""
        origin = request.headers.get("Origin")
        if origin and urlsplit(origin).netloc != request.host:
            return Response("only the sandbox's own page may do this\n", 403)
        return None

    def state(self) -> Response:
        # The number first: a change in the meantime comes twice rather than never.
        last = self._providers.context.feed.last
        customers = [apps_of(self._providers, customer) for customer in SAMPLE_CUSTOMERS]
        return _json(
            {
                "life": self._run_id,
                "last": last,
                "hub_url": self._providers.context.hub_url,
                "shop_url": "/shop",
                "shop_mail": self._providers.mail.address,
                "shop_number": self._providers.twilio.number,
                "bot": self._providers.telegram.state.username,
                "people": [apps.as_json() for apps in customers],
                "screens": {
                    screen.key: screen.as_json()
                    for apps in customers
                    for screen in (apps.telegram.screen, apps.messenger.screen, apps.sms.screen)
                },
                "mails": {
                    f"mail/{apps.customer.mail}": [mail.as_json() for mail in apps.mail.mails]
                    for apps in customers
                },
            }
        )

    def events(self) -> Response:
        last_seen = request.headers.get("Last-Event-ID") or request.args.get("after", "0")
        after = int(last_seen) if last_seen.isdigit() else 0
        answer = Response(self._stream(after), mimetype="text/event-stream")
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def act(self, key: str, app: str, verb: str) -> Response:
        customer = next((each for each in SAMPLE_CUSTOMERS if each.key == key), None) or abort(404)
        action = ACTIONS.get(app, {}).get(verb) or abort(404)
        apps = apps_of(self._providers, customer)
        try:
            action(apps, _action_request())
        except (AssertionError, KeyError, ValueError) as error:
            return _json({"problem": str(error)}, 400)
        self._publish_settings(apps)
        return _json({"switches": apps.settings()})

    # -- parts ------------------------------------------------------------------------------

    def _stream(self, after: int) -> Iterator[str]:
        feed = self._providers.context.feed
        yield f"retry: 1000\nevent: life\ndata: {json.dumps(self._run_id)}\n\n"
        while not feed.closed:
            events = feed.after(after, HEARTBEAT_SECONDS)
            if not events:
                yield ": still here\n\n"
            for event in events:
                after = event.number
                yield _server_sent(event)

    def _publish_settings(self, apps: CustomerApps) -> None:
        self._providers.context.feed.publish(
            "switches", {"person": apps.customer.key, "switches": apps.settings()}
        )


def _action_request() -> ActionRequest:
    if request.is_json:
        return ActionRequest(dict(request.get_json()))
    files = tuple(
        Media(part.read(), part.mimetype or "application/octet-stream", part.filename or "file")
        for part in request.files.getlist("file")
    )
    return ActionRequest(request.form.to_dict(), files)


def _server_sent(event: FeedEvent) -> str:
    return f"id: {event.number}\nevent: {event.name}\ndata: {json.dumps(event.data)}\n\n"


def _json(body: dict[str, Any], status: int = 200) -> Response:
    answer = Response(json.dumps(body), status, mimetype="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer
