"""Which rule of the routing table decides about a message. Pure: values in, an outcome out.

The first rule of which every named condition holds decides; in a list, any one of it is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from hub.config.sections import Rule, When
from hub.router.decisions.word_match import contains_phrase, fold_text, matches_pattern

NO_CONDITIONS = When()
NO_ATTRIBUTES: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ConversationSnapshot:
    """What is known of a conversation at one moment. Nothing in it changes while rules look.

    Args:
        page: the address of the page the visitor is on; `referrer` where they came from.
        language: the tag of the language they write, empty while nobody can tell.
        text: what they said since they began to wait.
        contact: the attributes of the person.
        open_hours: the names, under `hours`, of what is open now.
    """

    connector: str = ""
    kind: str = ""
    page: str = ""
    referrer: str = ""
    language: str = ""
    text: str = ""
    labels: tuple[str, ...] = ()
    contact: Mapping[str, Any] = field(default_factory=lambda: NO_ATTRIBUTES)
    department: str = ""
    open_hours: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What the rules say. `rule` is empty when none matched: then anybody may answer.

    `is_specific` is False for a rule without conditions, which would match anything.
    """

    rule: str = ""
    team: str | None = None
    skills: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    priority: str | None = None
    sla: str | None = None
    is_specific: bool = False


def evaluate_rules(rules: Sequence[Rule], snapshot: ConversationSnapshot) -> RuleOutcome:
    """The outcome of the first rule that matches."""
    for index, rule in enumerate(rules):
        if failed_condition(rule.when, snapshot) is None:
            return RuleOutcome(
                rule=rule_name(rule, index),
                team=rule.team,
                skills=rule.skills,
                labels=rule.labels,
                priority=rule.priority,
                sla=rule.sla,
                is_specific=rule.when != NO_CONDITIONS,
            )
    return RuleOutcome()


def rule_name(rule: Rule, index: int) -> str:
    """What a rule is called; one without a name by its place in the table, counted from 1."""
    return rule.name or f"rule {index + 1}"


def failed_condition(when: When, snapshot: ConversationSnapshot) -> str | None:
    """The first condition that does not hold, by its key in the file; None when all do."""
    for key, holds in _CONDITIONS.items():
        if not holds(when, snapshot):
            return key
    return None


def _same(wanted: Sequence[str], value: str) -> bool:
    return not wanted or value in wanted


def _wild(wanted: Sequence[str], value: str) -> bool:
    return not wanted or any(matches_pattern(pattern, value) for pattern in wanted)


def _folded(wanted: Sequence[str], values: Sequence[str]) -> bool:
    if not wanted:
        return True
    given = {fold_text(value) for value in values}
    return any(fold_text(one) in given for one in wanted)


def _language(wanted: Sequence[str], spoken: str) -> bool:
    """`pt` holds for pt-BR too, and pt-BR where only pt could be told."""
    if not wanted:
        return True
    tag = spoken.lower()
    return bool(tag) and any(
        one == tag or one.startswith(f"{tag}-") or tag.startswith(f"{one}-")
        for one in (given.lower() for given in wanted)
    )


def _words(wanted: Sequence[str], text: str) -> bool:
    if not wanted:
        return True
    folded = fold_text(text)
    return any(contains_phrase(folded, fold_text(phrase)) for phrase in wanted)


def _contact(wanted: Mapping[str, Sequence[str]], attributes: Mapping[str, Any]) -> bool:
    return all(
        any(
            matches_pattern(pattern, value)
            for pattern in patterns
            for value in _texts(attributes, name)
        )
        for name, patterns in wanted.items()
    )


def _texts(attributes: Mapping[str, Any], name: str) -> list[str]:
    """The values of an attribute, which came from anywhere, as texts."""
    value = attributes.get(name)
    values = value if isinstance(value, list | tuple) else [value]
    return [
        str(one).lower() if isinstance(one, bool) else str(one) for one in values if one is not None
    ]


_CONDITIONS: Mapping[str, Callable[[When, ConversationSnapshot], bool]] = {
    "connector": lambda when, now: _same(when.connector, now.connector),
    "kind": lambda when, now: _same(when.kind, now.kind),
    "page": lambda when, now: _wild(when.page, now.page),
    "referrer": lambda when, now: _wild(when.referrer, now.referrer),
    "language": lambda when, now: _language(when.language, now.language),
    "words": lambda when, now: _words(when.words, now.text),
    "labels": lambda when, now: _folded(when.labels, now.labels),
    "department": lambda when, now: _folded(when.department, (now.department,)),
    "contact": lambda when, now: _contact(when.contact, now.contact),
    "hours": lambda when, now: when.hours is None or when.hours in now.open_hours,
    "outside_hours": lambda when, now: (
        when.outside_hours is None or when.outside_hours not in now.open_hours
    ),
}
