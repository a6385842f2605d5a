"""Errors as `application/problem+json` (RFC 9457), one table from our errors to statuses."""

from __future__ import annotations

import math
from typing import Any

import orjson
import structlog
from flask import Flask, Response, request
from flask.json.provider import DefaultJSONProvider
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from hub.errors import (
    Conflict,
    Forbidden,
    HubError,
    Invalid,
    LimitExceeded,
    NotFound,
    Overloaded,
    PayloadInvalid,
    WebhookRejected,
)
from hub.inbox.authentication import NotSignedIn
from hub.inbox.files import FileTooLarge, StorageFull
from hub.inbox.responses import Problem
from hub.store.engine import RunAgain
from hub.transport.gateway import Disabled

log = structlog.get_logger()

STATUS: dict[type[HubError], int] = {
    NotFound: 404,
    Invalid: 422,
    Forbidden: 403,
    Conflict: 409,
    LimitExceeded: 429,
    NotSignedIn: 401,
    PayloadInvalid: 400,
    FileTooLarge: 413,
    StorageFull: 507,
    Disabled: 503,
    Overloaded: 503,
}


__all__ = ["Problem", "install", "of_hub_error", "of_validation", "problem"]


def problem(status: int, code: str, detail: str, **fields: Any) -> Response:
    """An `application/problem+json` response.

    Args:
        code: the word by which programs tell errors apart.
        detail: a sentence for people: what is wrong and what to do.
        fields: further members of the body.

    Source: RFC 9457
    """
    body = {"type": "about:blank", "status": status, "code": code, "detail": detail, **fields}
    return Response(orjson.dumps(body), status, content_type="application/problem+json")


def status_of(error: HubError) -> int:
    """The HTTP status for one of our errors."""
    if isinstance(error, Conflict):
        return 409
    return STATUS.get(type(error), 500)


def of_hub_error(error: HubError) -> Response:
    """The response for one of our errors."""
    if isinstance(error, WebhookRejected):
        return problem(error.status, error.code, error.message)
    status = status_of(error)
    members = error.members if isinstance(error, Conflict) else {}
    field = {"field": error.field} if isinstance(error, Invalid) and error.field else {}
    response = problem(status, error.code, error.message, **field, **members)
    if isinstance(error, LimitExceeded):
        response.headers["Retry-After"] = str(math.ceil(error.retry_after.total_seconds()))
    if isinstance(error, NotSignedIn):
        response.headers["WWW-Authenticate"] = "Bearer"
    if status == 503:
        response.headers["Retry-After"] = "30"
    return response


def of_validation(invalid: ValidationError) -> Response:
    """The response for a path, query or body that is not of its form; flask-openapi3 calls this."""
    errors = [
        {"field": ".".join(map(str, detail["loc"])), "message": detail["msg"]}
        for detail in invalid.errors(include_url=False, include_input=False, include_context=False)
    ]
    if any(error["field"] in (request.view_args or {}) for error in errors):
        return problem(404, "not_found", "There is nothing under this address.")
    return problem(422, "invalid", "The request is not of the documented form.", errors=errors)


class Json(DefaultJSONProvider):
    """Reads JSON that nests too deep as no JSON at all."""

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        try:
            return super().loads(s, **kwargs)
        except RecursionError:
            raise ValueError("This nests too deep.") from None


def install(app: Flask) -> None:
    """Makes every error of an application an `application/problem+json` response."""
    app.json = Json(app)

    @app.errorhandler(HubError)
    def hub_error(error: HubError) -> Response:
        return of_hub_error(error)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        code = "storage_full" if error.code == 507 else "http"
        response = problem(error.code or 500, code, error.description or error.name)
        for name, value in error.get_headers():
            if name.lower() not in ("content-type", "content-length"):
                response.headers[name] = value
        return response

    @app.errorhandler(OperationalError)
    @app.errorhandler(RunAgain)
    def database_error(error: OperationalError | RunAgain) -> Response:
        log.error("database.unavailable", path=request.path, exc_info=error)
        response = problem(503, "unavailable", "The database does not answer. Try again.")
        response.headers["Retry-After"] = "5"
        return response

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        log.error("request.failed", path=request.path, exc_info=error)
        return problem(500, "internal", "Something went wrong here. The log says what.")
