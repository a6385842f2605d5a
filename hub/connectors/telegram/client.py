"""python-telegram-bot's Bot over the hub's HTTP, without an event loop and without the token.

Its methods are coroutines that wait only for the request object, and the one given here answers at
once: resumed once, they run to their result. The token is in every URL of the Bot API and the
library logs URLs, so the Bot gets no token and the URL is made here.

Source: https://docs.python-telegram-bot.org/en/stable/telegram.request.baserequest.html
"""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from typing import IO, Any, ClassVar, TypeVar

from pydantic import ValidationError
from telegram import Bot
from telegram.error import TelegramError
from telegram.request import BaseRequest, RequestData

from hub.connectors.http import READ_SECONDS, Http, HttpCall, HttpFile, HttpResponse
from hub.connectors.telegram.errors import error_from
from hub.connectors.telegram.payloads import Answer
from hub.errors import ResponseUnexpected, SendError

Result = TypeVar("Result")

UNREADABLE = (
    "Telegram took the call and answered with something that is not of its form: what was sent may "
    "have arrived."
)


class BotApi:
    """Calls methods of the Bot API by python-telegram-bot's names for them."""

    def __init__(self, http: Http, api_base: str, token: str) -> None:
        self._http = http
        self._methods_url = f"{api_base}/bot{token}"
        self._files_url = f"{api_base}/file/bot{token}"
        # At DEBUG these two log customers' texts, the webhook's secret and the path of each
        # request, which has the token in it.
        logging.getLogger("telegram").setLevel(logging.WARNING)
        logging.getLogger("urllib3").setLevel(logging.INFO)

    def post(self, method: str, **parameters: Any) -> Any:
        """Calls a method once.

        Args:
            method: python-telegram-bot's name for it: `send_message`.
            parameters: as that method takes them.

        Returns:
            The library's object for the result, or the HttpResponse by which Telegram refused.

        Raises:
            ConnectionFailed: there is no answer.
            AnswerUnread: Telegram did it, and the library cannot read the result.
            ResponseUnexpected: the answer is not of the Bot API's form.
        """
        exchange = Exchange(self._http, self._methods_url)
        bot = Bot("unseen", base_url=_no_base, base_file_url=_no_base, request=exchange,
                  get_updates_request=exchange)  # fmt: skip
        try:
            return drive(getattr(bot, method)(**parameters))
        except Stopped as stopped:
            if isinstance(stopped.outcome, SendError):
                raise stopped.outcome from None
            return stopped.outcome
        except Exception:
            # The library checks no types, so it can fail here in any way. A failure before an
            # answer came would be a mistake of the hub, and that is not to be hidden.
            if exchange.answer is None:
                raise
            raise AnswerUnread(exchange.answer.result) from None

    def result(self, method: str, **parameters: Any) -> Any:
        """The library's object for the result of a method.

        Raises:
            SendError: Telegram refused, or `post` raised it.
        """
        answer = self.post(method, **parameters)
        if isinstance(answer, HttpResponse):
            raise error_from(answer)
        return answer

    def updates(self, parameters: dict[str, Any], wait: float) -> bytes:
        """The body of the answer to getUpdates, which may have an update that is not readable.

        Args:
            parameters: of getUpdates, without `timeout`.
            wait: seconds that Telegram may wait for an update.

        Raises:
            SendError: Telegram refused, or did not answer.
        """
        call = HttpCall(
            method="POST",
            url=f"{self._methods_url}/getUpdates",
            json={**parameters, "timeout": int(wait)},
            seconds=wait + READ_SECONDS,
        )
        response = self._http.request(call)
        if not response.ok:
            raise error_from(response)
        return response.body

    def file_call(self, path: str) -> HttpCall:
        """The call that downloads a file.

        Args:
            path: the `file_path` that getFile gave.
        """
        return HttpCall(method="GET", url=f"{self._files_url}/{path.lstrip('/')}")


class AnswerUnread(ResponseUnexpected):
    """Telegram carried out the call; `result` is its answer, which the library cannot read."""

    def __init__(self, result: Any) -> None:
        super().__init__(UNREADABLE)
        self.result = result


class Stopped(TelegramError):
    """Ends a call of the library, which lets only errors of its own class through unchanged."""

    __slots__ = ("outcome",)

    def __init__(self, outcome: HttpResponse | SendError) -> None:
        super().__init__("stopped")
        self.outcome = outcome


class Exchange(BaseRequest):
    """One method's request and its answer.

    Refusals never get to the library's own reading of errors: its BadRequest is a subclass of
    NetworkError, so code that retries the one retries the other.
    """

    __slots__ = ("_http", "_methods_url", "answer")

    read_timeout: ClassVar[float] = READ_SECONDS

    def __init__(self, http: Http, methods_url: str) -> None:
        self._http = http
        self._methods_url = methods_url
        self.answer: Answer | None = None

    async def initialize(self) -> None:
        """Does nothing: no connection is kept here."""

    async def shutdown(self) -> None:
        """Does nothing: no connection is kept here."""

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        *timeouts: Any,
        **named_timeouts: Any,
    ) -> tuple[int, bytes]:
        data = request_data or RequestData()
        parts = data.multipart_data.items()
        call = HttpCall(
            method=method,
            url=self._methods_url + url,
            form=list(data.json_parameters.items()),
            files=tuple(_part(name, file) for name, file in parts),
        )
        try:
            response = self._http.request(call)
        except SendError as error:
            raise Stopped(error) from None
        if not response.ok:
            raise Stopped(response)
        try:
            self.answer = Answer.model_validate_json(response.body)
        except ValidationError:
            raise Stopped(ResponseUnexpected(UNREADABLE)) from None
        return response.status, response.body


def drive(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """The result of a coroutine that never waits. Raises RuntimeError if it does wait."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: Result = end.value
        return result
    coroutine.close()
    raise RuntimeError("this coroutine needs an event loop, and there is none")


def _part(part: str, file: tuple[str, bytes | IO[bytes], str]) -> HttpFile:
    name, content, media_type = file
    bytes_ = content if isinstance(content, bytes) else content.read()
    return HttpFile(part, name, bytes_, media_type)


def _no_base(_token: str) -> str:
    return ""
