"""Opening hours as they stand in the file: `mon-fri: "09:00-17:00"`. Pure."""

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
    """Reads a key such as `mon`, `mon-fri`, `sat,sun` or `sun-thu`.

    Returns: the days in the order of the key, Monday as 0, each once.
    Raises:
        ValueError: the key names no days.
    """
    if not _DAY_KEY.fullmatch(key):
        raise ValueError("must be a day or days, such as mon, mon-fri or sat,sun")
    days: list[int] = []
    for part in key.split(","):
        ends = [DAYS.index(name) for name in part.split("-")]
        first, last = ends[0], ends[-1]
        days.extend((first + step) % 7 for step in range((last - first) % 7 + 1))
    return tuple(dict.fromkeys(days))


def parse_spans(value: Any) -> tuple[Span, ...]:
    """Reads "09:00-17:00", "09:00-12:00, 13:00-17:00", a list of such texts, or "closed".

    Returns: spans in minutes after local midnight, in order. A span may go on after midnight
        ("22:00-02:00"): its end is then more than DAY_END.
    Raises:
        ValueError: the value has another form, an empty span, or two spans that overlap.
    """
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise ValueError('must be hours such as "09:00-17:00", a list of such, or closed')
    pieces = [piece.strip() for text in texts for piece in text.split(",")]
    if pieces in ([], ["closed"]):
        return ()
    spans = []
    for piece in pieces:
        match = _SPAN.fullmatch(piece)
        if not match:
            raise ValueError('must be hours such as "09:00-17:00", a list of such, or closed')
        start = int(match[1]) * 60 + int(match[2])
        end = int(match[3]) * 60 + int(match[4])
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
        # ZoneInfoNotFoundError is a KeyError; the name of a folder and a path that ZoneInfo forbids
        # raise one of the other two.
        raise ValueError("must be a time zone such as Europe/Tallinn") from None
    return name


class Hours(BaseModel):
    """When somebody is there. Days that are not named are closed."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    #: Keys that the file may have beside the fields, for suggestions.
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
    def _gather_days(cls, value: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        if isinstance(value, cls) or not isinstance(value, Mapping):
            return read(value)
        fields = {key: item for key, item in value.items() if key in ("timezone", "holidays")}
        days = {key: item for key, item in value.items() if key not in fields}
        week, problems = _week(days)
        try:
            hours = read({**fields, "week": week})
        except ValidationError as error:
            problems.extend(_init_details(details) for details in error.errors(include_url=False))
        if problems:
            raise ValidationError.from_exception_data(cls.__name__, problems)
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
    """Reads the keys of days. Returns the week, and the problems of its keys and hours.

    The key of a single day goes before a range that has the day.
    """
    #: Per day: how many days the key had that gave its hours, and the hours.
    week: dict[int, tuple[int, tuple[Span, ...]]] = {}
    problems: list[InitErrorDetails] = []
    for key, value in days.items():
        try:
            days_of_key = parse_days(key)
        except ValueError:
            problems.append(InitErrorDetails(type="extra_forbidden", loc=(key,), input=None))
            continue
        try:
            spans = parse_spans(value)
        except ValueError as error:
            problems.append(_problem(key, str(error)))
            continue
        for day in days_of_key:
            if day in week and week[day][0] == len(days_of_key):
                problems.append(_problem(key, f"gives {DAYS[day]} a second time"))
            elif day not in week or len(days_of_key) < week[day][0]:
                week[day] = (len(days_of_key), spans)
    if not problems:
        problems.extend(_overlaps_after_midnight(week))
    return tuple(week[day][1] if day in week else () for day in range(7)), problems


def _overlaps_after_midnight(
    week: Mapping[int, tuple[int, tuple[Span, ...]]],
) -> list[InitErrorDetails]:
    """A problem for each day whose hours after midnight run into the next day's hours."""
    problems = []
    for day, (_, spans) in week.items():
        following = week.get((day + 1) % 7, (0, ()))[1]
        if spans and following and spans[-1][1] - DAY_END > following[0][0]:
            problems.append(_problem(DAYS[day], f"runs into the hours of {DAYS[(day + 1) % 7]}"))
    return problems


def _problem(key: str, message: str) -> InitErrorDetails:
    # The message is a value of the template: braces in it are not placeholders.
    error = PydanticCustomError("wrong_hours", "{message}", {"message": message})
    return InitErrorDetails(type=error, loc=(key,), input=None)


def _init_details(details: ErrorDetails) -> InitErrorDetails:
    """Turns an error from the form in which pydantic reports it into that in which it takes one."""
    init_details = InitErrorDetails(type=details["type"], loc=details["loc"], input=None)
    if "ctx" in details:
        init_details["ctx"] = details["ctx"]
    return init_details


def _span_text(span: Span) -> str:
    start, end = span
    end = end if end <= DAY_END else end - DAY_END
    return f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"
