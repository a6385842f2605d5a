"""Kills the hub at random moments under signed deliveries, and counts the losses and doubles.

Providers try again until they get 2xx, agents until their reply is accepted. At the end every
acknowledged event must be there exactly once, and every reply on its customer's screen.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import requests

from hub.sandbox import Sandbox, demo_connectors
from hub.sandbox.base.screen import Screen
from hub.sandbox.graph.webhooks import encoded, signature
from tests.harness import RunningHub, free_port

#: Deliveries under way at once.
PARALLEL_DELIVERIES = 8
#: A provider's waits between tries, here in seconds instead of minutes.
PAUSES = (0.05, 0.1, 0.2, 0.4)
GIVE_UP_SECONDS = 120.0
SignedRequest = tuple[str, bytes, dict[str, str]]


@dataclass
class Outcome:
    seed: int
    deliveries: int
    kills: int
    seconds: float
    #: Tries that providers made beyond one for each event.
    tried_again: int
    lost_events: list[str] = field(default_factory=list)
    doubled_events: list[str] = field(default_factory=list)
    replies: int = 0
    lost_replies: list[str] = field(default_factory=list)
    #: Twice on a screen while the hub did not mark the delivery.
    doubled_replies: list[str] = field(default_factory=list)
    maybe_twice: int = 0
    #: Mails that were being read in two processes that were killed. Each was processed by hand.
    set_aside: int = 0

    @property
    def is_clean(self) -> bool:
        return not (
            self.lost_events or self.doubled_events or self.lost_replies or self.doubled_replies
        )


def run(folder: Path, deliveries: int, kills: int, seed: int) -> Outcome:
    """Starts a hub in `folder`, delivers and kills. Returns the counts."""
    port = free_port()
    with Sandbox(hub_url=f"http://127.0.0.1:{port}", speed=100) as sandbox:
        config = demo_connectors(sandbox.endpoints).replace("mode: polling", "mode: webhook")
        hub = RunningHub(folder, config, port=port).start()
        try:
            return _CrashRun(hub, sandbox, deliveries, kills, seed).run()
        finally:
            hub.stop()


class _CrashRun:
    def __init__(
        self, hub: RunningHub, sandbox: Sandbox, deliveries: int, kills: int, seed: int
    ) -> None:
        self.hub = hub
        self.sandbox = sandbox
        self.random = random.Random(seed)
        self.outcome = Outcome(seed, deliveries, kills, 0.0, 0)
        self._customers = Customers(sandbox, max(3, deliveries // 40))
        self._acknowledged = 0
        self._progress = threading.Condition()
        self._replies: dict[str, tuple[str, Screen | Any]] = {}
        moments = range(
            PARALLEL_DELIVERIES, max(deliveries - PARALLEL_DELIVERIES, PARALLEL_DELIVERIES + kills)
        )
        self._kill_at = sorted(self.random.sample(moments, kills))
        self._delays = [self.random.uniform(0, 0.2) for _ in range(kills)]
        self._answered = {number: self.random.random() < 0.5 for number in range(deliveries)}

    def run(self) -> Outcome:
        begin = time.monotonic()
        killer = threading.Thread(target=self._kill, daemon=True)
        killer.start()
        with ThreadPoolExecutor(PARALLEL_DELIVERIES) as providers:
            list(providers.map(self._deliver, range(self.outcome.deliveries)))
        killer.join(GIVE_UP_SECONDS)
        self._process_set_aside()
        self._count_events()
        self._count_replies()
        self.outcome.seconds = time.monotonic() - begin
        return self.outcome

    def _kill(self) -> None:
        for acknowledged_count, delay in zip(self._kill_at, self._delays, strict=True):
            with self._progress:
                self._progress.wait_for(
                    lambda count=acknowledged_count: self._acknowledged >= count, GIVE_UP_SECONDS
                )
            time.sleep(delay)
            self.hub.kill()
            self.hub.start()

    # -- in and out --------------------------------------------------------------------------

    def _deliver(self, number: int) -> None:
        url, body, headers = self._customers.signed_request(self.hub.url, number)
        self._until_accepted(
            lambda: requests.post(url, data=body, headers=headers, timeout=10).status_code
        )
        with self._progress:
            self._acknowledged += 1
            self._progress.notify_all()
        if self._answered[number]:
            self._reply(number)

    def _reply(self, number: int) -> None:
        matches: list[dict[str, Any]] = []
        text_id = text_of(number)

        def find_message() -> int:
            answer = self.hub.request("GET", "/search", params={"q": text_id})
            if answer.status_code == 200:
                matches[:] = answer.json()["items"]
            return answer.status_code

        def send_reply() -> int:
            body = {"text": f"answer {text_id}", "client_id": text_id}
            path = f"/conversations/{matches[0]['conversation_id']}/messages"
            answer = self.hub.request("POST", path, json=body)
            if answer.ok:
                self._replies[answer.json()["id"]] = (body["text"], self._customers.screen(number))
            return answer.status_code

        self._until_accepted(find_message)
        if not matches:
            self._process_set_aside()
            self._until_accepted(find_message)
        if not matches:
            self.outcome.lost_events.append(f"{text_id}: acknowledged, and not found after it")
            return
        self._until_accepted(send_reply)

    def _until_accepted(self, call: Callable[[], int]) -> None:
        deadline = time.monotonic() + GIVE_UP_SECONDS
        tries = 0
        while time.monotonic() < deadline:
            try:
                if 200 <= call() < 300:
                    return
            except requests.RequestException:
                pass  # no server listens after a kill
            time.sleep(PAUSES[min(tries, len(PAUSES) - 1)])
            tries += 1
            self.outcome.tried_again += 1
        raise AssertionError("the hub did not come back")

    def _process_set_aside(self) -> None:
        """Processes what the hub set aside, as an admin who sees it in the journal does."""

        def replay_failed() -> int:
            listed = self.hub.request("GET", "/journal", params={"status": "failed", "limit": 100})
            for entry in listed.json()["items"] if listed.ok else ():
                answer = self.hub.request("POST", f"/journal/{entry['id']}/replay")
                if not answer.ok:
                    return answer.status_code
                self.outcome.set_aside += 1
            return listed.status_code

        self._until_accepted(replay_failed)

    # -- counting ----------------------------------------------------------------------------

    def _count_events(self) -> None:
        counts: Counter[str] = Counter()
        cursor = None
        while True:
            page = self.hub.get(
                "/conversations", limit=100, **({"cursor": cursor} if cursor else {})
            )
            for conversation in page["items"]:
                counts.update(self._texts_in(conversation["id"]))
            cursor = page["next"]
            if cursor is None:
                break
        wanted = {text_of(number) for number in range(self.outcome.deliveries)}
        self.outcome.lost_events += sorted(wanted - set(counts))
        self.outcome.doubled_events += sorted(text for text in wanted if counts[text] > 1)

    def _texts_in(self, conversation_id: str) -> list[str]:
        texts, cursor = [], None
        while True:
            query = {"cursor": cursor} if cursor else {}
            page = self.hub.get(f"/conversations/{conversation_id}/messages", limit=100, **query)
            texts += [message["text"] for message in page["items"] if message["direction"] == "in"]
            cursor = page["next"]
            if cursor is None:
                return texts

    def _count_replies(self) -> None:
        self.outcome.replies = len(self._replies)
        deadline = time.monotonic() + GIVE_UP_SECONDS
        for message_id, (text, screen) in self._replies.items():
            delivery = self.hub.get(f"/messages/{message_id}")["delivery"]
            while delivery["status"] in ("queued", "sending") and time.monotonic() < deadline:
                time.sleep(0.1)
                delivery = self.hub.get(f"/messages/{message_id}")["delivery"]
            self.outcome.maybe_twice += delivery["maybe_twice"]
            shown = _count_on_screen(screen, text)
            if shown == 0:
                self.outcome.lost_replies.append(f"{text}: {delivery}")
            elif shown > 1 and not delivery["maybe_twice"]:
                self.outcome.doubled_replies.append(f"{text}: {delivery}")


def text_of(number: int) -> str:
    return f"event{number:05d}"


def _count_on_screen(phone: Any, text: str) -> int:
    # A mail sent twice under one Message-ID is one mail for its reader.
    ids = {message.id for message in phone.received if text in message.text}
    return len(ids)


class Customers:
    """The customers of every channel, and the requests of their providers."""

    def __init__(self, sandbox: Sandbox, count: int) -> None:
        self._sandbox = sandbox
        self._sms = [sandbox.twilio.customer(f"+1202555{n:04d}") for n in range(1000, 1000 + count)]
        self._messenger = [sandbox.graph.customer(f"Person {n}") for n in range(count)]
        self._telegram = [sandbox.telegram.customer(f"Person {n}") for n in range(count)]
        self._mail = [sandbox.mail.customer(f"person{n}@example.org") for n in range(count)]
        for customer in self._telegram:
            customer.chat.bot = "member"  # each wrote first, with the requests below
        for customer in self._messenger:
            customer.last_wrote = sandbox.clock.now()

    def screen(self, number: int) -> Any:
        customers: list[Any] = [self._sms, self._messenger, self._telegram, self._mail][number % 4]
        return customers[number // 4 % len(customers)]

    def signed_request(self, hub_url: str, number: int) -> SignedRequest:
        """Returns the signed request of event `number`, the same one at each call."""
        name = ("sms", "messenger", "telegram", "mail")[number % 4]
        body, headers = getattr(self, f"_{name}_request")(number, f"{hub_url}/webhooks/{name}")
        return f"{hub_url}/webhooks/{name}", body, headers

    def _sms_request(self, number: int, url: str) -> tuple[bytes, dict[str, str]]:
        twilio = self._sandbox.twilio
        sid = f"SM{number:032x}"
        form = {
            "MessageSid": sid,
            "SmsSid": sid,
            "AccountSid": twilio.account_sid,
            "From": self.screen(number).number,
            "To": twilio.number,
            "Body": text_of(number),
            "NumMedia": "0",
            "ToZip": "",
            "ApiVersion": "2010-04-01",
        }
        return urlencode(form).encode(), {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": twilio.signature(url, form),
        }

    def _messenger_request(self, number: int, _url: str) -> tuple[bytes, dict[str, str]]:
        graph = self._sandbox.graph
        now = int(time.time() * 1000)
        event = {
            "sender": {"id": self.screen(number).psid},
            "recipient": {"id": graph.page_id},
            "timestamp": now,
            "message": {"mid": f"m_in_{number}", "text": text_of(number)},
        }
        entry = {"id": graph.page_id, "time": now, "messaging": [event]}
        body = encoded({"object": "page", "entry": [entry]})
        return body, {
            "Content-Type": "application/json",
            "X-Hub-Signature-256": signature(graph.app_secret, body),
        }

    def _telegram_request(self, number: int, _url: str) -> tuple[bytes, dict[str, str]]:
        customer = self.screen(number)
        user = {"id": customer.id, "first_name": customer.name}
        message = {
            "message_id": 100_000 + number,
            "date": int(time.time()),
            "chat": {**user, "type": "private"},
            "from": {**user, "is_bot": False},
            "text": text_of(number),
        }
        update = {"update_id": 5_000_000 + number, "message": message}
        return json.dumps(update).encode(), {
            "Content-Type": "application/json",
            "X-Telegram-Bot-Api-Secret-Token": "sandbox-telegram-secret",
        }

    def _mail_request(self, number: int, _url: str) -> tuple[bytes, dict[str, str]]:
        mail = self._sandbox.mail
        raw = (
            f"From: {self.screen(number).address}\r\nTo: {mail.address}\r\n"
            f"Subject: About {number}\r\nMessage-ID: <in-{number}@example.org>\r\n"
            f"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
            f"{text_of(number)}\r\n"
        )
        return raw.encode(), {
            "Content-Type": "message/rfc822",
            "Authorization": f"Bearer {mail.webhook_secret}",
        }
