"""Which rule decides: a row per condition, that it holds and that it does not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.config.sections import Rule, When
from hub.router.decisions.rules import (
    ConversationSnapshot,
    RuleOutcome,
    evaluate_rules,
    failed_condition,
    rule_name,
)
from hub.router.decisions.word_match import contains_phrase, fold_text, matches_pattern
from hub.types import MessageOrigin

HOLDS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"connector": "website"}, {"connector": "website"}),
    ({"connector": ["mail", "website"]}, {"connector": "website"}),
    ({"kind": "webchat"}, {"kind": "webchat"}),
    ({"page": "*/pricing*"}, {"page": "https://shop.example/en/Pricing?plan=2"}),
    ({"page": "https://shop.example/"}, {"page": "https://shop.example/"}),
    ({"page": "*"}, {}),
    ({"referrer": "*search*"}, {"referrer": "https://search.example/?q=shoes"}),
    ({"language": ["ar", "fa"]}, {"language": "fa"}),
    ({"language": "pt"}, {"language": "pt-BR"}),
    ({"language": "pt-BR"}, {"language": "pt"}),
    ({"words": "refund"}, {"text": "I want a REFUND!"}),
    ({"words": ["refund", "wrong size"]}, {"text": "it is the wrong\n  size"}),
    ({"words": "zwrot pieniędzy"}, {"text": "Proszę o zwrot pieniedzy"}),
    ({"words": "استرداد"}, {"text": "أريد الاسترداد من فضلك"}),
    ({"words": "كتاب"}, {"text": "وبالكتاب"}),
    ({"words": "يازده"}, {"text": "ساعت یازده"}),
    ({"words": "退款"}, {"text": "我想退款谢谢"}),
    ({"words": "환불"}, {"text": "환불을 원해요"}),
    ({"words": "c++"}, {"text": "in C++, please"}),
    ({"labels": "vip"}, {"labels": ("returns", "VIP")}),
    ({"department": "Sales"}, {"department": "sales"}),
    ({"contact": {"plan": "gold"}}, {"contact": {"plan": "Gold"}}),
    ({"contact": {"plan": ["gold", "silver"]}}, {"contact": {"plan": "silver"}}),
    ({"contact": {"plan": "*"}}, {"contact": {"plan": "any"}}),
    ({"contact": {"orders": "3"}}, {"contact": {"orders": 3}}),
    ({"contact": {"paying": "true"}}, {"contact": {"paying": True}}),
    ({"contact": {"tags": "b"}}, {"contact": {"tags": ["a", "b"]}}),
    ({"origin": {}}, {"origin": MessageOrigin("story")}),
    ({"origin": {"kind": "ad"}}, {"origin": MessageOrigin("ad", "Boots")}),
    ({"origin": {"kind": ["link", "start"]}}, {"origin": MessageOrigin("start", ref="spring")}),
    ({"origin": {"title": "*BOOTS*"}}, {"origin": MessageOrigin("ad", "Winter boots, -50 %")}),
    ({"origin": {"ref": ["autumn", "spring-*"]}}, {"origin": MessageOrigin("ad", ref="spring-7")}),
    (
        {"origin": {"kind": "post", "url": "https://t.me/shop/*"}},
        {"origin": MessageOrigin("post", url="https://t.me/shop/56")},
    ),
    ({"hours": "office"}, {"open_hours": frozenset({"office"})}),
    ({"outside_hours": "office"}, {"open_hours": frozenset()}),
    ({"kind": "webchat", "words": "refund"}, {"kind": "webchat", "text": "refund"}),
]

FAILS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"connector": "website"}, {"connector": "mail"}, "connector"),
    ({"kind": "webchat"}, {"kind": "email"}, "kind"),
    ({"page": "*/pricing*"}, {"page": "https://shop.example/"}, "page"),
    ({"page": "/pricing"}, {"page": "https://shop.example/pricing"}, "page"),
    ({"referrer": "*search*"}, {"referrer": ""}, "referrer"),
    ({"language": "ar"}, {"language": ""}, "language"),
    ({"language": "ar"}, {"language": "arn"}, "language"),
    ({"words": "refund"}, {"text": "no refunds"}, "words"),
    ({"words": "size"}, {"text": "oversize"}, "words"),
    ({"words": "wrong size"}, {"text": "wrong. size"}, "words"),
    ({"words": "کتاب"}, {"text": "مکتاب"}, "words"),
    ({"labels": "vip"}, {"labels": ("vips",)}, "labels"),
    ({"department": "sales"}, {}, "department"),
    ({"contact": {"plan": "gold"}}, {"contact": {"plan": "golden"}}, "contact"),
    ({"contact": {"plan": "*"}}, {"contact": {}}, "contact"),
    ({"contact": {"plan": "gold", "city": "Tartu"}}, {"contact": {"plan": "gold"}}, "contact"),
    ({"origin": {}}, {}, "origin"),
    ({"origin": {"kind": "ad"}}, {}, "origin"),
    ({"origin": {"kind": "ad"}}, {"origin": MessageOrigin("link", ref="ad")}, "origin"),
    ({"origin": {"title": "boots"}}, {"origin": MessageOrigin("ad", "Winter boots")}, "origin"),
    (
        {"origin": {"kind": "ad", "ref": "spring"}},
        {"origin": MessageOrigin("ad", ref="autumn")},
        "origin",
    ),
    ({"origin": {"url": "*shop*"}}, {"origin": MessageOrigin("story", "shop")}, "origin"),
    ({"hours": "office"}, {"open_hours": frozenset({"night"})}, "hours"),
    ({"outside_hours": "office"}, {"open_hours": frozenset({"office"})}, "outside_hours"),
    ({"kind": "webchat", "words": "refund"}, {"kind": "webchat", "text": "hello"}, "words"),
]


@pytest.mark.parametrize(("when", "now"), HOLDS, ids=str)
def test_a_condition_holds(when: dict[str, Any], now: dict[str, Any]) -> None:
    assert failed_condition(When(**when), ConversationSnapshot(**now)) is None


@pytest.mark.parametrize(("when", "now", "key"), FAILS, ids=str)
def test_a_condition_that_does_not_hold_is_named(
    when: dict[str, Any], now: dict[str, Any], key: str
) -> None:
    assert (failed_condition(When(**when), ConversationSnapshot(**now)) or "") == key


@pytest.mark.parametrize("key", When.model_fields)
def test_every_condition_has_its_rows(key: str) -> None:
    assert any(key in when for when, _ in HOLDS)
    assert any(key in when for when, _, _ in FAILS)


RULES = (
    Rule(name="shoes", when=When(words=("shoe",)), team="sales", labels=("shoes",)),
    Rule(when=When(kind=("sms",)), priority="high", sla="vip", skills=("phone",)),
    Rule(name="rest", team="support"),
)


def test_the_first_rule_that_matches_decides() -> None:
    found = evaluate_rules(RULES, ConversationSnapshot(kind="sms", text="a shoe"))
    assert found == RuleOutcome("shoes", "sales", labels=("shoes",), is_specific=True)


def test_a_rule_without_a_name_is_called_by_its_place() -> None:
    found = evaluate_rules(RULES, ConversationSnapshot(kind="sms"))
    assert found == RuleOutcome(
        "rule 2", priority="high", sla="vip", skills=("phone",), is_specific=True
    )
    assert rule_name(RULES[0], 7) == "shoes"


def test_a_rule_without_conditions_always_matches() -> None:
    assert evaluate_rules(RULES, ConversationSnapshot()) == RuleOutcome("rest", "support")


def test_where_no_rule_matches_nothing_is_asked() -> None:
    assert evaluate_rules(RULES[:2], ConversationSnapshot()) == RuleOutcome()


@given(st.text(), st.text(alphabet="ab*", max_size=20))
def test_a_pattern_is_what_it_would_be_as_a_regular_expression(value: str, pattern: str) -> None:
    import re

    wanted = ".*".join(re.escape(part) for part in pattern.casefold().split("*"))
    assert matches_pattern(pattern, value) == bool(
        re.fullmatch(wanted, value.casefold(), re.DOTALL)
    )


def test_a_pattern_of_many_stars_takes_no_time() -> None:
    assert not matches_pattern("*a" * 200 + "b", "a" * 20_000)


@given(st.text(), st.text())
def test_a_text_stands_in_itself_and_between_spaces(phrase: str, before: str) -> None:
    folded = fold_text(phrase)
    assert contains_phrase(folded, folded) == bool(folded)
    assert contains_phrase(f"{fold_text(before)} {folded} x", folded) == bool(folded)


@given(st.text(max_size=50), st.text(max_size=10))
def test_no_text_upsets_the_search_for_words(text: str, phrase: str) -> None:
    assert contains_phrase(fold_text(text), fold_text(phrase)) in (True, False)
    assert fold_text(fold_text(text)) == fold_text(text)
