"""The variables of canned replies: filled in once, and never sent as braces."""

from __future__ import annotations

import pytest

from hub.canned_replies.values import first_name
from hub.canned_replies.variables import fill

VALUES = {
    "contact.first_name": "Siiri",
    "contact.name": "Siiri Tamm",
    "contact.attributes.plan": "gold & blue",
    "agent.name": "Rasmus",
}


def filled(text: str, **values: str) -> str:
    return fill(text, lambda name: {**VALUES, **values}.get(name, "")).text


def missing(text: str) -> tuple[str, ...]:
    return fill(text, lambda name: VALUES.get(name, "")).missing


def test_variables_are_filled_in() -> None:
    assert filled("Hi {contact.first_name}, {agent.name} here") == "Hi Siiri, Rasmus here"


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("Hi {contact.last_name|there}!", "Hi there!"),
        ("Hi {contact.first_name|there}!", "Hi Siiri!"),
        ("Hi{contact.last_name|}!", "Hi!"),
        ("Size {contact.attributes.shoe size|not given}", "Size not given"),
        ("سلام {contact.family|دوست عزیز}", "سلام دوست عزیز"),
    ],
)
def test_a_default_stands_for_an_empty_value(text: str, result: str) -> None:
    assert filled(text) == result
    assert missing(text) == ()


def test_what_has_no_value_becomes_a_blank_and_is_named_once() -> None:
    text = "{amount} for {contact.attributes.model}, so {amount} in all, {عدد}"
    assert "{" not in filled(text)
    assert filled(text).count("⟦amount⟧") == 2
    assert missing(text) == ("amount", "contact.attributes.model", "عدد")


@pytest.mark.parametrize(
    "text",
    [
        "if (a < b) { return; }",
        '{"id": 7, "x": {}}',
        "{}",
        "{ contact.name }",
        "a {b} c",
        "1 < 2 > 0 & <b>no tag</b>",
        "smile :-} and {-:",
        "{contact.name",
        "{contact.}",
    ],
)
def test_other_braces_and_angles_stay_as_they_are(text: str) -> None:
    assert filled(text) == text
    assert missing(text) == ()


def test_the_braces_of_a_link_stay_and_its_variables_are_encoded() -> None:
    link = "https://shop.example/{id}/{item_id}?plan={contact.attributes.plan}&for={b}"
    assert filled(f"See {link} now") == (
        "See https://shop.example/{id}/{item_id}?plan=gold%20%26%20blue&for={b} now"
    )
    assert missing(link) == ()
    assert missing("www.shop.example/{contact.attributes.basket}") == ("contact.attributes.basket",)


def test_a_value_is_not_read_for_variables_again() -> None:
    text = filled("Dear {contact.name}", **{"contact.name": "{agent.name} ⟦x⟧"})
    assert text == "Dear {agent.name} x"


def test_a_value_of_several_lines_is_one_line() -> None:
    assert filled("{contact.name}.", **{"contact.name": "Ann\n\nSubject: x "}) == "Ann Subject: x."


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Ann Smith", "Ann"),
        ("Smith, Ann Mary", "Ann"),
        ("Dr. Jaan Kask", "Jaan"),
        ("زهرا کریمی", "زهرا"),
        ("王芳", "王芳"),
        ("Ann", "Ann"),
        ("Mr.", "Mr."),
        ("", ""),
    ],
)
def test_the_first_name_of_a_person(name: str, first: str) -> None:
    assert first_name(name) == first


def test_a_long_text_of_open_braces_is_read_in_linear_time() -> None:
    # Each opening brace begins a name that never ends.
    text = "{contact.attributes.a" * 5_000 + "{aaaa|" * 5_000 + "https://" * 5_000
    assert filled(text) == text
