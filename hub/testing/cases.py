"""The cases that a test class lists, and those that the suite has for every connector."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from urllib3.exceptions import NewConnectionError, ReadTimeoutError

from hub.errors import (
    ConnectionFailed,
    CredentialsRefused,
    SendError,
    Throttled,
    Unsupported,
    WindowClosed,
)
from hub.types import Attachment, Medium, OutboundMessage, SendReceipt

#: The time at which the suite's messages are composed.
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
#: The address of the hub that the connectors under test belong to.
PUBLIC_URL = "https://hub.example"
#: The hub's id of the suite's messages.
OUR_ID = "01HV0000000000000000000001"

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


@dataclass(frozen=True)
class Outgoing:
    """A message and the exact calls that it becomes.

    Args:
        calls: the calls `compose` gives, or a function that asserts what they are.
        error: the error that `compose` raises instead.
    """

    name: str
    message: OutboundMessage
    calls: Sequence[Any] | Callable[[Sequence[Any]], None] = ()
    error: type[Unsupported] | type[WindowClosed] | None = None


@dataclass(frozen=True)
class Answer:
    """A provider's answer to a call, and the result of `accept`.

    Args:
        response: the answer, as `transmit` returns it.
        expected: the receipt, or the class of the error.
        retry_after: seconds that the error says to wait.
        says: a part of the error's sentence.
        external_code: the provider's code in the error.
        call: the call that is answered; by default the first call of a short text.
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
