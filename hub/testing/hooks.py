"""The attributes and methods by which a test class tells the suite about its connector."""

from __future__ import annotations

import inspect
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

import pytest
import requests
from hypothesis import strategies as st
from pydantic import BaseModel
from urllib3 import HTTPResponse

from hub.connectors.base import Connector, Site, secrets_of
from hub.connectors.http import Http, HttpResponse
from hub.errors import EventIgnored, PayloadInvalid, SendError
from hub.testing.cases import (
    FAULTS,
    NOW,
    OUR_ID,
    PUBLIC_URL,
    TEXTS,
    Answer,
    Fault,
    Outgoing,
    sample_of,
)
from hub.testing.contents import contents_of
from hub.testing.definition import check_definition
from hub.testing.fuzzing import any_json
from hub.testing.stubs import StubHttp
from hub.types import (
    Address,
    Attachment,
    Capabilities,
    Medium,
    OutboundMessage,
    ParsedEvent,
    WebhookRequest,
)

Signature = Literal["good", "missing", "wrong"]
SUFFIXES = (".json", ".eml", ".form")

MethodT = TypeVar("MethodT", bound=Callable[..., Any])


def _to_be_defined(method: MethodT) -> MethodT:
    method.is_missing = True  # type: ignore[attr-defined]
    return method


class ConnectorHooks:
    """What a test class defines, may override, and need not touch."""

    # -- define --------------------------------------------------------------------------------

    connector: ClassVar[type[Connector[Any]]]
    #: The smallest configuration that works, secrets included, without `kind`.
    options: ClassVar[Mapping[str, Any]]
    #: The folder with the provider's requests.
    payloads: ClassVar[Path]
    #: A customer whom the hub may write to.
    address: ClassVar[Address]

    @_to_be_defined
    def request(self, body: bytes, signature: Signature = "good", path: str = "") -> WebhookRequest:
        """`body` as the provider posts it, signed as asked for."""
        raise NotImplementedError

    @_to_be_defined
    def text_of(self, call: Any) -> str:
        """The text that the customer reads of this call, "" if it carries none."""
        raise NotImplementedError

    def outgoing(self) -> Iterable[Outgoing]:
        """Messages, each with the exact calls that it becomes. At least one."""
        return ()

    def answers(self) -> Iterable[Answer]:
        """Answers of the provider, each with the result of `accept`. At least one."""
        return ()

    # -- may override --------------------------------------------------------------------------

    #: Names of tests that cannot apply, with or without the case in brackets, and the reason.
    exempt: ClassVar[Mapping[str, str]] = {}
    #: The signature covers the body, so that another body with it is refused.
    signs_body: ClassVar[bool] = True
    #: Secrets beyond those in the configuration: derived ones.
    more_secrets: ClassVar[Sequence[str]] = ()
    #: Paths after `/webhooks/<connector>` that this kind listens on.
    paths: ClassVar[Sequence[str]] = ("",)
    #: The provider's id of a message, in its own form, for answers that refer to one.
    answered_id: ClassVar[str] = "4711"

    def make(self, *, http: Http | None = None, **options: Any) -> Connector[Any]:
        """A connector on a recording stub: its calls are in `connector.http.calls`."""
        values = {"kind": self.connector.kind, **self.options, **options}
        config = self.connector.Config(**values)
        site = Site(PUBLIC_URL)
        return self.connector(self.connector.kind, config, site, http or StubHttp())

    def meet(self, fault: Fault, monkeypatch: pytest.MonkeyPatch) -> Connector[Any]:
        """A connector whose calls all meet this fault: the real Http on a broken network."""

        def send(_adapter: Any, request: requests.PreparedRequest, **_: Any) -> requests.Response:
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
        """A short answer to a customer who wrote an hour ago. `changes` are fields of it."""
        values: dict[str, Any] = {
            "id": OUR_ID,
            "address": self.address,
            "now": NOW,
            "last_inbound_at": NOW - timedelta(hours=1),
            "conversation_id": "42",
            "author_name": "Ann",
            **changes,
        }
        if not {"text", "attachments", "location"} & changes.keys():
            values["text"] = "Hello"
        return OutboundMessage(**values)

    def attachment(self, medium: Medium, **changes: Any) -> Attachment:
        """A small file of this medium, of a type that the channel takes."""
        return sample_of(medium, **changes)

    def contents_of(self, call: Any) -> Iterator[str | bytes]:
        """Every text and bytes that reaches the customer by this call.

        A call that only names a stored message overrides this with the contents of that message.
        """
        return contents_of(call)

    def replayed(self, event: ParsedEvent, original: WebhookRequest) -> WebhookRequest:
        """The request that a replay makes from the event in the journal."""
        return self.request(event.raw, path=original.path)

    def strange_answers(self) -> st.SearchStrategy[Any]:
        """Answers no provider should give."""
        bodies = st.binary(max_size=60) | any_json.map(lambda value: json.dumps(value).encode())
        return st.builds(HttpResponse, st.integers(200, 599), st.just({}), bodies)

    # -- need not touch ------------------------------------------------------------------------

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if hasattr(cls, "connector"):
            check_definition(cls)

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
    def _skip_exempt_tests(self, request: pytest.FixtureRequest) -> None:
        node = request.node
        reason = self.exempt.get(node.name) or self.exempt.get(node.originalname)
        if reason:
            pytest.skip(reason)

    def _payload_files(self) -> list[Path]:
        files = (file for file in self.payloads.rglob("*") if file.suffix in SUFFIXES)
        return sorted(file for file in files if not file.name.endswith(".expected.json"))

    def _payload_name(self, file: Path) -> str:
        return file.relative_to(self.payloads).with_suffix("").as_posix()

    def payload_request(self, file: Path, signature: Signature = "good") -> WebhookRequest:
        """The request with a payload, to the path that its folder stands for."""
        path = file.parent.relative_to(self.payloads).as_posix()
        return self.request(read_payload(file), signature, "" if path == "." else path)

    def _events(self, file: Path) -> tuple[Connector[Any], WebhookRequest, Sequence[ParsedEvent]]:
        """The events of a payload; none where it is to be refused or ignored."""
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
    fields = []
    for name, field in model.model_fields.items():
        fields.append((f"{at}{name}", field))
        for inner in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if inspect.isclass(inner) and issubclass(inner, BaseModel):
                fields.extend(fields_of(inner, f"{at}{name}."))
    return fields


def chain_of(error: BaseException | None) -> list[str]:
    """The texts of an error and of the errors that a traceback would print with it."""
    texts = []
    while error is not None:
        texts += [str(error), repr(error)]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return texts
