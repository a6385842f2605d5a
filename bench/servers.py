"""Starts the servers to measure: the floor, and a hub with all five channels on loopback."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from bench.load import http_request
from tests.harness import RunningHub, free_port

FB_SECRET = "bench-app-secret"
TWILIO_TOKEN = "bench-auth-token"
ACCOUNT = "AC" + "b" * 32

CONFIG = f"""\
connectors:
  website: {{kind: webchat}}
  sms: {{kind: sms, provider: twilio, account_sid: {ACCOUNT}, auth_token: {TWILIO_TOKEN},
         number: "+15005550006", api_base: "http://127.0.0.1:9"}}
  telegram: {{kind: telegram, token: "1:bench", mode: webhook, secret_token: bench,
              api_base: "http://127.0.0.1:9"}}
  messenger: {{kind: messenger, page_id: "1", page_access_token: t, app_secret: {FB_SECRET},
               verify_token: v, api_base: "http://127.0.0.1:9"}}
  mail: {{kind: email, address: support@shop.example, webhook_secret: bench,
          smtp: {{host: 127.0.0.1, port: 9, tls: none}}}}
limits: {{sessions_per_minute: 100000}}
"""


@dataclass(frozen=True)
class Floor:
    """The running floor server."""

    port: int
    process: subprocess.Popen[str]


@contextmanager
def floor(folder: Path) -> Iterator[Floor]:
    """Runs `bench.floor` in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "bench.floor", str(folder / "floor.db")],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield Floor(urlsplit(process.stdout.readline().split()[-1]).port or 0, process)
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def hub(folder: Path, config: str = CONFIG, **environment: str) -> Iterator[RunningHub]:
    """Runs a hub with its data in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with RunningHub(folder, config, port=free_port(), **environment) as running:
        yield running


# -- signed events of the providers ------------------------------------------------------------


def messenger(number: int, customers: int) -> bytes:
    """Writes a signed webhook request; message `number` is of one of so many customers."""
    event = {
        "sender": {"id": str(7_000_000 + number % customers)},
        "recipient": {"id": "1"},
        "timestamp": int(time.time() * 1000),
        "message": {"mid": f"m_{number}_{os.getpid()}", "text": f"Where is my order {number}?"},
    }
    body = json.dumps(
        {"object": "page", "entry": [{"id": "1", "time": 0, "messaging": [event]}]}
    ).encode()
    signature = hmac.new(FB_SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"}
    return http_request("/webhooks/messenger", body, headers)


def telegram(number: int, customers: int) -> bytes:
    """Writes a webhook request with its secret."""
    customer = 9_000_000 + number % customers
    update = {
        "update_id": number + 1,
        "message": {
            "message_id": number + 1,
            "from": {"id": customer, "is_bot": False, "first_name": f"Person {customer}"},
            "chat": {"id": customer, "type": "private"},
            "date": int(time.time()),
            "text": f"Where is my order {number}?",
        },
    }
    headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": "bench"}
    return http_request("/webhooks/telegram", json.dumps(update).encode(), headers)


def sms(number: int, customers: int, public_url: str) -> bytes:
    """Writes a signed webhook request to a hub with this public URL."""
    form = {
        "ToCountry": "US",
        "MessageSid": f"SM{number:032x}",
        "SmsSid": f"SM{number:032x}",
        "SmsMessageSid": f"SM{number:032x}",
        "SmsStatus": "received",
        "Body": f"Where is my order {number}?",
        "To": "+15005550006",
        "ToZip": "",
        "NumMedia": "0",
        "NumSegments": "1",
        "AccountSid": ACCOUNT,
        "From": f"+1202555{1000 + number % customers:04d}",
        "ApiVersion": "2010-04-01",
    }
    url = f"{public_url}/webhooks/sms"
    signed_text = url + "".join(name + form[name] for name in sorted(form))
    signature = hmac.new(TWILIO_TOKEN.encode(), signed_text.encode(), hashlib.sha1).digest()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": base64.b64encode(signature).decode(),
    }
    return http_request("/webhooks/sms", urlencode(form).encode(), headers)
