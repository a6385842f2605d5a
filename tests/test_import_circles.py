"""No import leads in a circle, between modules or between packages.

Python runs a circle of imports as long as nothing of it is needed too early; a reader can start
nowhere. All imports count: those inside functions and those for the type checker alone too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Set
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PRODUCT = "hub"


Graph = Mapping[str, Set[str]]


def modules_of(root: Path, package: str) -> dict[str, Path]:
    """The dotted name and the file of each module; a package stands for its `__init__`."""
    names = {}
    for path in sorted((root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def imports_in(tree: ast.AST, module: str, *, is_package: bool) -> Iterator[tuple[str, str]]:
    """Base and name of each import wherever it stands: `from a.b import c` is ("a.b", "c")."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    yield alias.name, ""
            case ast.ImportFrom(module=base, names=aliases, level=level):
                above = module.split(".")[: len(module.split(".")) - level + is_package]
                start = [*above, base] if level else [base]
                for alias in aliases:
                    yield ".".join(part for part in start if part), alias.name
            case _:
                pass


def module_graph(modules: Mapping[str, Path]) -> dict[str, set[str]]:
    """For each module the modules of ours that it imports."""
    graph: dict[str, set[str]] = {}
    for module, path in modules.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = {
            name if (name := f"{base}.{item}") in modules else base
            for base, item in imports_in(tree, module, is_package=path.stem == "__init__")
        }
        graph[module] = {name for name in imported if name in modules} - {module}
    return graph


def package_graphs(graph: Graph) -> dict[str, dict[str, set[str]]]:
    """For each package the graph of its own modules and packages.

    A package in it stands for all that lies in it, at any depth; the package's own `__init__`
    stands beside them under the name of the package.
    """
    packages = {parent for module in graph for parent in parents_of(module)}
    graphs = {}
    for package in packages:
        children: dict[str, set[str]] = {}
        for module, imported in graph.items():
            if is_in(module, package):
                edges = children.setdefault(child_of(module, package), set())
                edges |= {child_of(name, package) for name in imported if is_in(name, package)}
        graphs[package] = {child: edges - {child} for child, edges in children.items()}
    return graphs


def parents_of(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def child_of(module: str, package: str) -> str:
    depth = package.count(".") + 2
    return ".".join(module.split(".")[:depth])


def circles_in(graph: Graph) -> list[list[str]]:
    """The groups of names of which each leads to each other, sorted (Tarjan's algorithm)."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    circles = []

    def visit(name: str) -> None:
        order[name] = lowest[name] = len(order)
        stack.append(name)
        for imported in sorted(graph.get(name, ())):
            if imported not in order:
                visit(imported)
                lowest[name] = min(lowest[name], lowest[imported])
            elif imported in stack:
                lowest[name] = min(lowest[name], order[imported])
        if lowest[name] == order[name]:
            start = stack.index(name)
            if len(stack) - start > 1:
                circles.append(sorted(stack[start:]))
            del stack[start:]

    for name in sorted(graph):
        if name not in order:
            visit(name)
    return sorted(circles)


def arrows_of(circle: list[str], graph: Graph) -> list[str]:
    """The imports that make a circle, for the message of a failing test."""
    return [f"{name} -> {other}" for name in circle for other in sorted(graph[name] & {*circle})]


@pytest.fixture(scope="module")
def graph() -> dict[str, set[str]]:
    return module_graph(modules_of(ROOT, PRODUCT))


def test_no_modules_import_each_other_in_a_circle(graph: Graph) -> None:
    assert [arrows_of(circle, graph) for circle in circles_in(graph)] == []


def test_no_packages_import_each_other_in_a_circle(graph: Graph) -> None:
    circles = {
        package: [arrows_of(circle, children) for circle in circles_in(children)]
        for package, children in package_graphs(graph).items()
    }
    assert {package: members for package, members in circles.items() if members} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import shop.orders",
        "from shop import orders",
        "from shop.orders import Order",
        "from . import orders",
        "from .orders import Order",
        "def total():\n    from shop.orders import Order",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from shop.orders import Order",
    ],
)
def test_an_import_counts_wherever_it_stands(tmp_path: Path, source: str) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/__init__.py").write_text("")
    (tmp_path / "shop/orders.py").write_text("import shop.prices")
    (tmp_path / "shop/prices.py").write_text(source)
    graph = module_graph(modules_of(tmp_path, "shop"))
    assert circles_in(graph) == [["shop.orders", "shop.prices"]]


def test_two_packages_can_be_circular_where_no_two_modules_are() -> None:
    graph = {
        "shop": set[str](),
        "shop.web.pages": {"shop.stock.shelves"},
        "shop.stock.shelves": set[str](),
        "shop.stock.alarms": {"shop.web.texts"},
        "shop.web.texts": set[str](),
    }
    assert circles_in(graph) == []
    assert circles_in(package_graphs(graph)["shop"]) == [["shop.stock", "shop.web"]]
