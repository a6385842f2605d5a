"""What both namespaces share: checked input, and acknowledgements that say what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.errors import HubError
from hub.outbound import send

log = structlog.get_logger()

M = TypeVar("M", bound=BaseModel)
Ack = dict[str, Any]


class Ask(BaseModel):
    """What a client sends. Unknown fields are refused, so that a typing mistake is seen."""

    model_config = ConfigDict(extra="forbid")


class Typing(Ask):
    on: bool = True


class Read(Ask):
    message_id: str = Field(pattern=r"^\d{1,18}$")


class Sync(Ask):
    after: str = Field("0", pattern=r"^\d{1,18}$")


class Say(Ask):
    text: str = Field("", max_length=send.MAX_TEXT)
    client_id: str = Field(min_length=1, max_length=128, pattern=r"^[!-~]+$")
    attachments: list[str] = Field([], max_length=10)
    reply_to: str | None = Field(None, pattern=r"^\d{1,18}$")


def ok(**more: Any) -> Ack:
    return {"ok": True, **more}


def refused(code: str, message: str) -> Ack:
    return {"ok": False, "code": code, "message": message}


def answered(kind: type[M], data: Any, work: Callable[[M], Ack]) -> Ack:
    """Runs `work` on what a client sent; every error becomes an acknowledgement."""
    try:
        return work(kind.model_validate(data if data is not None else {}))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "payload"
        return refused("invalid", f"{where}: {first['msg']}")
    except HubError as error:
        return refused(error.code, error.message)
    except Exception:
        log.exception("socket.failed", event_name=kind.__name__)
        return refused("internal", "Something went wrong here. Try again.")
