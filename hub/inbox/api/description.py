"""`/api/v1/openapi.json`: what the routes say of themselves, and what holds for all of them."""

from __future__ import annotations

from typing import Any

from hub.inbox.authentication import CSRF_HEADER, SAFE_METHODS

PREFIX = "/api/v1/"
PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
#: Bytes as they came; some of them happen to be JSON, so their form stays open.
ANY_BYTES: dict[str, Any] = {"*/*": {"schema": {}}}
BINARY_PATHS = ("/api/v1/attachments/{id}", "/api/v1/messages/{id}/original")

#: Which errors an operation may answer with, by what it takes.
ALWAYS = {
    "401": "Nobody who is known asks.",
    "403": "Not allowed, or a cookie without its CSRF token.",
    "422": "The request is understood and wrong.",
    "429": "Too much at once; `Retry-After` says when to come again.",
    "503": "The database does not answer; try again.",
}
RESOURCE_ERRORS = {"404": "There is nothing under this address."}
CHANGE_ERRORS = {
    "400": "The body cannot be read.",
    "409": "It cannot be done as things stand; `detail` says why.",
    "413": "Larger than is taken.",
    "415": "The body is not of the type that this takes.",
}


def complete_description(api_doc: dict[str, Any], cookie_name: str) -> dict[str, Any]:
    """The document with security, errors and the types of files put in."""
    api_doc["components"]["securitySchemes"] = {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token of `hub token create`.",
        },
        "session": {"type": "apiKey", "in": "cookie", "name": cookie_name},
        "csrf": {
            "type": "apiKey",
            "in": "header",
            "name": CSRF_HEADER,
            "description": "`csrf_token` of the session, with every request that changes things.",
        },
    }
    for path, operations in api_doc["paths"].items():
        for method, operation in operations.items():
            _complete(path, method.upper(), operation)
    return api_doc


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    is_change = method not in SAFE_METHODS
    by_cookie: dict[str, list[str]] = {"session": []}
    if is_change:
        by_cookie["csrf"] = []
    # Signing in is the one thing that a stranger may do.
    is_open = (path, method) == (f"{PREFIX}session", "POST")
    operation["security"] = [] if is_open else [{"token": []}, by_cookie]
    errors = dict(ALWAYS)
    if "{" in path or is_change:
        errors |= RESOURCE_ERRORS
    if is_change or path in BINARY_PATHS:
        errors |= CHANGE_ERRORS
    responses = operation["responses"]
    if path in BINARY_PATHS:
        responses["200"] = {"description": "The bytes.", "content": ANY_BYTES}
    for status, description in sorted(errors.items()):
        responses[status] = {"description": description, "content": PROBLEM}
