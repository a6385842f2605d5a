"""Stand-ins for the provider: an `Http` that records calls, answers, webhook requests."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import pytest

from hub.connectors.http import Http, HttpCall, HttpResponse
from hub.testing.cases import PUBLIC_URL
from hub.types import WebhookRequest


class StubHttp(Http):
    """Records every call in `calls` and answers with `answers`, one after the other.

    An answer is an HttpResponse, an exception to raise, or a function of the call; the last one
    is repeated. Without any, a call is an error of the test.
    """

    def __init__(self, *answers: HttpResponse | Exception | Callable[[HttpCall], HttpResponse]):
        super().__init__()
        self.calls: list[HttpCall] = []
        self.answers = list(answers)

    def request(self, call: HttpCall) -> HttpResponse:
        self.calls.append(call)
        assert self.answers, f"nobody expected this call: {call.method} {call.url}"
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, HttpResponse) else answer(call)


def json_response(body: Any, status: int = 200, **headers: str) -> HttpResponse:
    """A provider's answer in JSON. `retry_after="7"` is the header `Retry-After: 7`."""
    return HttpResponse(
        status,
        {name.replace("_", "-"): value for name, value in headers.items()},
        json.dumps(body).encode(),
    )


def post(
    connector: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    path: str = "",
    query: str = "",
    media_type: str = "application/json",
) -> WebhookRequest:
    """A provider's POST to `/webhooks/<connector>[/path][?query]`, as the gateway hands it on."""
    url = f"{PUBLIC_URL}/webhooks/{connector}{'/' + path if path else ''}"
    is_form = media_type == "application/x-www-form-urlencoded"
    return WebhookRequest(
        method="POST",
        url=f"{url}?{query}" if query else url,
        body=body,
        headers={"content-type": media_type, **headers},
        query=dict(parse_qsl(query, keep_blank_values=True)),
        form=form_of(body) if is_form else (),
        path=path,
    )


def form_of(body: bytes) -> tuple[tuple[str, str], ...]:
    """Every field of a urlencoded body, blank ones too, in order."""
    text = body.decode("utf-8", "replace")
    return tuple(parse_qsl(text, keep_blank_values=True, errors="replace"))


def forbid_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes every use of a socket fail until the end of the test."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("this must work without the network")

    internet = socket.socket

    def only_local(family: int = -1, *args: Any, **options: Any) -> Any:
        # A connector may talk to a process of its own on the same machine.
        return internet(family, *args, **options) if family == socket.AF_UNIX else refuse()

    monkeypatch.setattr(socket, "socket", only_local)
    for name in ("create_connection", "getaddrinfo", "gethostbyname"):
        monkeypatch.setattr(socket, name, refuse)
