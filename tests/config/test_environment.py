"""`${NAME}` and `${NAME:-default}`."""

from collections.abc import Callable

import pytest

from hub.config import Config
from hub.config.interpolate import interpolate
from tests.config.conftest import Problems

Loaded = Callable[..., Config]


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("plain", "plain"),
        ("${A}", "one"),
        ("https://${A}.example/${B}", "https://one.example/two words"),
        ("${MISSING:-three}", "three"),
        ("${MISSING:-}", ""),
        ("${EMPTY:-three}", "three"),
        ("${A:-three}", "one"),
        ("${MISSING:-a:-b}", "a:-b"),
        ("$${A}", "${A}"),
        ("$$${A}", "$${A}"),
        ("$A $ {A} $$", "$A $ {A} $$"),
        ("${TRICK}", "x: ${A}\n- y"),
    ],
)
def test_a_text_is_filled_in(text: str, filled: str) -> None:
    environ = {"A": "one", "B": "two words", "EMPTY": "", "TRICK": "x: ${A}\n- y"}
    assert interpolate(text, environ).text == filled


def test_an_unset_variable_says_to_set_it(problems: Problems) -> None:
    text = 'connectors:\n  t:\n    kind: toy\n    token: "${TOY}"\nteams: {a: {hours: "${H}"}}'
    assert problems(text) == [
        "connectors.yaml:4: connectors.t.token: the environment variable TOY is not set: "
        "set it, or turn the connector off with enabled: false",
        "connectors.yaml:5: teams.a.hours: the environment variable H is not set: "
        "set it, or write ${H:-default}",
    ]


def test_an_empty_variable_counts_as_unset(problems: Problems) -> None:
    (problem,) = problems('connectors: {t: {kind: toy, token: "${TOY}"}}', {"TOY": ""})
    assert "TOY is not set" in problem


def test_several_unset_variables_in_one_text_are_all_named(problems: Problems) -> None:
    found = problems('connectors: {t: {kind: toy, token: "${A}-${B}-${A}"}}')
    assert ["A is" in found[0], "B is" in found[1], len(found)] == [True, True, 2]


def test_a_broken_variable_is_a_problem(problems: Problems) -> None:
    for text in ("${", "${}", "${A", "${A-B}", "${1A}", "${A:+b}"):
        (problem,) = problems(f"connectors: {{t: {{kind: toy, token: '{text}'}}}}", {"A": "x"})
        assert "a ${ without its name and }" in problem


def test_an_unset_variable_is_not_also_a_missing_key(problems: Problems) -> None:
    text = 'connectors: {t: {kind: toy, token: x, pair: box, hook: "${HOOK}"}}'
    (problem,) = problems(text)
    assert "HOOK is not set" in problem


def test_a_connector_that_is_off_may_leave_anything_unset(loaded: Loaded) -> None:
    config = loaded('connectors: {t: {kind: toy, enabled: false, token: "${TOY}", label: Toys}}')
    assert config.connectors["t"].enabled is False
    assert config.connectors["t"].label == "Toys"


@pytest.mark.parametrize("value", ["false", "'false'", "no", "off", '"${ON:-false}"', '"${OFF}"'])
def test_off_can_be_said_in_several_ways(value: str, loaded: Loaded) -> None:
    config = loaded(f'connectors: {{t: {{kind: toy, enabled: {value}, token: "${{T}}"}}}}', OFF="0")
    assert config.connectors["t"].enabled is False


def test_a_connector_that_is_off_is_not_imported(loaded: Loaded, problems: Problems) -> None:
    text = "connectors: {b: {kind: broken, enabled: false}}"
    assert loaded(text).connectors["b"].kind == "broken"
    assert len(problems(text, thorough=True)) == 1


def test_a_thorough_look_finds_mistakes_in_what_is_off(problems: Problems) -> None:
    text = """\
connectors:
  t:
    kind: toy
    enabled: false
    token: "${TOY}"
    box: {host: "${HOST}", port: "${PORT}", prot: 1}
    seconds: often
    pair: box
"""
    assert problems(text) == []
    assert problems(text, thorough=True) == [
        "connectors.yaml:6: connectors.t.box.prot: unknown key, did you mean port?",
        "connectors.yaml:7: connectors.t.seconds: must be a number",
    ]


def test_a_kind_that_is_not_there_is_a_problem_even_when_off(problems: Problems) -> None:
    (problem,) = problems("connectors: {t: {kind: tooy, enabled: false}}")
    assert problem.endswith("unknown kind, did you mean toy?")


def test_a_key_whose_variable_may_be_empty_counts_as_left_out(loaded: Loaded) -> None:
    config = loaded('connectors: {t: {kind: toy, token: x, number: "${N:-}", hook: "${H:-}"}}')
    toy = config.connectors["t"]
    assert toy.number == "+1"  # type: ignore[attr-defined]
    assert toy.hook is None  # type: ignore[attr-defined]


def test_a_value_from_the_environment_is_never_read_as_yaml(loaded: Loaded) -> None:
    config = loaded('connectors: {t: {kind: toy, token: "${T}", label: "${T}"}}', T="{a: [1]} # x")
    assert config.connectors["t"].label == "{a: [1]} # x"


def test_numbers_and_switches_may_come_from_the_environment(loaded: Loaded) -> None:
    text = 'connectors: {t: {kind: toy, token: x, box: {host: a, port: "${P}"}, loud: "${L}"}}'
    toy = loaded(text, P="143", L="true").connectors["t"]
    assert (toy.box.port, toy.loud) == (143, True)  # type: ignore[attr-defined]


def test_texts_keep_the_form_they_were_written_in(loaded: Loaded) -> None:
    text = "connectors: {t: {kind: toy, token: 0123, number: +15005550006, label: 1.10}}"
    toy = loaded(text).connectors["t"]
    assert toy.token.get_secret_value() == "0123"  # type: ignore[attr-defined]
    assert (toy.number, toy.label) == ("+15005550006", "1.10")  # type: ignore[attr-defined]
