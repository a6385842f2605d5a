"""HTTP as data: a call is a value, an answer is a value, and `Http` carries calls out.

Every request has timeouts, follows no redirect, takes no proxy from the environment and has no
secret in its errors.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import Any

import orjson
import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.filepost import encode_multipart_formdata

from hub.errors import (
    ConnectionFailed,
    CredentialsRefused,
    Rejected,
    ResponseUnexpected,
    SendError,
    Throttled,
)
from hub.types import EMPTY

CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0
#: No provider's answer to an API call is near this; a larger one would only fill our memory.
MAX_ANSWER_BYTES = 8 * 1024 * 1024
MASK = "[secret]"


@dataclass(frozen=True, slots=True)
class HttpFile:
    """One part of a multipart body."""

    part: str
    name: str
    content: bytes = field(repr=False)
    media_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCall:
    """One request, complete. Its repr shows no credentials and no content.

    Args:
        form, json, body: at most one of them is set.
        files: parts of a multipart body, beside `form`.
        basic_auth: user name and password.
        seconds: the longest wait for the answer (long polling takes longer than the default), and
            then for its end.
        max_bytes: the largest answer that is read.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=lambda: EMPTY, repr=False)
    query: Sequence[tuple[str, str]] = field(default=(), repr=False)
    form: Sequence[tuple[str, str]] | None = field(default=None, repr=False)
    json: Any = field(default=None, repr=False)
    body: bytes | None = field(default=None, repr=False)
    files: Sequence[HttpFile] = ()
    basic_auth: tuple[str, str] | None = field(default=None, repr=False)
    seconds: float = READ_SECONDS
    max_bytes: int = MAX_ANSWER_BYTES


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer, read to its end. Header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    body: bytes = field(default=b"", repr=False)

    @property
    def ok(self) -> bool:
        """Whether the status is one of the 2xx."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The body as JSON. Raises ResponseUnexpected when it is none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise ResponseUnexpected(
                f"The provider answered {self.status} with something that is not JSON."
            ) from error


class Http:
    """Sends calls. One per connector, so that a slow provider never takes another's sockets.

    Args:
        secrets: texts that `redact` takes out.
    """

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        self._secrets = tuple(secret for secret in secrets if secret)
        self._session = requests.Session()
        self._session.trust_env = False
        adapter = HTTPAdapter(pool_connections=4, pool_maxsize=32, max_retries=0)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def request(self, call: HttpCall) -> HttpResponse:
        """Sends a call once and returns the answer, whatever its status.

        Raises:
            ConnectionFailed: there is no answer; `maybe_sent` is true once the request had left.
            ResponseUnexpected: the answer is larger than any answer of an API.
        """
        upload, upload_headers = _multipart(call)
        try:
            with self._session.request(
                call.method,
                call.url,
                headers={**call.headers, **upload_headers},
                params=list(call.query) or None,
                data=upload or (list(call.form) if call.form is not None else call.body),
                json=call.json,
                auth=call.basic_auth,
                timeout=(CONNECT_SECONDS, call.seconds),
                allow_redirects=False,
                stream=True,
            ) as response:
                body = _read(response, call)
                headers = {name.lower(): value for name, value in response.headers.items()}
                return HttpResponse(response.status_code, headers, body)
        except (requests.ConnectTimeout, requests.exceptions.SSLError) as error:
            raise self._failed(error, maybe_sent=False) from None
        except requests.ConnectionError as error:
            raise self._failed(error, maybe_sent=_had_left(error)) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise self._failed(error, maybe_sent=True) from None

    def redact(self, text: str) -> str:
        """The text with `[secret]` in place of each secret."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text

    def _failed(self, error: Exception, *, maybe_sent: bool) -> ConnectionFailed:
        # The library's text has the whole URL in it, which for Telegram contains the bot's token.
        return ConnectionFailed(
            f"The provider could not be reached ({type(error).__name__}).",
            maybe_sent=maybe_sent,
        )


def _read(response: requests.Response, call: HttpCall) -> bytes:
    """The body of an answer, as fast as it comes: one that drips is given up.

    Raises:
        ReadTimeout: the body does not end in time.
        ResponseUnexpected: it is larger than the call allows.
    """
    deadline = time.monotonic() + call.seconds
    body = bytearray()
    while chunk := response.raw.read1(65536, decode_content=True):
        body += chunk
        if len(body) > call.max_bytes:
            raise ResponseUnexpected("The provider's answer is far too large.")
        if time.monotonic() > deadline:
            raise requests.ReadTimeout("the answer came too slowly")
    return bytes(body)


def _multipart(call: HttpCall) -> tuple[BytesIO | None, dict[str, str]]:
    """The body of a call with files, to be read in blocks, and its headers.

    One piece of bytes would have to be sent within CONNECT_SECONDS, which is the socket's time
    limit until the answer is read: too short for 50 MB.
    """
    if not call.files:
        return None, {}
    files = [(file.part, (file.name, file.content, file.media_type)) for file in call.files]
    body, content_type = encode_multipart_formdata([*(call.form or ()), *files])
    return BytesIO(body), {"Content-Type": content_type}


def _had_left(error: requests.ConnectionError) -> bool:
    """A refused or unresolved connection never carried the request; a broken one may have."""
    text = repr(error)
    return not any(
        sign in text for sign in ("NewConnectionError", "NameResolutionError", "ConnectTimeout")
    )


def error_for(response: HttpResponse, message: str = "", code: str | None = None) -> SendError:
    """The error for an HTTP status, for answers whose body has no code of the provider.

    429 waits for `Retry-After`; 5xx is tried again; 401 needs the admin; any other 4xx is final;
    any other status is unexpected.

    Args:
        message: a sentence for the agent, "" for the status alone.
        code: the provider's code, None for the status.
    """
    status = response.status
    external = code or str(status)
    text = message or f"The provider answered {status}."
    if status == 429:
        return Throttled(text, external_code=external, retry_after=retry_after(response))
    if status >= 500 or status == 408:
        return ConnectionFailed(text, external_code=external, retry_after=retry_after(response))
    if status == 401:
        refused = message or "The provider refuses the connector's keys: an admin must check them."
        return CredentialsRefused(refused, external_code=external)
    if 400 <= status < 500:
        return Rejected(text, external_code=external)
    return ResponseUnexpected(text, external_code=external)


def retry_after(response: HttpResponse) -> timedelta | None:
    """The time in `Retry-After`, at most an hour; None without one. Source: RFC 9110, 10.2.3."""
    value = response.headers.get("retry-after", "").strip()
    if not value:
        return None
    if value.isdecimal():
        return timedelta(seconds=min(int(value[:6]), 3600))
    try:
        wait = parsedate_to_datetime(value) - datetime.now(UTC)
    except (TypeError, ValueError):
        return None
    return max(timedelta(0), min(wait, timedelta(hours=1)))
