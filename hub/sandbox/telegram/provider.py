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
from hub.sandbox.base.context import SandboxContext
from hub.sandbox.base.faults import FaultAnswers, Faults
from hub.sandbox.base.waitable import Waitable
from hub.sandbox.telegram.chats import Json
from hub.sandbox.telegram.customer import TelegramCustomer, TelegramGroup
from hub.sandbox.telegram.methods import Methods
from hub.sandbox.telegram.parameters import Parameters
from hub.sandbox.telegram.state import TelegramState, too_many_requests
from hub.sandbox.telegram.updates import BotApiError

TOKEN = "100200300:sandbox-token-of-a-made-up-bot-0000"
WELL_FORMED = re.compile(r"\d+:[A-Za-z0-9_-]{20,}")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the bot. `files` are the names of its file parts."""

    method: str
    values: Json
    files: tuple[str, ...] = field(default=())


class Telegram(Faults):
    """Telegram with one bot, and the customers that have the app."""

    def __init__(
        self,
        context: SandboxContext,
        cdn: Cdn,
        token: str = TOKEN,
        username: str = "sandbox_shop_bot",
    ) -> None:
        super().__init__(
            FaultAnswers(
                throttled=lambda seconds: _error_response(too_many_requests(seconds)),
                down=lambda: _error_response(BotApiError(502, "Bad Gateway")),
            )
        )
        self.state = TelegramState(context, cdn, token, username, self._execute)
        self.calls: Waitable[Call] = Waitable()
        self._methods = Methods(self.state)

    @property
    def token(self) -> str:
        return self.state.token

    @property
    def api_base(self) -> str:
        return f"{self.state.context.url}/telegram"

    @property
    def enforces_rates(self) -> bool:
        return self.state.enforces_rates

    @enforces_rates.setter
    def enforces_rates(self, value: bool) -> None:
        self.state.enforces_rates = value

    # -- verbs ------------------------------------------------------------------------------

    def customer(self, name: str, language: str = "en") -> TelegramCustomer:
        """Returns the customer of this name, whose chat is made at the first call."""
        return TelegramCustomer(self.state, self.state.private_chat(name, language))

    def group(self, title: str) -> TelegramGroup:
        """Makes a group with the bot in it."""
        return TelegramGroup(self.state, title)

    def sends_again(self, update: Json) -> None:
        """Delivers an update a second time."""
        self.state.updates.send_again(update)

    def wait_until_confirmed(self, timeout: float = 5.0) -> None:
        """Waits until the bot has confirmed all updates. Raises AssertionError after `timeout`."""
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
            except BotApiError as error:
                return _error_response(error)

        @web.get("/file/bot<token>/<path:path>")
        def file(token: str, path: str) -> Response:
            try:
                self._authorise(token)
            except BotApiError as error:
                return _error_response(error)
            telegram_file = self.state.files.by_path(path) or abort(404)
            return Response(telegram_file.media.data, mimetype="application/octet-stream")

        return web

    def _authorise(self, token: str) -> None:
        if not WELL_FORMED.fullmatch(token):
            raise BotApiError(404, "Not Found")
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            raise BotApiError(401, "Unauthorized")

    def _answer(self, method: str) -> Response:
        sending = method.lower().startswith(("send", "edit"))
        fault = self.fault_before(sending=sending)
        if fault is not None:
            return fault
        parameters = Parameters.from_request(request)
        self.calls.append(Call(method, parameters.values, tuple(parameters.files)))
        result = self._methods.call(method, parameters)
        if sending:
            self.fault_after()
        return _json({"ok": True, "result": result}, 200)

    def _execute(self, call: Json) -> None:
        values = {key: value for key, value in call.items() if key != "method"}
        self.calls.append(Call(str(call["method"]), values))
        try:
            self._methods.call(str(call["method"]), Parameters(values))
        except BotApiError:
            # Telegram reports no result of a method called from a webhook's answer.
            return


def _error_response(error: BotApiError) -> Response:
    body: dict[str, Any] = {
        "ok": False,
        "error_code": error.code,
        "description": error.description,
    }
    if error.parameters:
        body["parameters"] = error.parameters
    answer = _json(body, error.code)
    if "retry_after" in error.parameters:
        answer.headers["Retry-After"] = str(error.parameters["retry_after"])
    return answer


def _json(body: Json, status: int) -> Response:
    return Response(json.dumps(body), status, mimetype="application/json")
