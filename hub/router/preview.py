"""What the rules would decide about a message that nobody sent. Pure, and changes nothing.

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

#: Attributes of a contact, as the API takes them.
Value = str | int | float | bool | None


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


def preview_decision(config: Config, asked: Question, now: datetime) -> Preview:
    """The decision of the rules for one message."""
    at = asked.at or now
    connector = config.connectors.get(asked.connector)
    snapshot = ConversationSnapshot(
        connector=asked.connector,
        kind="" if connector is None else connector.kind,
        page=asked.page,
        referrer=asked.referrer,
        language=asked.language or language.detect_language(asked.text),
        text=asked.text,
        labels=asked.labels,
        contact=asked.contact,
        department=asked.department,
        open_hours=open_hours(config, at),
    )
    outcome = rules.evaluate_rules(config.routing, snapshot)
    team = None if outcome.team is None else config.teams[outcome.team]
    times = None if team is None or team.hours is None else config.hours[team.hours]
    return Preview(
        connector=asked.connector,
        rule=outcome.rule or None,
        team=outcome.team,
        skills=outcome.skills,
        labels=outcome.labels,
        priority=outcome.priority or "normal",
        sla=outcome.sla or ("default" if "default" in config.sla else None),
        language=snapshot.language,
        team_open=times is None or hours.is_open(times, at),
        opens_at=None if times is None or hours.is_open(times, at) else hours.opens_at(times, at),
        steps=_steps(config, snapshot),
        problem=None
        if connector is not None
        else f"There is no connector {asked.connector!r} in the file.",
    )


def _steps(config: Config, snapshot: ConversationSnapshot) -> list[Step]:
    """The rules up to the one that matched."""
    found = []
    for index, rule in enumerate(config.routing):
        failed = rules.failed_condition(rule.when, snapshot)
        found.append(Step(rule=rules.rule_name(rule, index), matched=failed is None, failed=failed))
        if failed is None:
            break
    return found
