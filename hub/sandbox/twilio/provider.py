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
from hub.sandbox.base.context import SandboxContext, WebhookCaller
from hub.sandbox.base.faults import FaultAnswers, Faults
from hub.sandbox.base.screen import Bubble, Kind, Media, Screen
from hub.sandbox.base.waitable import Waitable
from hub.sandbox.base.webhook_queue import (
    Attempt,
    OnFinished,
    RetryPolicy,
    WebhookCall,
    WebhookQueue,
    never,
)
from hub.sandbox.twilio import checks
from hub.sandbox.twilio.customer import HELP, START, STOP, SmsCustomer
from hub.sandbox.twilio.messages import VERSION, Message, TwilioError, new_sid, segments

ACCOUNT = "AC" + "5a" * 16
AUTH_TOKEN = "0123456789abcdef0123456789abcdef"
NUMBER = "+15005550006"
MEDIA_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the REST API, with its form."""

    method: str
    path: str
    values: dict[str, list[str]] = field(default_factory=dict)


class Twilio(Faults, WebhookCaller):
    """Twilio with one account and one number, and the customers that have a phone."""

    def __init__(
        self,
        context: SandboxContext,
        cdn: Cdn,
        account_sid: str = ACCOUNT,
        auth_token: str = AUTH_TOKEN,
        number: str = NUMBER,
    ) -> None:
        super().__init__(
            FaultAnswers(
                throttled=lambda _: error(TwilioError(429, 20429, "Too Many Requests")),
                down=lambda: error(TwilioError(503, 20503, "Service Unavailable")),
            )
        )
        self.context = context
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
        self.webhook_queue = WebhookQueue(
            RetryPolicy(lambda _: True, never, timeout=15), lambda: context.speed
        )
        self._customers: dict[str, SmsCustomer] = {}
        self._lock = threading.RLock()

    @property
    def api_base(self) -> str:
        return f"{self.context.url}/twilio"

    # -- verbs ------------------------------------------------------------------------------

    def customer(self, number: str = "+12025550123", name: str = "") -> SmsCustomer:
        """Returns the customer of this number; the first call makes it."""
        with self._lock:
            if number not in self._customers:
                screen = Screen(self.context.feed, f"sms/{number}")
                self._customers[number] = SmsCustomer(self, number, screen, name)
            return self._customers[number]

    def reports_by_hand(self) -> None:
        """Lets delivery reports come only when a test calls `reports`."""
        self.reports_automatically = False

    def reports(self, message: Bubble | str, status: str, error_code: int | None = None) -> None:
        """Sends one status callback: `sent`, `delivered`, `undelivered`, ... in any order.

        Raises:
            KeyError: there is no such message.
        """
        resource = self.messages[message if isinstance(message, str) else message.id]
        resource.status, resource.error_code = status, error_code
        resource.reported.append(status)
        if status == "sent":
            resource.sent = self.context.clock.now()
        is_failure = status in ("undelivered", "failed")
        self.customer(resource.to).screen.change(
            resource.sid, status="failed" if is_failure else status, problem=str(error_code or "")
        )
        if resource.callback:
            self._post(resource.callback, self._status_form(resource), resource.sid, lambda _: None)

    def sends_again(self, message: Bubble | str) -> None:
        """Calls the hub a second time for the same inbound message."""
        resource = self.messages[message if isinstance(message, str) else message.id]
        self._post(self.webhook_url, self._inbound_form(resource), "again", lambda _: None)

    def signature(self, url: str, form: dict[str, str], token: str = "") -> str:
        """Returns the value of X-Twilio-Signature."""
        return str(RequestValidator(token or self.auth_token).compute_signature(url, form))

    # -- for the customers' verbs -------------------------------------------------------------

    def send_to_hub(self, customer: SmsCustomer, text: str, media: Sequence[Media]) -> Bubble:
        """Brings a message of the customer to the hub."""
        files = {
            new_sid("ME"): self.cdn.put(file.data, file.media_type, file.name) for file in media
        }
        message = Message(
            sid=new_sid("MM" if media else "SM"),
            account_sid=self.account_sid,
            direction="inbound",
            sender=customer.number,
            to=self.number,
            body=text,
            status="received",
            created=self.context.clock.now(),
            media=files,
        )
        self.messages[message.sid] = message
        bubble = show(customer.screen, message, mine=True)

        def on_finished(attempt: Attempt) -> None:
            is_lost = not 200 <= attempt.status < 300
            customer.screen.change(
                message.sid,
                status="failed" if is_lost else "delivered",
                problem=f"the hub answered {attempt.status or 'nothing'}" if is_lost else "",
            )

        form = self._inbound_form(message)
        self._post(self.webhook_url, form, f"from {customer.number}", on_finished)
        return bubble

    def send_automatic_reply(self, customer: SmsCustomer, text: str) -> None:
        """Shows the customer an answer that Twilio itself wrote."""
        customer.screen.show(
            Bubble(
                id=new_sid("SM"),
                mine=False,
                text=text,
                by_provider=True,
                at=self.context.clock.now(),
            )
        )

    # -- sending ----------------------------------------------------------------------------

    def send(self, form: dict[str, Any], media_urls: list[str]) -> Message:
        """Accepts a message, which `deliver` brings to the phone. Raises TwilioError."""
        to, sender = form.get("To", ""), form.get("From", "")
        checks.check_message(to, sender, self.number, form.get("Body"), media_urls)
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
            created=self.context.clock.now(),
            callback=callback,
        )
        self.messages[message.sid] = message
        return message

    def deliver(self, message: Message, media_urls: list[str]) -> None:
        """Brings an accepted message to the phone, in a thread of its own."""
        threading.Thread(target=self._deliver, args=(message, media_urls), daemon=True).start()

    def _deliver(self, message: Message, media_urls: list[str]) -> None:
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
        """Returns the file, or the code of Twilio's error."""
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

    def _post(self, url: str, form: dict[str, str], queue: str, on_finished: OnFinished) -> None:
        # The part after # is configuration for Twilio: neither sent nor signed.
        url = urldefrag(url).url
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "User-Agent": "TwilioProxy/1.1",
            "X-Twilio-Signature": self.signature(url, form),
            "I-Twilio-Idempotency-Token": new_sid(""),
        }
        self.webhook_queue.put(
            queue, WebhookCall(url, urlencode(form).encode(), headers), on_finished
        )

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
        text = message.body.strip().upper()
        keywords = {"STOP": STOP, "START": START, "HELP": HELP}
        opt_out_type = next((name for name, texts in keywords.items() if text in texts), "")
        if opt_out_type and self.advanced_opt_out:
            form["OptOutType"] = opt_out_type
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
            form["RawDlrDoneDate"] = self.context.clock.now().strftime("%y%m%d%H%M")
        return form

    def close(self) -> None:
        self.is_up()
        self.webhook_queue.close()


def show(screen: Screen, message: Message, *, mine: bool) -> Bubble:
    """Puts a message onto the phone. The bubble of an MMS draws its first file only."""
    first_file = next(iter(message.media.values()), None)
    return screen.show(
        Bubble(
            id=message.sid,
            mine=mine,
            kind=kind_of(first_file),
            text=message.body,
            media=first_file,
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
