"""Twilio's REST API at /twilio/2010-04-01, and its signed calls to the hub.

Sources: https://www.twilio.com/docs/messaging/api/message-resource,
https://www.twilio.com/docs/messaging/guides/webhook-request,
https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urldefrag, urlencode, urlsplit

import requests
from flask import Response, json
from twilio.request_validator import RequestValidator

from hub.sandbox.base.cdn import Cdn
from hub.sandbox.base.context import CallsHub, Shared, Waitable
from hub.sandbox.base.faults import Answers, Faults
from hub.sandbox.base.screen import Bubble, Kind, Media, Screen
from hub.sandbox.base.webhook_queue import Attempt, Hook, Hooks, Policy, never
from hub.sandbox.twilio import checks
from hub.sandbox.twilio.customer import HELP, START, STOP, SmsCustomer
from hub.sandbox.twilio.messages import VERSION, Message, TwilioError, new_sid, segments

ACCOUNT = "AC" + "5a" * 16
AUTH_TOKEN = "0123456789abcdef0123456789abcdef"
NUMBER = "+15005550006"
MEDIA_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the REST API."""

    method: str
    path: str
    values: dict[str, list[str]] = field(default_factory=dict)


class Twilio(Faults, CallsHub):
    """Twilio, one account with one number, and everybody who has a phone."""

    def __init__(
        self,
        shared: Shared,
        cdn: Cdn,
        account_sid: str = ACCOUNT,
        auth_token: str = AUTH_TOKEN,
        number: str = NUMBER,
    ) -> None:
        super().__init__(
            Answers(
                throttled=lambda _: error(TwilioError(429, 20429, "Too Many Requests")),
                down=lambda: error(TwilioError(503, 20503, "Service Unavailable")),
            )
        )
        self.shared = shared
        self.cdn = cdn
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.number = number
        self.connector = "sms"
        self.reports_automatically = True
        self.advanced_opt_out = False
        self.calls: Waitable[Call] = Waitable()
        self.messages: dict[str, Message] = {}
        # By default Twilio tries once: an answer of 5xx loses the message (error 11200).
        self.hooks = Hooks(Policy(lambda _: True, never, timeout=15), lambda: shared.speed)
        self._customers: dict[str, SmsCustomer] = {}
        self._lock = threading.RLock()

    @property
    def api_base(self) -> str:
        return f"{self.shared.url}/twilio"

    # -- verbs ------------------------------------------------------------------------------

    def customer(self, number: str = "+12025550123", name: str = "") -> SmsCustomer:
        """A person; the same number is the same person."""
        with self._lock:
            if number not in self._customers:
                screen = Screen(self.shared.feed, f"sms/{number}")
                self._customers[number] = SmsCustomer(self, number, screen, name)
            return self._customers[number]

    def reports_by_hand(self) -> None:
        """No delivery report comes unless a test calls `reports`."""
        self.reports_automatically = False

    def reports(self, message: Bubble | str, status: str, error_code: int | None = None) -> None:
        """Sends one status callback: `sent`, `delivered`, `undelivered`, ... in any order.

        Raises KeyError for a message that was never sent.
        """
        known = self.messages[message if isinstance(message, str) else message.id]
        known.status, known.error_code = status, error_code
        known.reported.append(status)
        if status == "sent":
            known.sent = self.shared.clock.now()
        bad = status in ("undelivered", "failed")
        self.customer(known.to).screen.change(
            known.sid, status="failed" if bad else status, problem=str(error_code or "")
        )
        if known.callback:
            self._post(known.callback, self._status_form(known), known.sid, lambda _: None)

    def sends_again(self, message: Bubble | str) -> None:
        """Calls the hub a second time for the same inbound message."""
        known = self.messages[message if isinstance(message, str) else message.id]
        self._post(self.webhook_url, self._inbound_form(known), "again", lambda _: None)

    def signature(self, url: str, form: dict[str, str], token: str = "") -> str:
        return str(RequestValidator(token or self.auth_token).compute_signature(url, form))

    # -- what the verbs of customers need -----------------------------------------------------

    def takes_from(self, customer: SmsCustomer, text: str, media: Sequence[Media]) -> Bubble:
        kept = {
            new_sid("ME"): self.cdn.put(each.data, each.media_type, each.name) for each in media
        }
        message = Message(
            sid=new_sid("MM" if media else "SM"),
            account_sid=self.account_sid,
            direction="inbound",
            sender=customer.number,
            to=self.number,
            body=text,
            status="received",
            created=self.shared.clock.now(),
            media=kept,
        )
        self.messages[message.sid] = message
        bubble = show(customer.screen, message, mine=True)

        def done(attempt: Attempt) -> None:
            lost = not 200 <= attempt.status < 300
            customer.screen.change(
                message.sid,
                status="failed" if lost else "delivered",
                problem=f"the hub answered {attempt.status or 'nothing'}" if lost else "",
            )

        form = self._inbound_form(message)
        self._post(self.webhook_url, form, f"from {customer.number}", done)
        return bubble

    def writes_itself(self, customer: SmsCustomer, text: str) -> None:
        customer.screen.show(
            Bubble(
                id=new_sid("SM"),
                mine=False,
                text=text,
                by_provider=True,
                at=self.shared.clock.now(),
            )
        )

    # -- sending ----------------------------------------------------------------------------

    def send(self, form: dict[str, Any], media_urls: list[str]) -> Message:
        """Takes a message or raises TwilioError; `carry` does the rest after the answer."""
        to, sender = form.get("To", ""), form.get("From", "")
        checks.check_order(to, sender, self.number, form.get("Body"), media_urls)
        checks.check_validity(form.get("ValidityPeriod"))
        callback = form.get("StatusCallback", "")
        if callback:
            checks.check_callback(callback)
        customer = self.customer(to)
        if customer.stopped:
            raise TwilioError(400, 21610, "Attempt to send to unsubscribed recipient")
        message = Message(
            sid=new_sid("MM" if media_urls else "SM"),
            account_sid=self.account_sid,
            direction="outbound-api",
            sender=sender,
            to=to,
            body=form.get("Body", ""),
            status="queued",
            created=self.shared.clock.now(),
            callback=callback,
        )
        self.messages[message.sid] = message
        return message

    def carry(self, message: Message, media_urls: list[str]) -> None:
        """Brings a message that was taken to the phone, in its own time."""
        threading.Thread(target=self._carry, args=(message, media_urls), daemon=True).start()

    def _carry(self, message: Message, media_urls: list[str]) -> None:
        # Twilio fetches media after it has answered, so the sender's server must be free.
        customer = self.customer(message.to)
        for url in media_urls:
            media = self._fetch(url)
            if isinstance(media, int):
                self.reports(message.sid, "failed", media)
                return
            message.media[new_sid("ME")] = media
        status, code = customer.outcome
        if status == "delivered":
            show(customer.screen, message, mine=False)
        if self.reports_automatically:
            self.reports(message.sid, "sent")
            self.reports(message.sid, status, code)

    def _fetch(self, url: str) -> Media | int:
        """The file, or the code of Twilio's error."""
        try:
            answer = requests.get(url, timeout=15)
        except requests.RequestException:
            return 11200
        if answer.status_code != 200:
            return 11200
        if len(answer.content) > MEDIA_BYTES:
            return 11751
        media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip()
        if not media_type or media_type == "text/html":
            return 12300
        return self.cdn.put(answer.content, media_type, urlsplit(url).path.rpartition("/")[2])

    # -- webhooks ---------------------------------------------------------------------------

    def _post(self, url: str, form: dict[str, str], queue: str, done: Any) -> None:
        # What follows # is Twilio's own configuration: neither sent nor signed.
        url = urldefrag(url).url
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "User-Agent": "TwilioProxy/1.1",
            "X-Twilio-Signature": self.signature(url, form),
            "I-Twilio-Idempotency-Token": new_sid(""),
        }
        self.hooks.put(queue, Hook(url, urlencode(form).encode(), headers), done)

    def _inbound_form(self, message: Message) -> dict[str, str]:
        form = {
            "ToCountry": "US",
            "ToState": "",
            "SmsMessageSid": message.sid,
            "NumMedia": str(len(message.media)),
            "ToCity": "",
            "FromZip": "",
            "SmsSid": message.sid,
            "FromState": "",
            "SmsStatus": "received",
            "FromCity": "",
            "Body": message.body,
            "FromCountry": "US",
            "To": message.to,
            "ToZip": "",
            "NumSegments": str(segments(message.body)),
            "MessageSid": message.sid,
            "AccountSid": message.account_sid,
            "From": message.sender,
            "ApiVersion": VERSION,
        }
        for number, (sid, media) in enumerate(message.media.items()):
            form[f"MediaUrl{number}"] = f"{self.api_base}{message.uri}/Media/{sid}"
            form[f"MediaContentType{number}"] = media.media_type
        word = message.body.strip().upper()
        kinds = {"STOP": STOP, "START": START, "HELP": HELP}
        kind = next((name for name, words in kinds.items() if word in words), "")
        if kind and self.advanced_opt_out:
            form["OptOutType"] = kind
        return form

    def _status_form(self, message: Message) -> dict[str, str]:
        form = {
            "SmsSid": message.sid,
            "SmsStatus": message.status,
            "MessageStatus": message.status,
            "To": message.to,
            "MessageSid": message.sid,
            "AccountSid": message.account_sid,
            "From": message.sender,
            "ApiVersion": VERSION,
        }
        if message.error_code is not None:
            form["ErrorCode"] = str(message.error_code)
        if message.status in ("delivered", "undelivered"):
            form["RawDlrDoneDate"] = self.shared.clock.now().strftime("%y%m%d%H%M")
        return form

    def close(self) -> None:
        self.is_up()
        self.hooks.close()


def show(screen: Screen, message: Message, *, mine: bool) -> Bubble:
    """Puts a message onto the phone; an MMS with several files as several bubbles' worth in one."""
    first = next(iter(message.media.values()), None)
    return screen.show(
        Bubble(
            id=message.sid,
            mine=mine,
            kind=kind_of(first),
            text=message.body,
            media=first,
            at=message.created,
            status="sent" if mine else "",
            raw={**message.as_json(), "media": list(message.media.values())},
        )
    )


def kind_of(media: Media | None) -> Kind:
    if media is None:
        return "text"
    kinds: dict[str, Kind] = {"image": "photo", "audio": "audio", "video": "video"}
    return kinds.get(media.media_type.partition("/")[0], "file")


def error(problem: TwilioError) -> Response:
    return Response(json.dumps(problem.as_json()), problem.status, mimetype="application/json")
