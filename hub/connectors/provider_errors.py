"""How a provider's answer is read that has its own error codes, a table of them per provider."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from hub.connectors.http import HttpResponse, error_for, retry_after
from hub.errors import ResponseUnexpected, SendError

ModelT = TypeVar("ModelT", bound=BaseModel)


class Verdict(NamedTuple):
    error: type[SendError]
    sentence: str


def read_answer(
    shape: type[ModelT],
    response: HttpResponse,
    provider: str,
    refusal: Callable[[HttpResponse], SendError],
) -> ModelT:
    """What the provider answered.

    Raises:
        SendError: what `refusal` makes of an answer that is none of the 2xx.
        ResponseUnexpected: a 2xx that is not of this shape.
    """
    if not response.ok:
        raise refusal(response)
    try:
        return shape.model_validate_json(response.body)
    except ValidationError:
        raise ResponseUnexpected(
            f"{provider} answered {response.status} in a form that it does not document."
        ) from None


def error_by(verdict: Verdict | None, response: HttpResponse, code: str, words: str) -> SendError:
    """The error that a code stands for; for one without a verdict what the status says.

    Args:
        words: what an agent reads then, without secrets.
    """
    if verdict is None:
        return error_for(response, words, code)
    return verdict.error(verdict.sentence, external_code=code, retry_after=retry_after(response))
