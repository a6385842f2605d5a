"""What a newcomer reads works as it is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from hub.config import load_config
from hub.connectors import registry
from lint import code_links, tower_picture
from tests.docs.pages import PAGES, ROOT, Block, anchors, blocks, links, name_of, read

YAML_BLOCKS = [block for page in PAGES for block in blocks(page, "yaml")]


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", read("Makefile"), re.MULTILINE))


def test_readme_opens_with_the_two_commands() -> None:
    first = blocks(ROOT / "README.md")[0]
    assert read("README.md").startswith("# Hub\n\n```\nmake run")
    assert [line.split("#")[0].strip() for line in first.code.splitlines()] == [
        "make run",
        "make test",
    ]


def test_every_make_target_that_is_named_is_there() -> None:
    named = {
        target
        for page in PAGES
        for target in re.findall(r"(?:^|`|&& )make ([a-z][a-z-]*)", page.read_text(), re.MULTILINE)
    }
    assert {"install", "run", "test", "bench"} <= named
    assert named <= make_targets()


def test_ci_runs_what_readme_says() -> None:
    assert read(".ci/run").rstrip().splitlines()[-1] == "make test"


@pytest.mark.parametrize("page", ["README.md", "docs/benchmarks.md"])
def test_the_benchmark_has_its_place(page: str) -> None:
    text = read(page)
    assert text.count("<!-- bench:start -->") == text.count("<!-- bench:end -->") == 1
    assert text.index("<!-- bench:start -->") < text.index("<!-- bench:end -->")


def test_the_readme_quotes_five_rows_of_the_benchmarks() -> None:
    quoted, rows = (
        re.findall(
            r"^\| (?!what|---).*$", read(page).split("<!-- bench:start -->")[1], re.MULTILINE
        )
        for page in ("README.md", "docs/benchmarks.md")
    )
    assert len(quoted) == 5
    assert set(quoted) <= set(rows)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        is_code = target.suffix == ".py"  # its lines are checked by name, below
        if not target.exists() or (anchor and not is_code and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_links_into_the_code_lead_to_the_line_that_defines_the_name() -> None:
    problems: list[str] = []
    for page in code_links.pages():
        code_links.corrected(page, problems)
    assert problems == []
    assert len(code_links.CODE_LINK.findall(read("docs/tour.md"))) > 40


def test_a_link_to_a_name_that_is_not_defined_is_a_problem(tmp_path: Path) -> None:
    code = tmp_path / "code.py"
    code.write_text("LIMIT = 1\n\n\nclass Box:\n    def open(self) -> None: ...\n")
    assert code_links.line_of(code, "LIMIT") == 1
    assert code_links.line_of(code, "Box.open") == 5
    assert code_links.line_of(code, "close") is None


def test_the_picture_of_the_tower_is_drawn_from_the_import_contract() -> None:
    page = read("docs/architecture.md")
    assert tower_picture.drawn(page) == page
    assert [
        floor for floor in tower_picture.floors() if floor[0] in ("conversations", "contacts")
    ] == [["conversations"], ["contacts"]]


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=name_of)
def test_the_index_leads_to_every_page(page: Path) -> None:
    index = ROOT / "docs/index.md"
    reached = {(index.parent / link.partition("#")[0]).resolve() for link in links(index)}
    assert page == index or page in reached


@pytest.mark.parametrize("block", YAML_BLOCKS, ids=str)
def test_yaml_is_yaml(block: Block) -> None:
    assert isinstance(YAML(typ="safe").load(block.code), dict | list | None)


def whole_files() -> list[Block]:
    return [
        block
        for block in YAML_BLOCKS
        if block.code.startswith("connectors:")
        and set(re.findall(r"kind: ?(\w+)", block.code)) <= registry.kinds().keys()
    ]


@pytest.mark.parametrize("block", whole_files(), ids=str)
def test_a_connectors_file_in_the_docs_passes_the_check(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "connectors.yaml"
    path.write_text(block.code)
    named = re.findall(r"\$\{(\w+)", block.code)
    environment = {name: "AC123" for name in named} | {"TELEGRAM_TOKEN": "123:abcdefgh"}
    assert load_config(path, environment, thorough=True).connectors


def test_there_are_files_to_check() -> None:
    assert {name_of(block.page) for block in whole_files()} >= {"README.md"}


def test_the_procfile_starts_both_halves() -> None:
    lines = dict(line.split(": ", 1) for line in read("Procfile").splitlines())
    assert lines["web"].endswith("hub serve --host 0.0.0.0 --port $PORT --no-worker")
    assert lines["worker"].endswith("hub worker")
