"""Finds the rule of the routing table that decides about a message. Pure.

The first rule of which every named condition holds decides; in a list, any one of it is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from hub.config.sections import OriginWhen, Rule, When
from hub.router.decisions.word_match import contains_phrase, fold_text, matches_pattern
from hub.types import MessageOrigin

NO_CONDITIONS = When()
NO_ATTRIBUTES: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ConversationSnapshot:
    """The facts about a conversation at one moment, which the rules look at.

    Args:
        page: the address of the page the visitor is on; `referrer` where they came from.
        language: the tag of the language they write, empty while it is unknown.
        text: their messages since they began to wait.
        contact: the attributes of the contact.
        origin: where they came from, or what of ours their message is about.
        open_hours: the names, under `hours`, of the hours that are open now.
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
    origin: MessageOrigin | None = None
    open_hours: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """The result of the rules for a conversation.

    Args:
        rule: the name of the rule that matched; empty when none did: then any agent may answer.
        is_specific: False for a rule without conditions, which matches every conversation.
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
    """The name of a rule; without one, its place in the table, counted from 1."""
    return rule.name or f"rule {index + 1}"


def failed_condition(when: When, snapshot: ConversationSnapshot) -> str | None:
    """The first condition that does not hold, by its key in the file; None when all do."""
    for key, holds in _CONDITIONS.items():
        if not holds(when, snapshot):
            return key
    return None


def _is_listed(wanted: Sequence[str], value: str) -> bool:
    return not wanted or value in wanted


def _matches_any(wanted: Sequence[str], value: str) -> bool:
    return not wanted or any(matches_pattern(pattern, value) for pattern in wanted)


def _has_any(wanted: Sequence[str], values: Sequence[str]) -> bool:
    if not wanted:
        return True
    folded = {fold_text(value) for value in values}
    return any(fold_text(value) in folded for value in wanted)


def _has_language(wanted: Sequence[str], language: str) -> bool:
    """`pt` holds for pt-BR too, and pt-BR where only pt was detected."""
    if not wanted:
        return True
    tag = language.lower()
    return bool(tag) and any(
        wanted_tag == tag or wanted_tag.startswith(f"{tag}-") or tag.startswith(f"{wanted_tag}-")
        for wanted_tag in (value.lower() for value in wanted)
    )


def _has_any_phrase(wanted: Sequence[str], text: str) -> bool:
    if not wanted:
        return True
    folded = fold_text(text)
    return any(contains_phrase(folded, fold_text(phrase)) for phrase in wanted)


def _has_attributes(wanted: Mapping[str, Sequence[str]], attributes: Mapping[str, Any]) -> bool:
    return all(
        any(
            matches_pattern(pattern, value)
            for pattern in patterns
            for value in _attribute_texts(attributes, name)
        )
        for name, patterns in wanted.items()
    )


def _has_origin(wanted: OriginWhen | None, origin: MessageOrigin | None) -> bool:
    if wanted is None:
        return True
    return origin is not None and (
        _is_listed(wanted.kind, origin.kind)
        and _matches_any(wanted.title, origin.title)
        and _matches_any(wanted.ref, origin.ref)
        and _matches_any(wanted.url, origin.url)
    )


def _attribute_texts(attributes: Mapping[str, Any], name: str) -> list[str]:
    """The values of an attribute, which may be of any JSON type, as texts."""
    value = attributes.get(name)
    values = value if isinstance(value, list | tuple) else [value]
    return [
        str(item).lower() if isinstance(item, bool) else str(item)
        for item in values
        if item is not None
    ]


_CONDITIONS: Mapping[str, Callable[[When, ConversationSnapshot], bool]] = {
    "connector": lambda when, snapshot: _is_listed(when.connector, snapshot.connector),
    "kind": lambda when, snapshot: _is_listed(when.kind, snapshot.kind),
    "page": lambda when, snapshot: _matches_any(when.page, snapshot.page),
    "referrer": lambda when, snapshot: _matches_any(when.referrer, snapshot.referrer),
    "language": lambda when, snapshot: _has_language(when.language, snapshot.language),
    "words": lambda when, snapshot: _has_any_phrase(when.words, snapshot.text),
    "labels": lambda when, snapshot: _has_any(when.labels, snapshot.labels),
    "department": lambda when, snapshot: _has_any(when.department, (snapshot.department,)),
    "origin": lambda when, snapshot: _has_origin(when.origin, snapshot.origin),
    "contact": lambda when, snapshot: _has_attributes(when.contact, snapshot.contact),
    "hours": lambda when, snapshot: when.hours is None or when.hours in snapshot.open_hours,
    "outside_hours": lambda when, snapshot: (
        when.outside_hours is None or when.outside_hours not in snapshot.open_hours
    ),
}
