"""A sandbox, and a server in place of the hub that records its webhook calls."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask, Response, request
from werkzeug.serving import make_server

from hub.sandbox import Sandbox
from hub.sandbox.base.waitable import Waitable


@dataclass(frozen=True)
class ReceivedCall:
    """One webhook call."""

    path: str
    body: bytes
    headers: dict[str, str]
    form: dict[str, str] = field(default_factory=dict)
    args: dict[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


class Listener:
    """Records every webhook call, answers it by `answer`, and serves `files`."""

    def __init__(self) -> None:
        self.heard: Waitable[ReceivedCall] = Waitable()
        self.answer: Callable[[ReceivedCall], Response] = lambda _: Response("", 200)
        self.files: dict[str, tuple[bytes, str]] = {}
        app = Flask("listener")

        @app.route("/<path:path>", methods=["GET", "POST"])
        def receive(path: str) -> Response:
            if path in self.files:
                data, media_type = self.files[path]
                return Response(data, content_type=media_type)
            call = ReceivedCall(
                path,
                request.get_data(cache=True),
                dict(request.headers),
                request.form.to_dict(),
                request.args.to_dict(),
            )
            self.heard.append(call)
            return self.answer(call)

        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def answers(self, status: int, times: int) -> None:
        """Answers the next `times` calls with this status, and the later ones with 200."""
        refusals_left = [times]

        def answer(_: ReceivedCall) -> Response:
            refusals_left[0] -= 1
            return Response("", status if refusals_left[0] >= 0 else 200)

        self.answer = answer

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.stop()


@pytest.fixture
def sandbox(listener: Listener) -> Iterator[Sandbox]:
    with Sandbox(hub_url=listener.url, speed=200) as sandbox:
        yield sandbox
