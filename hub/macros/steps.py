"""The steps of a macro, as the API and the table have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from hub.schema import resources

MAX_STEPS = 30
Id = Annotated[int, Field(ge=1, lt=2**63)]
Label = Annotated[str, Field(min_length=1, max_length=64, pattern=r"\S")]


class _Step(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Reply(_Step):
    """Answers the customer, with a text or a canned reply, where the customer was heard last."""

    do: Literal["reply"]
    text: str = Field("", max_length=100_000)
    canned_reply_id: Id | None = None
    connector: str | None = Field(None, min_length=1, max_length=64)
    attachments: tuple[Id, ...] = Field((), max_length=20)

    @model_validator(mode="after")
    def _has_content(self) -> Reply:
        if self.canned_reply_id is not None and (self.text or self.attachments):
            raise ValueError("a reply has a text or a canned reply, not both")
        if self.canned_reply_id is None and not self.text.strip() and not self.attachments:
            raise ValueError("a reply needs a text, a file or a canned reply")
        return self


class Note(_Step):
    """Writes a note for agents."""

    do: Literal["note"]
    text: str = Field(min_length=1, max_length=100_000, pattern=r"\S")


class _Labels(_Step):
    labels: tuple[Label, ...] = Field(min_length=1, max_length=50)

    @model_validator(mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        """One `label` is a list of one."""
        if isinstance(value, dict) and "label" in value and "labels" not in value:
            return {name: item for name, item in value.items() if name != "label"} | {
                "labels": [value["label"]]
            }
        return value


class AddLabels(_Labels):
    """Adds labels."""

    do: Literal["label"]


class RemoveLabels(_Labels):
    """Takes labels away."""

    do: Literal["unlabel"]


class Assign(_Step):
    """Assigns an agent: by id, the one who runs the macro (`me`), or none (null)."""

    do: Literal["assign"]
    assignee_id: Id | Literal["me"] | None


class ChangeTeam(_Step):
    """Gives the conversation to a team, or to none."""

    do: Literal["team"]
    team: Id | None


class ChangePriority(_Step):
    do: Literal["priority"]
    priority: resources.Priority


class Snooze(_Step):
    """Puts the conversation off for a time from the run on, or until a fixed time."""

    do: Literal["snooze"]
    hours: float | None = Field(None, gt=0, le=24 * 366)
    snoozed_until: resources.Moment | None = None

    @model_validator(mode="after")
    def _has_one_end(self) -> Snooze:
        if (self.hours is None) == (self.snoozed_until is None):
            raise ValueError("a snooze needs hours or snoozed_until, and not both")
        return self


class Resolve(_Step):
    do: Literal["resolve"]


Step = Annotated[
    Reply
    | Note
    | AddLabels
    | RemoveLabels
    | Assign
    | ChangeTeam
    | ChangePriority
    | Snooze
    | Resolve,
    Field(discriminator="do"),
]
_STEPS = TypeAdapter(tuple[Step, ...])


def load_steps(stored: Sequence[dict[str, Any]]) -> tuple[Step, ...]:
    """The steps of a macro as the table has them."""
    return _STEPS.validate_python(stored)


def dump_step(step: Step) -> dict[str, Any]:
    """A step as JSON, with its ids as texts and without what it leaves out."""
    dumped: dict[str, Any] = step.model_dump(mode="json", exclude_unset=True)
    for name in ("assignee_id", "team", "canned_reply_id"):
        if isinstance(dumped.get(name), int):
            dumped[name] = str(dumped[name])
    if "attachments" in dumped:
        dumped["attachments"] = [str(id_) for id_ in dumped["attachments"]]
    return dumped
