"""Reads YAML into plain values, and keeps the line of each value.

Every scalar stays text as it stands in the file; its model decides what it means. So an unquoted
`+15005550006` keeps its plus, `page_id: 1` is the text "1", and a date is not converted.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from hub.config.interpolate import interpolate

Path = tuple[str | int, ...]

MAX_DEPTH = 30
#: Aliases of aliases of aliases grow a small file into a huge one.
MAX_VALUES = 100_000
_NULL = ("", "~", "null", "Null", "NULL")
_PLAIN_TAGS = ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge", "value")


class Spot(NamedTuple):
    """A place in the file, counted from 1."""

    line: int
    column: int


class Finding(NamedTuple):
    """A problem of one value. `unset`: the problem is only that a variable is not set."""

    path: Path
    spot: Spot
    message: str
    unset: bool = False


@dataclass(slots=True)
class Tree:
    """A file as values.

    Args:
        value: mappings, lists, texts and None.
        spots: the place of each value's key, by path.
        findings: the problems that reading alone found.
        from_environment: every text that came from a variable; no message shows it.
    """

    value: Any = None
    spots: dict[Path, Spot] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    from_environment: set[str] = field(default_factory=set)

    def spot(self, path: Path) -> Spot:
        """Where a value stands, or else the nearest one around it."""
        while path and path not in self.spots:
            path = path[:-1]
        return self.spots.get(path, Spot(1, 1))


def read(text: str, environ: Mapping[str, str]) -> Tree:
    """Reads one YAML document and fills in its variables. Does not raise: see `Tree.findings`."""
    tree = Tree()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ReusedAnchorWarning)
            root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        spot = Spot(mark.line + 1, mark.column + 1) if mark else Spot(1, 1)
        tree.findings.append(Finding((), spot, _syntax(str(error.problem or ""))))
    except RecursionError:
        tree.findings.append(Finding((), Spot(1, 1), "nested far too deep"))
    except (YAMLError, ValueError, ArithmeticError):
        # A control character, or an escape beyond Unicode; the reader does not say where.
        tree.findings.append(Finding((), Spot(1, 1), "has characters that YAML does not allow"))
    else:
        if root is not None:
            _Builder(tree, environ).build(root)
    return tree


def _syntax(problem: str) -> str:
    """Our message for the parser's: the parser quotes the file, which may be a part of a secret."""
    for fragment, message in _SYNTAX.items():
        if fragment in problem:
            return message
    return "this is not valid YAML"


#: A part of the parser's message -> our message. The first that fits counts.
_SYNTAX = {
    "'\\t'": "not valid YAML: indent with spaces, not with tabs",
    "cannot start any token": "not valid YAML: put this value in quotes",
    "mapping values are not allowed": "not valid YAML: a second colon here; put the value in "
    "quotes, or check the indentation",
    "undefined alias": "not valid YAML: a value that starts with * needs quotes",
    "another document": "the file may hold one document only: take out the `---`",
    "unexpected end of stream": "not valid YAML: a quote is opened and never closed",
    "'<stream end>'": "not valid YAML: a bracket or brace is opened and never closed",
    "could not find expected ':'": "not valid YAML: a colon is missing after the key",
    "<block end>": "not valid YAML: check the indentation",
    "',' or": "not valid YAML: a comma, bracket or brace is missing",
    "tag": "not valid YAML: a value that starts with ! needs quotes",
}


class _Builder:
    """Turns the parser's nodes into the values of a tree. For one use."""

    def __init__(self, tree: Tree, environ: Mapping[str, str]) -> None:
        self._tree = tree
        self._environ = environ
        self._count = 0
        self._stopped = False

    def build(self, root: Node) -> None:
        self._tree.spots[()] = _spot(root)
        self._tree.value = self._value(root, ())

    def _value(self, node: Node, path: Path) -> Any:
        self._count += 1
        if self._stopped:
            return None
        if len(path) > MAX_DEPTH or self._count > MAX_VALUES:
            self._stopped = True
            self._add_finding(path, _spot(node), "nested far too deep, or far too long")
            return None
        kind = str(node.tag or "").removeprefix("tag:yaml.org,2002:")
        if kind not in _PLAIN_TAGS:
            self._add_finding(path, _spot(node), "a value that starts with ! needs quotes")
            return None
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return self._sequence(node, path)
        assert isinstance(node, ScalarNode)
        return self._scalar(node, path)

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            spot = _spot(key_node)
            if not isinstance(key_node, ScalarNode):
                self._add_finding(path, spot, "a key must be plain text")
                continue
            key = str(key_node.value)
            key_path = (*path, key)
            if key in values:
                first = self._tree.spots[key_path].line
                self._add_finding(key_path, spot, f"written twice, first in line {first}")
                continue
            if key == "<<":
                self._add_finding(
                    key_path, spot, "merging is not understood here: write the keys out"
                )
                continue
            self._tree.spots[key_path] = spot
            value = self._value(value_node, key_path)
            if value != "" or not _has_variable(value_node):
                values[key] = value
        return values

    def _sequence(self, node: SequenceNode, path: Path) -> list[Any]:
        values = []
        for index, item in enumerate(node.value):
            item_path = (*path, index)
            self._tree.spots[item_path] = _spot(item)
            values.append(self._value(item, item_path))
        return values

    def _scalar(self, node: ScalarNode, path: Path) -> str | None:
        text = str(node.value)
        if node.style is None and text in _NULL:
            return None
        filled = interpolate(text, self._environ)
        spot = self._tree.spot(path)
        self._tree.from_environment.update(filled.values)
        if filled.broken:
            self._add_finding(
                path,
                spot,
                "a ${ without its name and }: write ${NAME}, or $${ for the signs as such",
            )
        for name in filled.unset:
            remedy = (
                "turn the connector off with enabled: false"
                if path[:1] == ("connectors",)
                else f"write ${{{name}:-default}}"
            )
            message = f"the environment variable {name} is not set: set it, or {remedy}"
            self._tree.findings.append(Finding(path, spot, message, unset=True))
        return filled.text

    def _add_finding(self, path: Path, spot: Spot, message: str) -> None:
        self._tree.findings.append(Finding(path, spot, message))


def _has_variable(node: Node) -> bool:
    return isinstance(node, ScalarNode) and "${" in node.value


def _spot(node: Node) -> Spot:
    return Spot(node.start_mark.line + 1, node.start_mark.column + 1)
