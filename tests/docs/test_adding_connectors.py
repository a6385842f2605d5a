"""ADDING_CONNECTORS.md shows code that runs, and its example passes what it promises."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.connectors import base, registry
from hub.errors import SendError
from tests.docs.pages import ROOT, Block, blocks, read

GUIDE = ROOT / "ADDING_CONNECTORS.md"
EXAMPLE = ROOT / "examples/hub-carillon"
EXCERPTS = [
    block
    for block in blocks(GUIDE)
    if block.language in ("python", "toml") and "not an excerpt" not in block.before
]


def plain(text: str) -> str:
    """A text without its layout: in the guide a method stands alone, without its class."""
    return "".join(text.split())


@pytest.mark.parametrize("block", EXCERPTS, ids=str)
def test_the_guide_shows_what_the_example_has(block: Block) -> None:
    files = [*EXAMPLE.rglob("*.py"), EXAMPLE / "pyproject.toml"]
    assert any(plain(block.code) in plain(file.read_text()) for file in files)


def test_the_guide_names_every_error_of_sending_and_every_ability() -> None:
    guide = read("ADDING_CONNECTORS.md")
    errors = [error.__name__ for error in SendError.__subclasses__()]
    abilities = [
        name
        for name, one in vars(base).items()
        if getattr(one, "_is_protocol", False) and one.__module__ == base.__name__
    ]
    assert len(abilities) > 5
    assert [name for name in errors + abilities if f"`{name}`" not in guide] == []


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a machine where the example's package is installed."""
    folder = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--target", str(folder)]
    subprocess.run([*pip, *options, str(EXAMPLE)], check=True, stdin=subprocess.DEVNULL)
    return {**os.environ, "PYTHONPATH": str(folder)}


@pytest.mark.slow
def test_the_example_passes_the_conformance_suite(installed: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "examples/hub-carillon/tests"],
        cwd=ROOT,
        env=installed,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


@pytest.mark.slow
def test_a_hub_finds_the_example_by_its_entry_point(
    installed: dict[str, str], tmp_path: Path
) -> None:
    assert "carillon" not in registry.kinds(), "the example must not be installed for the tests"
    (yaml,) = blocks(GUIDE, "yaml")
    file = tmp_path / "connectors.yaml"
    file.write_text(yaml.code)
    environment = {**installed, "CARILLON_TOKEN": "a-token", "CARILLON_SECRET": "a-secret"}
    done = subprocess.run(
        [sys.executable, "-m", "hub", "check", "--config", str(file)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "carillon" in done.stdout
