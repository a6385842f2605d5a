"""What a token endpoint answers. Source: RFC 6749, 5.1 and 5.2."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field, field_validator

#: How long a token counts whose answer names no time, in seconds.
DEFAULT_SECONDS = 3600
MAX_SECONDS = 30 * 24 * 3600


class TokenAnswer(BaseModel):
    """A good answer. A token is one word of printable ASCII (RFC 6750, 2.1)."""

    access_token: str = Field(pattern=r"^[\x21-\x7e]+$", max_length=32_768)
    refresh_token: str = Field("", pattern=r"^[\x20-\x7e]*$", max_length=32_768)
    expires_in: int = DEFAULT_SECONDS

    @field_validator("refresh_token", mode="before")
    @classmethod
    def _may_be_null(cls, value: Any) -> Any:
        return "" if value is None else value

    @field_validator("expires_in", mode="before")
    @classmethod
    def _seconds(cls, value: Any) -> int:
        """Some send a text; a time that is none counts as not given."""
        try:
            return max(0, min(int(float(value)), MAX_SECONDS))
        except (TypeError, ValueError, OverflowError):
            return DEFAULT_SECONDS


class ErrorAnswer(BaseModel):
    """A refusal: a word, and a text for developers."""

    error: str = Field(max_length=200)
    error_description: Any = ""
