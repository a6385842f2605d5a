"""Twilio's own client on the hub's HTTP: its authentication and headers, the hub's time limits,
redaction and address.

Source: https://www.twilio.com/docs/libraries/reference/twilio-python
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from logging import getLogger
from typing import Any, cast
from urllib.parse import urlsplit

from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from hub.connectors.http import Http, HttpCall, HttpResponse


class Carrier(HttpClient):  # type: ignore[misc]  # the library ships no types
    """Hands the client's requests to our Http, aimed at `api_base`.

    The client knows regions and edges of twilio.com and no other host.
    """

    def __init__(self, http: Http, api_base: str) -> None:
        super().__init__(getLogger(__name__), is_async=False)
        self.http = http
        self.api_base = api_base

    def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        response = self.http.request(
            HttpCall(
                method=method,
                url=self.api_base + urlsplit(url).path,
                query=_pairs(params or {}),
                form=_pairs(data) if data else None,
                headers=headers or {},
                basic_auth=auth,
            )
        )
        return Response(response.status, response, response.headers)


class TwilioClient:
    """Sends calls as the account."""

    def __init__(self, http: Http, api_base: str, account_sid: str, auth_token: str) -> None:
        self._api_base = api_base
        self._client = Client(account_sid, auth_token, http_client=Carrier(http, api_base))

    def send(self, call: HttpCall) -> HttpResponse:
        """Carries out a call to `api_base`. Raises as `Http.request` does."""
        url = "https://api.twilio.com" + call.url.removeprefix(self._api_base)
        response = self._client.request(
            call.method, url, params=_fields(call.query), data=_fields(call.form or ())
        )
        return cast(HttpResponse, response.content)


def _fields(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields


def _pairs(fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, values in fields.items()
        for value in (values if isinstance(values, list) else [values])
    ]
