"""A preview of what the rules decide about a message, which is not sent. Pure, changes nothing.

The same function answers `hub route --dry-run`, `POST /routing/preview` and the admin's page.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from hub.config import Config
from hub.router import hours
from hub.router.decisions import language, rules
from hub.router.decisions.evaluation import open_hours
from hub.router.decisions.rules import ConversationSnapshot
from hub.schema.resources import Moment, Shape
from hub.types import MessageOrigin, MessageOriginKind

#: Attributes of a contact, as the API takes them.
Value = str | int | float | bool | None


class OriginQuestion(BaseModel):
    """Where the customer came from, as `origin` of a message has it."""

    model_config = ConfigDict(extra="forbid")

    kind: MessageOriginKind = Field(description="What led them here.")
    title: str = Field("", max_length=2000, description="The title of the ad or the post.")
    ref: str = Field("", max_length=2000, description="The word of the link, or the post's id.")
    url: str = Field("", max_length=2000, description="The address of the post or the page.")


class Question(BaseModel):
    """A message as it could come in. Only `connector` must be given."""

    model_config = ConfigDict(extra="forbid")

    connector: str = Field(max_length=64, description="The name of the connector it comes by.")
    text: str = Field("", max_length=100_000, description="What the customer writes.")
    page: str = Field("", max_length=2000, description="The page a visitor is on.")
    referrer: str = Field("", max_length=2000, description="Where a visitor came from.")
    language: str = Field("", max_length=35, description="Told from the text when left out.")
    department: str = Field("", max_length=200, description="What a visitor chose.")
    labels: tuple[str, ...] = Field((), max_length=50, description="Labels it has already.")
    origin: OriginQuestion | None = Field(None, description="Where the customer came from.")
    contact: dict[str, Value] = Field({}, description="Attributes of the customer.")
    at: Moment | None = Field(None, description="When; now when left out.")


class Step(Shape):
    """One rule that was looked at. `failed` is the first condition that did not hold."""

    rule: str
    matched: bool
    failed: str | None


class Preview(Shape):
    """What would happen, and how that came about."""

    connector: str
    rule: str | None = Field(description="The rule that decides; null when none matches.")
    team: str | None
    skills: tuple[str, ...]
    labels: tuple[str, ...]
    priority: str
    sla: str | None
    language: str = Field(description="The customer's language; empty when nobody can tell.")
    team_open: bool = Field(description="Whether the team is there at that time.")
    opens_at: datetime | None = Field(description="When a team that is closed opens again.")
    steps: list[Step]
    problem: str | None = Field(description="What is wrong with the question, if anything.")


def preview_decision(config: Config, question: Question, now: datetime) -> Preview:
    """The decision of the rules for one message.

    Args:
        now: the moment that holds where the question names none.
    """
    moment = question.at or now
    connector = config.connectors.get(question.connector)
    snapshot = ConversationSnapshot(
        connector=question.connector,
        kind="" if connector is None else connector.kind,
        page=question.page,
        referrer=question.referrer,
        language=question.language or language.detect_language(question.text),
        text=question.text,
        labels=question.labels,
        contact=question.contact,
        department=question.department,
        origin=None if question.origin is None else MessageOrigin(**question.origin.model_dump()),
        open_hours=open_hours(config, moment),
    )
    outcome = rules.evaluate_rules(config.routing, snapshot)
    team = None if outcome.team is None else config.teams[outcome.team]
    opening_hours = None if team is None or team.hours is None else config.hours[team.hours]
    return Preview(
        connector=question.connector,
        rule=outcome.rule or None,
        team=outcome.team,
        skills=outcome.skills,
        labels=outcome.labels,
        priority=outcome.priority or "normal",
        sla=outcome.sla or ("default" if "default" in config.sla else None),
        language=snapshot.language,
        team_open=opening_hours is None or hours.is_open(opening_hours, moment),
        opens_at=None
        if opening_hours is None or hours.is_open(opening_hours, moment)
        else hours.opens_at(opening_hours, moment),
        steps=_steps(config, snapshot),
        problem=None
        if connector is not None
        else f"There is no connector {question.connector!r} in the file.",
    )


def _steps(config: Config, snapshot: ConversationSnapshot) -> list[Step]:
    """The rules that were looked at: up to the one that matches."""
    steps = []
    for index, rule in enumerate(config.routing):
        failed = rules.failed_condition(rule.when, snapshot)
        steps.append(Step(rule=rules.rule_name(rule, index), matched=failed is None, failed=failed))
        if failed is None:
            break
    return steps
