"""What a connector's test class tells the conformance suite, and what the suite can do with it."""

from __future__ import annotations

import inspect
import io
import json
import socket
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
import requests
from hypothesis import strategies as st
from pydantic import BaseModel
from urllib3 import HTTPResponse

from hub.connectors.base import Connector, Site, secrets_of
from hub.connectors.http import Http, HttpResponse
from hub.errors import EventIgnored, PayloadInvalid, SendError
from hub.types import (
    Address,
    Attachment,
    Capabilities,
    InboundEvent,
    Medium,
    OutboundMessage,
    WebhookRequest,
)
from tests.connector_tools import (
    FAULTS,
    NOW,
    OUR_ID,
    PUBLIC_URL,
    Answer,
    Fault,
    Outgoing,
    StubHttp,
    any_json,
)

Signature = Literal["good", "missing", "wrong"]
SUFFIXES = (".json", ".eml", ".form")
#: One sample a medium, of a type that every channel with that medium takes.
SAMPLES = {
    Medium.IMAGE: ("photo.jpg", "image/jpeg"),
    Medium.AUDIO: ("song.mp3", "audio/mpeg"),
    Medium.VOICE: ("note.ogg", "audio/ogg"),
    Medium.VIDEO: ("clip.mp4", "video/mp4"),
    Medium.STICKER: ("sticker.webp", "image/webp"),
    Medium.FILE: ("form.pdf", "application/pdf"),
}
TEXTS = {
    "letters": "a",
    "words": "one two three. ",
    "emoji": "👍",
    "Arabic": "سلام عليكم ",
    "lines": "first\nsecond\n\n",
}


def sample_of(medium: Medium, **changes: Any) -> Attachment:
    name, media_type = SAMPLES[medium]
    content = b"\x00\xffsample of " + medium.value.encode()
    values: dict[str, Any] = {
        "medium": medium,
        "name": name,
        "media_type": media_type,
        "size": len(content),
        "content": lambda: content,
        "url": f"{PUBLIC_URL}/media/{name}?signed=1",
        **changes,
    }
    return Attachment(**values)


class ConnectorHooks:
    # -- define --------------------------------------------------------------------------------

    connector: ClassVar[type[Connector[Any]]]
    #: The smallest configuration that works, secrets included, without `kind`.
    options: ClassVar[Mapping[str, Any]]
    payloads: ClassVar[Path]
    #: Somebody we may write to.
    address: ClassVar[Address]

    def request(self, body: bytes, signature: Signature = "good", path: str = "") -> WebhookRequest:
        """`body` as the provider posts it, signed as asked for."""
        raise NotImplementedError

    def text_of(self, call: Any) -> str:
        """What the customer reads of this call, "" if it carries no text."""
        raise NotImplementedError

    def outgoing(self) -> Iterable[Outgoing]:
        return ()

    def answers(self) -> Iterable[Answer]:
        return ()

    # -- may override --------------------------------------------------------------------------

    #: Test names, with or without the case in brackets, and why they cannot apply.
    exempt: ClassVar[Mapping[str, str]] = {}
    #: The signature covers the body, so that another body with it is refused.
    signs_body: ClassVar[bool] = True
    #: Secrets beyond those in the configuration: derived ones.
    more_secrets: ClassVar[Sequence[str]] = ()
    #: Paths after `/webhooks/<connector>` that this kind listens on.
    paths: ClassVar[Sequence[str]] = ("",)

    def make(self, *, http: Http | None = None, **options: Any) -> Connector[Any]:
        """A connector on a recording stub: its calls are in `connector.http.calls`."""
        values = {"kind": self.connector.kind, **self.options, **options}
        config = self.connector.Config(**values)
        site = Site(PUBLIC_URL)
        return self.connector(self.connector.kind, config, site, http or StubHttp())

    def meet(self, fault: Fault, monkeypatch: pytest.MonkeyPatch) -> Connector[Any]:
        """A connector whose calls all meet this fault: the real Http on a broken network."""

        def send(adapter: Any, request: requests.PreparedRequest, **_: Any) -> requests.Response:
            if fault.raises is not None:
                raise fault.raises(request)
            response = requests.Response()
            response.status_code = fault.status
            response.headers.update(fault.headers)
            response.raw = HTTPResponse(io.BytesIO(fault.body), preload_content=False)
            response.request = request
            return response

        monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
        return self.make(http=Http(secrets_of(self.make().config)))

    def message(self, **changes: Any) -> OutboundMessage:
        """A short answer to somebody who wrote an hour ago."""
        values: dict[str, Any] = {
            "id": OUR_ID,
            "address": self.address,
            "now": NOW,
            "last_inbound_at": NOW - timedelta(hours=1),
            "conversation_id": "42",
            "author_name": "Ann",
            **changes,
        }
        if not ({"text", "attachments", "location"} & changes.keys()):
            values["text"] = "Hello"
        return OutboundMessage(**values)

    def attachment(self, medium: Medium, **changes: Any) -> Attachment:
        return sample_of(medium, **changes)

    def replayed(self, event: InboundEvent, original: WebhookRequest) -> WebhookRequest:
        """The request that a replay makes from what the journal kept."""
        return self.request(event.raw, path=original.path)

    def strange_answers(self) -> st.SearchStrategy[Any]:
        """Answers no provider should give."""
        bodies = st.binary(max_size=60) | any_json.map(lambda value: json.dumps(value).encode())
        return st.builds(HttpResponse, st.integers(200, 599), st.just({}), bodies)

    # -- need not touch ------------------------------------------------------------------------

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        limits: Capabilities = self.connector.capabilities
        files = self._payload_files()
        cases: dict[str, tuple[Sequence[Any], Any]] = {
            "payload": (files, self._payload_name),
            "signed_payload": (files if self.signs_body else [], self._payload_name),
            "outgoing_case": (list(self.outgoing()), lambda case: case.name),
            "answer": (list(self.answers()), lambda case: case.name),
            "fault": (FAULTS, lambda case: case.name),
            "medium": (list(Medium), lambda medium: medium.value),
            "able_medium": (list(limits.media), lambda medium: medium.value),
            "path": (list(self.paths), lambda path: path or "webhook"),
            "sample": (list(TEXTS.values()), {v: k for k, v in TEXTS.items()}.__getitem__),
        }
        for name, (values, named) in cases.items():
            if name in metafunc.fixturenames:
                metafunc.parametrize(name, values, ids=[named(value) for value in values])

    @pytest.fixture(autouse=True)
    def _skip_what_is_exempt(self, request: pytest.FixtureRequest) -> None:
        node = request.node
        reason = self.exempt.get(node.name) or self.exempt.get(node.originalname)
        if reason:
            pytest.skip(reason)

    def _payload_files(self) -> list[Path]:
        found = (file for file in self.payloads.rglob("*") if file.suffix in SUFFIXES)
        return sorted(file for file in found if not file.name.endswith(".expected.json"))

    def _payload_name(self, file: Path) -> str:
        return file.relative_to(self.payloads).with_suffix("").as_posix()

    def payload_request(self, file: Path, signature: Signature = "good") -> WebhookRequest:
        path = file.parent.relative_to(self.payloads).as_posix()
        return self.request(read_payload(file), signature, "" if path == "." else path)

    def _events(self, file: Path) -> tuple[Connector[Any], WebhookRequest, Sequence[InboundEvent]]:
        """What a payload says; none where it is to be refused or ignored."""
        connector, request = self.make(), self.payload_request(file)
        try:
            return connector, request, connector.parse(request)
        except (EventIgnored, PayloadInvalid):
            return connector, request, ()

    def _secrets(self) -> list[str]:
        return [*secrets_of(self.make().config), *self.more_secrets]

    def _composed(self, message: OutboundMessage) -> list[Any]:
        try:
            return list(self.make().compose(message))
        except SendError as error:
            return [type(error), str(error)]

    def _a_call(self, connector: Connector[Any]) -> Any:
        return connector.compose(self.message(text="Hello"))[0]


def read_payload(file: Path) -> bytes:
    """A payload as it travels: an editor's newline at the end of a form is not part of it."""
    body = file.read_bytes()
    return body.rstrip(b"\n") if file.suffix == ".form" else body


def fields_of(model: type[BaseModel], at: str = "") -> list[tuple[str, Any]]:
    """Every field of a configuration with its dotted path, those of nested models too."""
    found = []
    for name, field in model.model_fields.items():
        found.append((f"{at}{name}", field))
        for inner in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if inspect.isclass(inner) and issubclass(inner, BaseModel):
                found.extend(fields_of(inner, f"{at}{name}."))
    return found


def forbid_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("this must work without the network")

    for name in ("socket", "create_connection", "getaddrinfo", "gethostbyname"):
        monkeypatch.setattr(socket, name, refuse)


def chain_of(error: BaseException | None) -> list[str]:
    """An error and what a traceback would print with it."""
    texts = []
    while error is not None:
        texts += [str(error), repr(error)]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return texts
