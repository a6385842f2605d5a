"""The Bot API at /telegram/bot<token>/<method>, and its files.

Source: https://core.telegram.org/bots/api#making-requests
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, abort, json, request

from hub.sandbox.base.cdn import Cdn
from hub.sandbox.base.context import Shared, Waitable
from hub.sandbox.base.faults import Answers, Faults
from hub.sandbox.telegram.chats import Json
from hub.sandbox.telegram.customer import TelegramCustomer, TelegramGroup
from hub.sandbox.telegram.methods import Methods
from hub.sandbox.telegram.parameters import Parameters
from hub.sandbox.telegram.state import TelegramState, too_many
from hub.sandbox.telegram.updates import Refusal

TOKEN = "100200300:sandbox-token-of-a-made-up-bot-0000"
WELL_FORMED = re.compile(r"\d+:[A-Za-z0-9_-]{20,}")


@dataclass(frozen=True, slots=True)
class Call:
    """One call the bot made."""

    method: str
    values: Json
    files: tuple[str, ...] = field(default=())


class Telegram(Faults):
    """Telegram, one bot, and everybody who has the app."""

    def __init__(
        self, shared: Shared, cdn: Cdn, token: str = TOKEN, username: str = "sandbox_shop_bot"
    ) -> None:
        super().__init__(
            Answers(
                throttled=lambda seconds: _refused(too_many(seconds)),
                down=lambda: _refused(Refusal(502, "Bad Gateway")),
            )
        )
        self.state = TelegramState(shared, cdn, token, username, self._execute)
        self.calls: Waitable[Call] = Waitable()
        self._methods = Methods(self.state)

    @property
    def token(self) -> str:
        return self.state.token

    @property
    def api_base(self) -> str:
        return f"{self.state.shared.url}/telegram"

    @property
    def enforces_rates(self) -> bool:
        return self.state.enforces_rates

    @enforces_rates.setter
    def enforces_rates(self, yes: bool) -> None:
        self.state.enforces_rates = yes

    # -- verbs ------------------------------------------------------------------------------

    def customer(self, name: str, language: str = "en") -> TelegramCustomer:
        """A person; the same name is the same person."""
        return TelegramCustomer(self.state, self.state.private_chat(name, language))

    def group(self, title: str) -> TelegramGroup:
        return TelegramGroup(self.state, title)

    def sends_again(self, update: Json) -> None:
        """Delivers an update a second time."""
        self.state.updates.send_again(update)

    def wait_until_confirmed(self, timeout: float = 5.0) -> None:
        """Until the bot has taken all updates. Raises AssertionError when it does not."""
        self.state.updates.wait_until_confirmed(timeout)

    def close(self) -> None:
        self.is_up()
        self.state.updates.close()

    # -- web --------------------------------------------------------------------------------

    def blueprint(self) -> Blueprint:
        web = Blueprint("telegram", __name__, url_prefix="/telegram")

        @web.route("/bot<token>/<method>", methods=["GET", "POST"])
        def method(token: str, method: str) -> Response:
            try:
                self._authorise(token)
                return self._answer(method)
            except Refusal as refusal:
                return _refused(refusal)

        @web.get("/file/bot<token>/<path:path>")
        def file(token: str, path: str) -> Response:
            try:
                self._authorise(token)
            except Refusal as refusal:
                return _refused(refusal)
            found = self.state.files.by_path(path) or abort(404)
            return Response(found.media.data, mimetype="application/octet-stream")

        return web

    def _authorise(self, token: str) -> None:
        if not WELL_FORMED.fullmatch(token):
            raise Refusal(404, "Not Found")
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            raise Refusal(401, "Unauthorized")

    def _answer(self, method: str) -> Response:
        sending = method.lower().startswith(("send", "edit"))
        fault = self.fault_before(sending=sending)
        if fault is not None:
            return fault
        parameters = Parameters.of(request)
        self.calls.append(Call(method, parameters.values, tuple(parameters.files)))
        result = self._methods.call(method, parameters)
        if sending:
            self.fault_after()
        return _json({"ok": True, "result": result}, 200)

    def _execute(self, order: Json) -> None:
        values = {key: value for key, value in order.items() if key != "method"}
        self.calls.append(Call(str(order["method"]), values))
        try:
            self._methods.call(str(order["method"]), Parameters(values))
        except Refusal:
            # Telegram tells nobody what came of a method called from a webhook's answer.
            return


def _refused(refusal: Refusal) -> Response:
    body: dict[str, Any] = {
        "ok": False,
        "error_code": refusal.code,
        "description": refusal.description,
    }
    if refusal.parameters:
        body["parameters"] = refusal.parameters
    answer = _json(body, refusal.code)
    if "retry_after" in refusal.parameters:
        answer.headers["Retry-After"] = str(refusal.parameters["retry_after"])
    return answer


def _json(body: Json, status: int) -> Response:
    return Response(json.dumps(body), status, mimetype="application/json")
