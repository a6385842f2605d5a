"""What a Bot API call carries: JSON, form or multipart, with structures as JSON inside forms."""

from __future__ import annotations

import json
from typing import Any

from flask import Request
from werkzeug.datastructures import FileStorage

from hub.sandbox.telegram.updates import Refusal


class Parameters:
    """Raises Refusal 400 wherever a value is not of the kind that the method needs."""

    def __init__(self, values: dict[str, Any], files: dict[str, FileStorage] | None = None) -> None:
        self.values = values
        self.files = files or {}

    @classmethod
    def of(cls, request: Request) -> Parameters:
        values: dict[str, Any] = {**request.args, **request.form}
        if request.is_json:
            body = request.get_json(silent=True)
            if not isinstance(body, dict):
                raise Refusal(400, "Bad Request: can't parse JSON object")
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
            raise Refusal(400, f"Bad Request: {name} must be an integer") from None

    def number(self, name: str) -> float:
        try:
            return float(self.values[name])
        except (KeyError, TypeError, ValueError):
            raise Refusal(400, f"Bad Request: {name} must be a number") from None

    def flag(self, name: str) -> bool:
        return self.values.get(name) in (True, "true", "True", "1", 1)

    def structure(self, name: str) -> Any:
        """An object or array, itself or as JSON text; None when absent."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise Refusal(400, f"Bad Request: can't parse {name} JSON object") from None
