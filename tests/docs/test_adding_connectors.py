"""ADDING_CONNECTORS.md is followed to the letter: its files are a package that works.

Every block of code in the guide that is a file has the file's name in the line above it.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from hub import connector_kit
from hub.connectors import base, registry
from hub.errors import SendError
from tests.docs.pages import ROOT, Block, blocks, read

GUIDE = ROOT / "ADDING_CONNECTORS.md"
EXAMPLE = ROOT / "examples/hub-carillon"
NAME = re.compile(r"`([\w./-]+)`:")
FILES = {
    match[1]: block.code + "\n"
    for block in blocks(GUIDE)
    if (match := NAME.fullmatch(block.before))
}
NAMELESS = [
    block
    for block in blocks(GUIDE)
    if block.language in ("python", "toml", "json")
    and not NAME.fullmatch(block.before)
    and "not an excerpt" not in block.before
]


def test_every_block_of_code_in_the_guide_names_its_file() -> None:
    assert NAMELESS == []


@pytest.mark.parametrize("name", FILES)
def test_a_file_in_the_guide_is_the_one_of_the_example(name: str) -> None:
    assert (EXAMPLE / name).read_text() == FILES[name]


def test_the_guide_has_every_file_of_the_example_but_some_payloads() -> None:
    code = [*EXAMPLE.rglob("*.py"), *EXAMPLE.rglob("*.toml")]
    names = {file.relative_to(EXAMPLE).as_posix() for file in code}
    assert names - FILES.keys() == set()


def test_a_connector_imports_the_kit_and_its_tests_the_suite() -> None:
    modules = {
        module
        for code in FILES.values()
        for module in re.findall(r"^(?:from|import) (hub(?:\.\w+)*)(?= |$)", code, re.MULTILINE)
    }
    assert modules == {"hub.connector_kit", "hub.testing"}


def test_the_kit_lists_every_name_it_has() -> None:
    names = {name for name in vars(connector_kit) if not name.startswith("_")}
    assert names - {"annotations"} == set(connector_kit.__all__)
    assert sorted(connector_kit.__all__) == connector_kit.__all__


def test_the_guide_names_every_error_of_sending_and_every_ability() -> None:
    guide = read("ADDING_CONNECTORS.md")
    errors = [error.__name__ for error in SendError.__subclasses__()]
    abilities = [
        name
        for name, value in vars(base).items()
        if getattr(value, "_is_protocol", False) and value.__module__ == base.__name__
    ]
    assert len(abilities) > 5
    assert [name for name in errors + abilities if f"`{name}`" not in guide] == []
    assert [name for name in errors + abilities if name not in connector_kit.__all__] == []


# -- the package that the guide builds -------------------------------------------------------------


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that a reader of the guide has at its end."""
    folder = tmp_path_factory.mktemp("work") / "hub-carillon"
    for name, code in FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(code)
    return folder


@pytest.fixture(scope="module")
def installed(package: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a machine where the package of the guide is installed."""
    site = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--target", str(site)]
    subprocess.run([*pip, *options, str(package)], check=True, stdin=subprocess.DEVNULL)
    return {**os.environ, "PYTHONPATH": str(site)}


def commands_with_pytest() -> list[Block]:
    return [block for block in blocks(GUIDE, "") if "-m pytest" in block.code]


@pytest.mark.slow
def test_the_package_of_the_guide_passes_the_conformance_suite(
    package: Path, installed: dict[str, str]
) -> None:
    writing, running = (shlex.split(block.code) for block in commands_with_pytest())
    assert writing[0] == "CONNECTOR_CASES_WRITE=1"
    assert writing[1:] == running
    command = [sys.executable, *running[1:], "-p", "no:cacheprovider"]

    def run(**environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=package,
            env={**installed, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    run(CONNECTOR_CASES_WRITE="1")
    expected = sorted(package.glob("tests/payloads/*.expected.json"))
    assert expected
    for file in expected:
        assert file.read_text() == (EXAMPLE / "tests/payloads" / file.name).read_text()
    result = run()
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]
    assert " passed" in result.stdout
    assert "skipped" not in result.stdout


@pytest.mark.slow
def test_the_example_passes_the_conformance_suite(installed: dict[str, str]) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "examples/hub-carillon/tests"],
        cwd=ROOT,
        env=installed,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]
    assert " passed" in result.stdout
    assert "skipped" not in result.stdout


@pytest.mark.slow
def test_a_hub_finds_the_package_by_its_entry_point(
    installed: dict[str, str], tmp_path: Path
) -> None:
    assert "carillon" not in registry.kinds(), "the example must not be installed for the tests"
    (yaml,) = blocks(GUIDE, "yaml")
    file = tmp_path / "connectors.yaml"
    file.write_text(yaml.code)
    environment = {**installed, "CARILLON_TOKEN": "a-token", "CARILLON_SECRET": "a-secret"}
    result = subprocess.run(
        [sys.executable, "-m", "hub", "check", "--config", str(file)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert "carillon" in result.stdout
