"""The REST API's URLs.

Source: https://www.twilio.com/docs/usage/api and the twilio-oai description of 2026-04-14
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, json, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from hub.sandbox.twilio.messages import VERSION, Message, TwilioError
from hub.sandbox.twilio.provider import Call, Twilio, error

PAGE_SIZE = 50
LARGEST_PAGE = 1000


def blueprint(twilio: Twilio) -> Blueprint:
    web = Blueprint("twilio", __name__, url_prefix=f"/twilio/{VERSION}/Accounts/<account>")
    api = _Api(twilio)
    message = "/Messages/<sid>"
    routes: list[tuple[str, str, Callable[..., BaseResponse]]] = [
        ("POST", "/Messages.json", api.send),
        ("GET", "/Messages.json", api.messages),
        ("GET", f"{message}.json", api.message),
        ("DELETE", f"{message}.json", api.delete_message),
        ("GET", f"{message}/Media.json", api.media_list),
        ("GET", f"{message}/Media/<media>.json", api.media_about),
        ("GET", f"{message}/Media/<media>", api.media),
        ("DELETE", f"{message}/Media/<media>.json", api.delete_media),
        ("DELETE", f"{message}/Media/<media>", api.delete_media),
        ("GET", "/IncomingPhoneNumbers.json", api.numbers),
        ("POST", "/IncomingPhoneNumbers/<sid>.json", api.set_number),
    ]
    for method, path, view in routes:
        name = f"{method} {path}".replace(".", "-")
        web.add_url_rule(path, name, api.guarded(view), methods=[method])
    return web


def account_blueprint(twilio: Twilio) -> Blueprint:
    """Serves /Accounts/<sid>.json, which clients ask to test their keys."""
    web = Blueprint("twilio_account", __name__, url_prefix=f"/twilio/{VERSION}")
    api = _Api(twilio)
    web.add_url_rule("/Accounts/<account>.json", "account", api.guarded(api.account))
    return web


class _Api:
    def __init__(self, twilio: Twilio) -> None:
        self._twilio = twilio

    def guarded(self, view: Callable[..., BaseResponse]) -> Callable[..., BaseResponse]:
        def guard(account: str, **parts: str) -> BaseResponse:
            try:
                self._authorise(account)
                form = {name: request.form.getlist(name) for name in request.form}
                self._twilio.calls.append(Call(request.method, request.path, form))
                fault = self._twilio.fault_before(sending=view == self.send)
                return fault if fault is not None else view(**parts)
            except TwilioError as problem:
                return error(problem)

        return guard

    # -- messages ---------------------------------------------------------------------------

    def send(self) -> BaseResponse:
        media_urls = request.form.getlist("MediaUrl")
        message = self._twilio.send(request.form.to_dict(), media_urls)
        answer = _json(message.as_json(), 201)
        self._twilio.deliver(message, media_urls)
        self._twilio.fault_after()
        return answer

    def messages(self) -> BaseResponse:
        filters = request.args
        messages = [
            message
            for message in sorted(
                self._twilio.messages.values(), key=lambda message: message.created, reverse=True
            )
            if filters.get("To") in (None, message.to)
            and filters.get("From") in (None, message.sender)
            and _in_time(message)
        ]
        return _json(self._page(messages), 200)

    def message(self, sid: str) -> BaseResponse:
        return _json(self._find(sid).as_json(), 200)

    def delete_message(self, sid: str) -> BaseResponse:
        self._find(sid)
        del self._twilio.messages[sid]
        return Response(status=204)

    # -- media ------------------------------------------------------------------------------

    def media_list(self, sid: str) -> BaseResponse:
        message = self._find(sid)
        items = [message.media_json(media) for media in message.media]
        return _json({"media_list": items, "page": 0, "next_page_uri": None}, 200)

    def media_about(self, sid: str, media: str) -> BaseResponse:
        self._find_media(sid, media)
        return _json(self._find(sid).media_json(media), 200)

    def media(self, sid: str, media: str) -> BaseResponse:
        return redirect(self._find_media(sid, media).media[media].url, 307)

    def delete_media(self, sid: str, media: str) -> BaseResponse:
        del self._find_media(sid, media).media[media]
        return Response(status=204)

    # -- the account ------------------------------------------------------------------------

    def account(self) -> BaseResponse:
        sid = self._twilio.account_sid
        return _json({"sid": sid, "friendly_name": "Sandbox", "status": "active"}, 200)

    def numbers(self) -> BaseResponse:
        ours = request.args.get("PhoneNumber", self._twilio.number) == self._twilio.number
        numbers = [self._number()] if ours else []
        return _json({"incoming_phone_numbers": numbers, "next_page_uri": None, "page": 0}, 200)

    def set_number(self, sid: str) -> BaseResponse:
        if sid != self._number()["sid"]:
            raise _not_found()
        self._twilio.webhook_url = request.form.get("SmsUrl", self._twilio.webhook_url)
        return _json(self._number(), 200)

    # -- parts ------------------------------------------------------------------------------

    def _authorise(self, account: str) -> None:
        login = request.authorization
        user, password = (login.username, login.password) if login else (None, None)
        is_valid = (
            hmac.compare_digest((user or "").encode(), self._twilio.account_sid.encode())
            and hmac.compare_digest((password or "").encode(), self._twilio.auth_token.encode())
            and account == self._twilio.account_sid
        )
        if not is_valid:
            raise TwilioError(401, 20003, "Authenticate")

    def _find(self, sid: str) -> Message:
        message = self._twilio.messages.get(sid)
        if message is None:
            raise _not_found()
        return message

    def _find_media(self, sid: str, media: str) -> Message:
        message = self._find(sid)
        if media not in message.media:
            raise _not_found()
        return message

    def _number(self) -> dict[str, Any]:
        return {
            "sid": "PN" + "5a" * 16,
            "phone_number": self._twilio.number,
            "sms_url": self._twilio.webhook_url,
            "sms_method": "POST",
            "capabilities": {"sms": True, "mms": True, "voice": False, "fax": False},
        }

    def _page(self, messages: list[Message]) -> dict[str, Any]:
        size = min(int(request.args.get("PageSize", PAGE_SIZE)), LARGEST_PAGE)
        page = int(request.args.get("Page", 0))
        items = messages[page * size : (page + 1) * size]
        path = request.path.removeprefix("/twilio")

        def uri(number: int) -> str:
            return f"{path}?" + urlencode({**request.args, "Page": number, "PageSize": size})

        has_more = len(messages) > (page + 1) * size
        return {
            "messages": [message.as_json() for message in items],
            "end": page * size + max(0, len(items) - 1),
            "start": page * size,
            "page": page,
            "page_size": size,
            "first_page_uri": uri(0),
            "next_page_uri": uri(page + 1) if has_more else None,
            "previous_page_uri": uri(page - 1) if page else None,
            "uri": uri(page),
        }


def _in_time(message: Message) -> bool:
    at = message.sent or message.created
    day = request.args.get("DateSent")
    # Twilio's own client calls them DateSent< and DateSent>.
    after, before = request.args.get("DateSent>"), request.args.get("DateSent<")
    if day:
        # Twilio reads a date there, and its client sends the date as midnight.
        start = _moment(day[:10])
        if not start <= at < start + timedelta(days=1):
            return False
    if after and at < _moment(after):
        return False
    end = before and _moment(before) + timedelta(days=1 if len(before) == 10 else 0)
    return not end or at <= end


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise TwilioError(400, 20001, f"Invalid date: {text}") from None
    if len(text) == 10:
        moment = datetime.combine(moment, time())
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _not_found() -> TwilioError:
    return TwilioError(404, 20404, f"The requested resource {request.path} was not found")


def _json(body: dict[str, Any], status: int) -> Response:
    return Response(json.dumps(body), status, mimetype="application/json")
