"""The parameters of a Bot API call, from JSON, a form or multipart.

Forms carry structures as JSON.
"""

from __future__ import annotations

import json
from typing import Any

from flask import Request
from werkzeug.datastructures import FileStorage

from hub.sandbox.telegram.updates import BotApiError


class Parameters:
    """The parameters by name. Raises BotApiError 400 for a value of another type than asked for."""

    def __init__(self, values: dict[str, Any], files: dict[str, FileStorage] | None = None) -> None:
        self.values = values
        self.files = files or {}

    @classmethod
    def from_request(cls, request: Request) -> Parameters:
        values: dict[str, Any] = {**request.args, **request.form}
        if request.is_json:
            body = request.get_json(silent=True)
            if not isinstance(body, dict):
                raise BotApiError(400, "Bad Request: can't parse JSON object")
            values.update(body)
        return cls(values, dict(request.files))

    def text(self, name: str, default: str = "") -> str:
        value = self.values.get(name, default)
        return value if isinstance(value, str) else json.dumps(value)

    def integer(self, name: str, default: int = 0) -> int:
        value = self.values.get(name, default)
        try:
            return int(value)
        except (TypeError, ValueError):
            raise BotApiError(400, f"Bad Request: {name} must be an integer") from None

    def number(self, name: str) -> float:
        try:
            return float(self.values[name])
        except (KeyError, TypeError, ValueError):
            raise BotApiError(400, f"Bad Request: {name} must be a number") from None

    def flag(self, name: str) -> bool:
        return self.values.get(name) in (True, "true", "True", "1", 1)

    def structure(self, name: str) -> Any:
        """Returns an object or an array, also from JSON text; None when absent."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise BotApiError(400, f"Bad Request: can't parse {name} JSON object") from None
