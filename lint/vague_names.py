"""Finds names that do not say what they hold.

    .venv/bin/python lint/vague_names.py             all that `make lint` checks
    .venv/bin/python lint/vague_names.py hub/router  any folders or files

A name is checked where it is made: variables, parameters, attributes, functions, classes, modules.
Where a vague word is right (a provider's own field, a key of the API), the line says why:

    own: bool = False  # vague-name: public field of the connector contract
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent

#: What is checked.
CHECKED = ("bench", "hub", "lint")

#: Alembic's files keep the names under which they once ran.
NOT_CHECKED = ("hub/store/migrations/", "hub/inbox/ui/", "hub/inbox/static/")

#: Vague when they are the whole name. In a compound they may be right: `kept_until`, `is_done`.
ALONE = {
    # Participles say what happened to a value, not what it is: `conversation`, not `found`.
    "found", "said", "told", "given", "made", "asked", "seen", "kept", "taken", "done", "gone",
    # Pronouns stand for a noun that the reader then has to look for.
    "it", "one", "ones", "own", "other", "others", "both", "rest", "here", "there", "which",
    "what", "who", "whom", "whose",
    # A text, a label, a template or a token is meant, seldom a word.
    "word", "words",
}  # fmt: skip

#: Vague wherever they stand in a name: they name nobody and nothing.
ANYWHERE = {
    "somebody", "someone", "anybody", "anyone", "nobody", "everybody", "everyone", "whoever",
    "thing", "things", "something", "anything", "everything", "whatever",
}  # fmt: skip

#: Names of modules that would hold anything; a module is named after a thing of the domain.
MODULES = {"utils", "util", "helpers", "common", "misc"}

_REASON = re.compile(r"#.*\bvague-name: \S")
_NAME_PART = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")


class VagueName(NamedTuple):
    """A name that does not say what it holds, at a line that an editor can jump to."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        shown = self.path.relative_to(ROOT) if self.path.is_relative_to(ROOT) else self.path
        return f"{shown}:{self.line}: {self.message}"


def is_vague(name: str) -> bool:
    """Whether a name in snake_case or CamelCase does not say what it holds."""
    if name == "now_":
        return True
    parts = [part.lower() for part in _NAME_PART.findall(name)]
    return "_".join(parts) in ALONE or any(part in ANYWHERE for part in parts)


def vague_names(path: Path) -> list[VagueName]:
    """Every vague name that one module makes, in the order of its lines."""
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    tree = ast.parse(source)
    vague = {
        VagueName(path, line, f"{kind} `{name}` does not say what it holds")
        for kind, name, line in _names(tree)
        if is_vague(name)
    }
    vague.update(
        VagueName(path, line, f"`{name}: Any` hides what the row holds: give it a type")
        for name, line in _untyped_rows(tree)
    )
    module = path.parent.name if path.stem == "__init__" else path.stem
    if is_vague(module) or module in MODULES:
        vague.add(VagueName(path, 1, f"module `{module}` does not say what it holds"))
    return sorted(item for item in vague if not lines or not _REASON.search(lines[item.line - 1]))


def _names(tree: ast.Module) -> Iterator[tuple[str, str, int]]:
    """Kind, name and line of every name that a module makes."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name):
                yield "class", name, node.lineno
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield "function", name, node.lineno
                yield from _parameters(node.args, is_operator=name.startswith("__"))
            case ast.Lambda(args=arguments):
                yield from _parameters(arguments, is_operator=False)
            case ast.Name(id=name, ctx=ast.Store()):
                yield "variable", name, node.lineno
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield "attribute", name, node.lineno
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                yield "variable", name, node.lineno
            case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                yield "variable", name, node.lineno
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                for alias in aliases:
                    if alias.asname:
                        yield "import", alias.asname, alias.lineno
            case _:
                pass


def _parameters(arguments: ast.arguments, *, is_operator: bool) -> Iterator[tuple[str, str, int]]:
    optional = [arg for arg in (arguments.vararg, arguments.kwarg) if arg is not None]
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *optional]
    for argument in every:
        # `__eq__(self, other)` is how the language names it.
        if not (is_operator and argument.arg == "other"):
            yield "parameter", argument.arg, argument.lineno


def _untyped_rows(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        match node:
            case ast.arg(arg="row" as name, annotation=ast.Name(id="Any")):
                yield name, node.lineno
            case ast.AnnAssign(target=ast.Name(id="row" as name), annotation=ast.Name(id="Any")):
                yield name, node.lineno
            case _:
                pass


def modules(names: list[str]) -> Iterator[Path]:
    """The Python modules under folders, or the files themselves.

    Raises:
        SystemExit: a name leads to no file or folder.
    """
    for name in names:
        place = ROOT / name
        if not place.exists():
            raise SystemExit(f"lint/vague_names.py: there is no {name}")
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            if not any(part in path.as_posix() for part in NOT_CHECKED):
                yield path


def main(names: list[str]) -> int:
    vague = [item for path in modules(names or list(CHECKED)) for item in vague_names(path)]
    for item in vague:
        print(item)
    if vague:
        print(
            f"{len(vague)} vague names. Say what each holds; where the word is right, end the line "
            "with `# vague-name: REASON`."
        )
    return 1 if vague else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
