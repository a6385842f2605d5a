"""What the conformance suite works with: cases, a recording Http, faults, normal forms, junk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, get_type_hints
from urllib.parse import parse_qsl

import requests
from hypothesis import strategies as st
from pydantic import TypeAdapter
from urllib3.exceptions import NewConnectionError, ReadTimeoutError

from hub.connectors.http import Http, HttpCall, HttpResponse
from hub.errors import (
    ConnectionFailed,
    CredentialsRefused,
    SendError,
    Throttled,
    Unsupported,
    WindowClosed,
)
from hub.types import Address, InboundEvent, OutboundMessage, SendReceipt, WebhookRequest

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PUBLIC_URL = "https://hub.example"
#: What we call the message that goes out.
OUR_ID = "01HV0000000000000000000001"


# -- cases -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outgoing:
    """A message and exactly what becomes of it.

    Args:
        calls: the calls `compose` gives, or a function that asserts what they are.
        error: what `compose` raises instead.
    """

    name: str
    message: OutboundMessage
    calls: Sequence[Any] | Callable[[Sequence[Any]], None] = ()
    error: type[Unsupported] | type[WindowClosed] | None = None


@dataclass(frozen=True)
class Answer:
    """What the provider says to a call, and what `accept` makes of it.

    Args:
        response: what `transmit` returned.
        expected: the receipt, or the class of the error.
        retry_after: seconds the error says to wait.
        says: a part of the error's sentence.
        call: what was asked; by default the first call of a short text.
    """

    name: str
    response: Any
    expected: SendReceipt | type[SendError]
    retry_after: float | None = None
    says: str = ""
    external_code: str | None = None
    call: Any = None


@dataclass(frozen=True)
class Fault:
    """A way for a provider to fail that every connector has to understand."""

    name: str
    expected: type[SendError]
    retryable: bool
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    raises: Callable[[requests.PreparedRequest], Exception] | None = None
    retry_after: timedelta | None = None
    maybe_sent: bool | None = None


def _refused(request: requests.PreparedRequest) -> Exception:
    cause = NewConnectionError(None, f"refused: {request.url}")  # type: ignore[arg-type]
    return requests.ConnectionError(cause, request=request)


def _no_answer(request: requests.PreparedRequest) -> Exception:
    return requests.ReadTimeout(
        ReadTimeoutError(None, request.url or "", f"{request.url} timed out"),  # type: ignore[arg-type]
        request=request,
    )


#: The exceptions' texts name the whole URL, as those of the library do: no secret may come through.
FAULTS = (
    Fault("refused", ConnectionFailed, True, raises=_refused, maybe_sent=False),
    Fault("connect timeout", ConnectionFailed, True, maybe_sent=False,
          raises=lambda request: requests.ConnectTimeout(request.url)),
    Fault("bad certificate", ConnectionFailed, True, maybe_sent=False,
          raises=lambda request: requests.exceptions.SSLError(request.url)),
    Fault("no answer", ConnectionFailed, True, raises=_no_answer, maybe_sent=True),
    Fault("hung up", ConnectionFailed, True, maybe_sent=True,
          raises=lambda request: requests.ConnectionError(f"aborted: {request.url}")),
    Fault("500", ConnectionFailed, True, 500),
    Fault("502 in HTML", ConnectionFailed, True, 502, body=b"<html>Bad Gateway</html>"),
    Fault("503", ConnectionFailed, True, 503),
    Fault("429", Throttled, True, 429, {"Retry-After": "7"}, retry_after=timedelta(seconds=7)),
    Fault("401", CredentialsRefused, False, 401),
    Fault("400", SendError, False, 400),
    Fault("413 in HTML", SendError, False, 413, body=b"<html>too large</html>"),
)  # fmt: skip


# -- the provider's side -------------------------------------------------------------------------


class StubHttp(Http):
    """Keeps every call in `calls` and answers with `answers`, one after the other.

    An answer is an HttpResponse, an exception to raise, or a function of the call; the last one
    is given again and again. Without any, a call is an error of the test.
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


# -- normal forms --------------------------------------------------------------------------------


def as_json(value: Any) -> Any:
    """An event as JSON that reads well: only what differs from the defaults, and no `raw`.

    Addresses are `scheme:path` or `scheme:path in scope`; bytes at hand are size and SHA-256.
    """
    if isinstance(value, Address):
        return f"{value} in {value.scope}" if value.scope else str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value):
        shown = {
            item.name: as_json(getattr(value, item.name))
            for item in fields(value)
            if item.name != "raw" and not _is_default(item, getattr(value, item.name))
        }
        return shown | ({"event": type(value).__name__} if hasattr(value, "raw") else {})
    if callable(value):
        content = value()
        return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    if isinstance(value, Mapping):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [as_json(item) for item in value]
    return value


def _is_default(item: Field[Any], value: Any) -> bool:
    if item.default is not MISSING:
        return bool(value == item.default)
    if item.default_factory is not MISSING:
        return bool(value == item.default_factory())
    return False


@cache
def _adapters(kind: type) -> dict[str, TypeAdapter[Any]]:
    return {name: TypeAdapter(hint) for name, hint in get_type_hints(kind).items()}


def assert_well_formed(event: InboundEvent, scheme: str) -> None:
    """Every field has the type it promises, and the times have a zone."""
    _assert_types(event)
    assert event.key, "an event without a key cannot be recognised when it comes again"
    assert len(event.key) <= 255, f"a key has at most 255 characters: {event.key}"
    if event.address is not None:
        assert event.address.scheme == scheme
        assert event.address.path


def _assert_types(value: Any) -> None:
    if is_dataclass(value) and not isinstance(value, type):
        for name, adapter in _adapters(type(value)).items():
            inner = getattr(value, name)
            plain = dict(inner) if isinstance(inner, Mapping) else inner
            adapter.validate_python(plain, strict=True)
            _assert_types(inner)
    elif isinstance(value, tuple):
        for item in value:
            _assert_types(item)
    elif isinstance(value, datetime):
        assert value.utcoffset() == timedelta(0), f"{value!r} is not in UTC"


# -- junk ----------------------------------------------------------------------------------------

_leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
)
any_json = st.recursive(
    _leaves,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)


def damaged(body: bytes) -> st.SearchStrategy[bytes]:
    """`body` with something wrong: cut off, bytes replaced, or one value of its JSON changed."""
    place = st.integers(0, len(body))
    ways = [
        place.map(lambda end: body[:end]),
        st.tuples(place, st.integers(0, 40), st.binary(max_size=40)).map(
            lambda change: body[: change[0]] + change[2] + body[change[0] + change[1] :]
        ),
    ]
    try:
        document = json.loads(body)
    except ValueError:
        return st.one_of(ways)
    where = list(_paths(document))
    changed = st.tuples(st.sampled_from(where), any_json, st.booleans()).map(
        lambda change: json.dumps(_with(document, *change)).encode()
    )
    return st.one_of(changed, *ways)


def _paths(document: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    if isinstance(document, dict):
        for key, value in document.items():
            yield from _paths(value, (*at, key))
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield from _paths(value, (*at, index))


def _with(document: Any, path: tuple[Any, ...], value: Any, drop: bool) -> Any:
    if not path:
        return value
    copy = dict(document) if isinstance(document, dict) else list(document)
    if drop and len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = _with(document[path[0]], path[1:], value, drop)
    return copy
