"""Reads the answers of a provider that has error codes of its own, with a table of its codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from hub.connectors.http import HttpResponse, error_for, retry_after
from hub.errors import ResponseUnexpected, SendError

ModelT = TypeVar("ModelT", bound=BaseModel)


class Meaning(NamedTuple):
    """The meaning of a provider's error code: what the hub does, and the sentence for an agent."""

    error: type[SendError]
    sentence: str


def read_answer(
    model: type[ModelT],
    response: HttpResponse,
    provider: str,
    error_from: Callable[[HttpResponse], SendError],
) -> ModelT:
    """The provider's answer as a model.

    Args:
        model: the form of a good answer.
        provider: its name, for the error.
        error_from: reads an answer that is none of the 2xx.

    Raises:
        SendError: the error that `error_from` reads in the answer.
        ResponseUnexpected: the answer is a 2xx, and not of the model's form.
    """
    if not response.ok:
        raise error_from(response)
    try:
        return model.model_validate_json(response.body)
    except ValidationError:
        raise ResponseUnexpected(
            f"{provider} answered {response.status} in a form that it does not document: what was "
            "asked for may have been done."
        ) from None


def error_for_code(
    meaning: Meaning | None, response: HttpResponse, code: str, sentence: str
) -> SendError:
    """The error for a provider's code; for a code without a meaning, the error of the status.

    Args:
        meaning: the row of the provider's table, None for an unknown code.
        code: the provider's code as text.
        sentence: read by an agent where the code is unknown; it must hold no secret.
    """
    if meaning is None:
        return error_for(response, sentence, code)
    return meaning.error(meaning.sentence, external_code=code, retry_after=retry_after(response))
