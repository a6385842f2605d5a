"""The check of names in `make lint` finds what it is there to find."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint.vague_names import is_vague, vague_names


def lines_with_a_vague_name(tmp_path: Path, source: str) -> list[int]:
    module = tmp_path / "sample.py"
    module.write_text(source)
    return [name.line for name in vague_names(module)]


@pytest.mark.parametrize("name", ["found", "_told", "WORDS", "now_", "Whoever", "some_things"])
def test_a_word_that_names_nothing_is_vague(name: str) -> None:
    assert is_vague(name)


@pytest.mark.parametrize("name", ["conversation", "kept_until", "is_done", "Another", "now", "_"])
def test_a_word_that_says_what_it_holds_is_not_vague(name: str) -> None:
    assert not is_vague(name)


@pytest.mark.parametrize(
    "source",
    [
        "found = 1",
        "for one in range(3): pass",
        "numbers = [other for other in range(3)]",
        "def add(what: int) -> None: ...",
        "def told() -> None: ...",
        "class Thing: ...",
        "class Card:\n    own: bool = False",
        "class Card:\n    def __init__(self) -> None:\n        self._kept = 1",
        "import re as it",
        "try:\n    pass\nexcept OSError as what:\n    pass",
        "pick = lambda one: one",
        "def load(row: Any) -> None: ...",
    ],
)
def test_a_vague_name_is_reported_wherever_it_is_made(tmp_path: Path, source: str) -> None:
    assert len(lines_with_a_vague_name(tmp_path, source)) == 1


def test_a_line_with_a_reason_is_not_reported(tmp_path: Path) -> None:
    source = "own = 1  # vague-name: the provider's word\nfound = 2  # vague-name:\n"
    assert lines_with_a_vague_name(tmp_path, source) == [2]


def test_a_name_is_reported_where_it_is_made_and_not_where_it_is_used(tmp_path: Path) -> None:
    assert lines_with_a_vague_name(tmp_path, "found = 1\nprint(found, match.own)\n") == [1]


def test_the_other_operand_of_an_operator_keeps_its_usual_name(tmp_path: Path) -> None:
    source = "class Card:\n    def __eq__(self, other: object) -> bool: ...\n"
    assert lines_with_a_vague_name(tmp_path, source) == []


def test_a_module_is_named_after_a_subject(tmp_path: Path) -> None:
    for name in ("utils.py", "words.py"):
        module = tmp_path / name
        module.write_text("")
        assert [item.line for item in vague_names(module)] == [1]
