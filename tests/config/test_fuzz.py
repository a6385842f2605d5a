"""Whatever is in the file: it loads, or it is a ConfigError whose lines stay lines."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.config import Config, config_changes, parse_config
from hub.errors import ConfigError
from tests.config.test_sections import ROUTER

fuzzed = settings(
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
SIGNS = [
    "${A}",
    "${B:-}",
    "${",
    "&a",
    "*a",
    "!x",
    "<<",
    "|",
    ">",
    "%",
    "@",
    "'",
    '"',
    "{",
    "[",
    "}",
    "\t",
    "\n",
    "\n  ",
    ": ",
    "- ",
    "# ",
    "\x00",
    "\x85",
    "\ufeff",
    "kind: toy",
    "enabled: no",
]
ENVIRON = {"A": "SESAME-OPEN"}
words = st.sampled_from(
    ["kind", "toy", "webchat", "token", "mon-fri", "support", "5m", "x", "", "null", "${A}", "1",
     "box", "port", "host", "SESAME-OPEN", "when", "team", "en", "{position}", "true"]
)  # fmt: skip
# A name of the file may stand in a problem ("there is box"); a value, and what `${A}` holds, never.
names = words.filter(lambda word: word != ENVIRON["A"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=15,
)
sections = st.sampled_from(
    ["connectors", "teams", "hours", "routing", "assignment", "replies", "sla", "agents", "limits"]
)


def loads_or_says_why(text: str) -> None:
    try:
        config = parse_config(text, ENVIRON)
    except ConfigError as error:
        assert error.problems
        last = len(text.splitlines()) + 1
        for problem in error.problems:
            line = str(problem)
            assert "\n" not in line
            assert line.startswith("connectors.yaml:")
            assert 1 <= problem.line <= last
            assert problem.message
            assert "SESAME" not in problem.message
        lines = [problem.line for problem in error.problems]
        assert lines == sorted(lines)
    else:
        assert isinstance(config, Config)
        assert config_changes(config, config) == []


@fuzzed
@given(st.text(max_size=200) | st.lists(st.sampled_from(SIGNS) | st.text(max_size=5)).map("".join))
def test_any_text_loads_or_says_why(text: str) -> None:
    loads_or_says_why(text)


@fuzzed
@given(st.dictionaries(sections, values, max_size=4))
def test_any_values_load_or_say_why(document: dict[str, object]) -> None:
    loads_or_says_why(json.dumps(document, indent=1))


@fuzzed
@given(st.dictionaries(names.filter(bool), st.dictionaries(names, values, max_size=5), max_size=3))
def test_any_connectors_load_or_say_why(connectors: dict[str, object]) -> None:
    loads_or_says_why(json.dumps({"connectors": connectors}, indent=1))


@fuzzed
@given(
    st.integers(0, len(ROUTER)), st.integers(0, 30), st.sampled_from(SIGNS) | st.text(max_size=6)
)
def test_a_damaged_file_loads_or_says_why(start: int, length: int, put: str) -> None:
    loads_or_says_why(ROUTER[:start] + put + ROUTER[start + length :])
