"""The page at / and its API under /sandbox/api: the state once, then the news as they happen.

Source for the stream: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, json, request, send_from_directory

from hub.sandbox.base.context import News
from hub.sandbox.base.screen import Media
from hub.sandbox.customer_page.actions import VERBS, Act
from hub.sandbox.customer_page.customers import PEOPLE, Apps, apps_of
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
    web.before_request(page.refuse_strangers)
    return web


class _Page:
    def __init__(self, providers: Providers) -> None:
        self._providers = providers
        # A page that meets another process after a restart must load everything anew.
        self._life = secrets.token_hex(4)

    # -- files ------------------------------------------------------------------------------

    def index(self) -> Response:
        if not (STATIC / "sandbox.html").is_file():
            return Response(NOT_BUILT, 503, mimetype="text/plain")
        return send_from_directory(STATIC, "sandbox.html", max_age=0)

    def asset(self, name: str) -> Response:
        return send_from_directory(STATIC / "assets", name)

    # -- the API ----------------------------------------------------------------------------

    def refuse_strangers(self) -> Response | None:
        """Another site's page must not act here, even on the newcomer's own machine."""
        origin = request.headers.get("Origin")
        if origin and urlsplit(origin).netloc != request.host:
            return Response("only the sandbox's own page may do this\n", 403)
        return None

    def state(self) -> Response:
        # The number first: what happens meanwhile comes twice rather than never.
        last = self._providers.shared.feed.last
        people = [apps_of(self._providers, person) for person in PEOPLE]
        return _json(
            {
                "life": self._life,
                "last": last,
                "hub_url": self._providers.shared.hub_url,
                "shop_url": "/shop",
                "shop_mail": self._providers.mail.address,
                "shop_number": self._providers.twilio.number,
                "bot": self._providers.telegram.state.username,
                "people": [apps.as_json() for apps in people],
                "screens": {
                    screen.key: screen.as_json()
                    for apps in people
                    for screen in (apps.telegram.screen, apps.messenger.screen, apps.sms.screen)
                },
                "mails": {
                    f"mail/{apps.person.mail}": [mail.as_json() for mail in apps.mail.mails]
                    for apps in people
                },
            }
        )

    def events(self) -> Response:
        given = request.headers.get("Last-Event-ID") or request.args.get("after", "0")
        after = int(given) if given.isdigit() else 0
        answer = Response(self._stream(after), mimetype="text/event-stream")
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def act(self, key: str, app: str, verb: str) -> Response:
        person = next((person for person in PEOPLE if person.key == key), None) or abort(404)
        does = VERBS.get(app, {}).get(verb) or abort(404)
        apps = apps_of(self._providers, person)
        try:
            does(apps, _act())
        except (AssertionError, KeyError, ValueError) as error:
            return _json({"problem": str(error)}, 400)
        self._tell_switches(apps)
        return _json({"switches": apps.switches()})

    # -- parts ------------------------------------------------------------------------------

    def _stream(self, after: int) -> Iterator[str]:
        feed = self._providers.shared.feed
        yield f"retry: 1000\nevent: life\ndata: {json.dumps(self._life)}\n\n"
        while not feed.closed:
            news = feed.after(after, HEARTBEAT_SECONDS)
            if not news:
                yield ": still here\n\n"
            for each in news:
                after = each.number
                yield _event(each)

    def _tell_switches(self, apps: Apps) -> None:
        self._providers.shared.feed.publish(
            "switches", {"person": apps.person.key, "switches": apps.switches()}
        )


def _act() -> Act:
    if request.is_json:
        return Act(dict(request.get_json()))
    files = tuple(
        Media(part.read(), part.mimetype or "application/octet-stream", part.filename or "file")
        for part in request.files.getlist("file")
    )
    return Act(request.form.to_dict(), files)


def _event(news: News) -> str:
    return f"id: {news.number}\nevent: {news.name}\ndata: {json.dumps(news.data)}\n\n"


def _json(body: dict[str, Any], status: int = 200) -> Response:
    answer = Response(json.dumps(body), status, mimetype="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer
