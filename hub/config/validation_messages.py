"""Messages for pydantic's validation errors. None repeats a value: it may be a secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

#: pydantic's error types -> our messages; the values of `{...}` come from the error's context.
#: Source: https://docs.pydantic.dev/latest/errors/validation_errors/
MESSAGES = {
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "decimal_type": "must be a number",
    "decimal_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text",
    "string_sub_type": "must be text",
    "string_unicode": "must be text",
    "bytes_type": "must be text",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must have the form {pattern}",
    "list_type": "must be a list, such as [a, b]",
    "tuple_type": "must be a list, such as [a, b]",
    "set_type": "must be a list, such as [a, b]",
    "frozen_set_type": "must be a list, such as [a, b]",
    "iterable_type": "must be a list, such as [a, b]",
    "dict_type": "must have keys of its own, such as {{key: value}}",
    "mapping_type": "must have keys of its own, such as {{key: value}}",
    "model_type": "must have keys of its own, such as {{key: value}}",
    "model_attributes_type": "must have keys of its own, such as {{key: value}}",
    "too_short": "must have at least {min_length}",
    "too_long": "must have at most {max_length}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "multiple_of": "must be a multiple of {multiple_of}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "date_type": "must be a day such as 2026-12-24",
    "date_parsing": "must be a day such as 2026-12-24",
    "date_from_datetime_parsing": "must be a day such as 2026-12-24",
    "date_from_datetime_inexact": "must be a day such as 2026-12-24",
    "url_type": "must be a web address such as https://example.com",
    "url_parsing": "must be a web address such as https://example.com",
    "url_syntax_violation": "must be a web address such as https://example.com",
    "url_scheme": "must be a web address that starts with {expected_schemes}",
    "path_type": "must be a path",
    "recursion_loop": "must not contain itself",
    "missing": "missing",
    "extra_forbidden": "unknown key",
}


def validation_message(error: Mapping[str, Any]) -> str:
    """The message for one validation error, to follow the path: `must be a whole number`.

    Args:
        error: one item of `ValidationError.errors()`.
    """
    error_type = error["type"]
    context = error.get("ctx") or {}
    if error_type == "value_error":
        return _lower(str(context.get("error", "")) or "is not right")
    message = MESSAGES.get(error_type)
    if message is None:
        return _lower(re.sub(r"^Input should be\b", "must be", error["msg"]))
    return message.format_map(_Context(context)).replace("'", "")


class _Context(dict[str, Any]):
    """The context of an error; a placeholder that it does not know becomes `another value`."""

    def __missing__(self, key: str) -> str:
        return "another value"


def _lower(text: str) -> str:
    """A sentence in the form that follows a path: `Must be ...` -> `must be ...`; `IMAP` stays."""
    if text[:1].isupper() and not text[1:2].isupper():
        text = text[0].lower() + text[1:]
    return text.rstrip(".")
