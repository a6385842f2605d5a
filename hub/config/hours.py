"""Opening hours as they are written: `mon-fri: "09:00-17:00"`. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    model_serializer,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_END = 24 * 60

_DAY = f"(?:{'|'.join(DAYS)})"
_DAY_KEY = re.compile(rf"{_DAY}(?:-{_DAY})?(?:,{_DAY}(?:-{_DAY})?)*")
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*-\s*([01]\d|2[0-4]):([0-5]\d)")

#: From and to in minutes after local midnight; `to` is at most DAY_END.
Span = tuple[int, int]
Week = tuple[tuple[Span, ...], ...]
CLOSED: Week = ((),) * 7


def parse_days(key: str) -> tuple[int, ...]:
    """Reads `mon`, `mon-fri`, `sat,sun`, `sun-thu`; Monday is 0.

    Raises:
        ValueError: it names no days.
    """
    if not _DAY_KEY.fullmatch(key):
        raise ValueError("must be a day or days, such as mon, mon-fri or sat,sun")
    days: list[int] = []
    for part in key.split(","):
        first, *rest = (DAYS.index(name) for name in part.split("-"))
        last = rest[-1] if rest else first
        days.extend((first + step) % 7 for step in range((last - first) % 7 + 1))
    return tuple(dict.fromkeys(days))


def parse_spans(value: Any) -> tuple[Span, ...]:
    """Reads "09:00-17:00", "09:00-12:00, 13:00-17:00", a list of such, or "closed".

    A span may go on after midnight ("22:00-02:00"): its end is then more than DAY_END.

    Raises:
        ValueError: another form, an empty span, or two that overlap.
    """
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise ValueError('must be hours such as "09:00-17:00", a list of such, or closed')
    pieces = [piece.strip() for text in texts for piece in text.split(",")]
    if pieces in ([], ["closed"]):
        return ()
    spans = []
    for piece in pieces:
        found = _SPAN.fullmatch(piece)
        if not found:
            raise ValueError('must be hours such as "09:00-17:00", a list of such, or closed')
        start = int(found[1]) * 60 + int(found[2])
        end = int(found[3]) * 60 + int(found[4])
        if end > DAY_END or start == end:
            raise ValueError("must end after it begins, and at 24:00 at the latest")
        spans.append((start, end if end > start else end + DAY_END))
    return _in_order(spans)


def _in_order(spans: list[Span]) -> tuple[Span, ...]:
    spans.sort()
    for (_, end), (start, _) in pairwise(spans):
        if start < end:
            raise ValueError("must not have hours that overlap")
    return tuple(spans)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        # ZoneInfoNotFoundError is a KeyError; a folder's name or a forbidden path are the others.
        raise ValueError("must be a time zone such as Europe/Tallinn") from None
    return name


class Hours(BaseModel):
    """When somebody is there. Days that are not named are closed."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    #: Keys beside the fields, for suggestions.
    more_keys: ClassVar[tuple[str, ...]] = ("mon-fri", *DAYS)

    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        "UTC", description="The time zone the hours are in.", examples=["Europe/Tallinn"]
    )
    holidays: tuple[date, ...] = Field(
        (), description="Days that are closed whatever the week says.", examples=[["2026-12-24"]]
    )
    week: Week = Field(CLOSED, exclude=True)

    @model_validator(mode="wrap")
    @classmethod
    def _gather_days(cls, given: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        if isinstance(given, cls) or not isinstance(given, Mapping):
            return read(given)
        rest = {key: value for key, value in given.items() if key in ("timezone", "holidays")}
        days = {key: value for key, value in given.items() if key not in rest}
        week, wrong = _week(days)
        try:
            hours = read({**rest, "week": week})
        except ValidationError as error:
            wrong.extend(_again(found) for found in error.errors(include_url=False))
        if wrong:
            raise ValidationError.from_exception_data(cls.__name__, wrong)
        return hours

    @model_serializer(mode="plain")
    def _as_written(self) -> dict[str, Any]:
        days = {
            name: ", ".join(_span_text(span) for span in spans)
            for name, spans in zip(DAYS, self.week, strict=True)
            if spans
        }
        holidays = [day.isoformat() for day in self.holidays]
        return {"timezone": self.timezone, **days, "holidays": holidays}

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: Any, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        text = {"type": "string", "examples": ["09:00-17:00", "closed"]}
        return {
            "type": "object",
            "title": cls.__name__,
            "description": cls.__doc__,
            "properties": {
                name: {
                    "description": field.description,
                    "examples": field.examples,
                    **(
                        {"type": "string", "default": "UTC"}
                        if name == "timezone"
                        else {"type": "array", "items": {"type": "string", "format": "date"}}
                    ),
                }
                for name, field in cls.model_fields.items()
                if name != "week"
            },
            "patternProperties": {
                f"^{_DAY_KEY.pattern}$": {
                    "description": "Opening hours of a day (`mon`) or days (`mon-fri`, `sat,sun`).",
                    "anyOf": [text, {"type": "array", "items": text}],
                }
            },
            "additionalProperties": False,
        }


def _week(days: Mapping[str, Any]) -> tuple[Week, list[InitErrorDetails]]:
    """The week, and what is wrong with it. A day's own key goes before a range with the day."""
    week: dict[int, tuple[int, tuple[Span, ...]]] = {}
    wrong: list[InitErrorDetails] = []
    for key, value in days.items():
        try:
            named = parse_days(key)
        except ValueError:
            wrong.append(InitErrorDetails(type="extra_forbidden", loc=(key,), input=None))
            continue
        try:
            spans = parse_spans(value)
        except ValueError as error:
            wrong.append(_wrong(key, str(error)))
            continue
        for day in named:
            if day in week and week[day][0] == len(named):
                wrong.append(_wrong(key, f"gives {DAYS[day]} a second time"))
            elif day not in week or len(named) < week[day][0]:
                week[day] = (len(named), spans)
    if not wrong:
        wrong.extend(_runs_over(week))
    return tuple(week[day][1] if day in week else () for day in range(7)), wrong


def _runs_over(week: Mapping[int, tuple[int, tuple[Span, ...]]]) -> list[InitErrorDetails]:
    """Hours after midnight must not run into the next day's."""
    wrong = []
    for day, (_, spans) in week.items():
        following = week.get((day + 1) % 7, (0, ()))[1]
        if spans and following and spans[-1][1] - DAY_END > following[0][0]:
            wrong.append(_wrong(DAYS[day], f"runs into the hours of {DAYS[(day + 1) % 7]}"))
    return wrong


def _wrong(key: str, message: str) -> InitErrorDetails:
    # The braces of a message must not be read as places to fill.
    kind = PydanticCustomError("wrong_hours", "{message}", {"message": message})
    return InitErrorDetails(type=kind, loc=(key,), input=None)


def _again(found: ErrorDetails) -> InitErrorDetails:
    """An error that pydantic told, in the form in which it takes one."""
    details = InitErrorDetails(type=found["type"], loc=found["loc"], input=None)
    if "ctx" in found:
        details["ctx"] = found["ctx"]
    return details


def _span_text(span: Span) -> str:
    start, end = span
    end = end if end <= DAY_END else end - DAY_END
    return f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"
