"""Everything that has a name in the code has it in the docs."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import prometheus_client
import pytest

from hub import metrics
from hub.app import App
from hub.cli import cli
from hub.config import config_schema, load_config
from hub.connectors import registry
from hub.errors import HubError
from hub.schema import events
from hub.settings import Settings
from hub.testing.hooks import fields_of
from tests.docs.pages import ROOT, is_named, prose, read

API = "docs/api.md"
OPERATIONS = "docs/operations.md"
CONFIGURATION = "docs/configuration.md"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("hub")
    file = folder / "connectors.yaml"
    file.write_text("connectors: {website: {kind: webchat}}\n")
    url = f"sqlite:///{folder / 'hub.db'}"
    made = App(
        Settings.load(data_dir=folder, database_url=url), lambda: load_config(file, os.environ)
    )
    yield made
    made.stop()


def unnamed(words: Iterator[str] | list[str] | set[str], *pages: str) -> list[str]:
    return sorted(word for word in set(words) if not is_named(word, *pages))


# -- commands ------------------------------------------------------------------------------------


def commands(group: click.Command, at: str = "hub") -> Iterator[tuple[str, click.Command]]:
    if isinstance(group, click.Group):
        for name, command in group.commands.items():
            yield from commands(command, f"{at} {name}")
    else:
        yield at, group


def test_every_command_is_explained() -> None:
    assert unnamed([name for name, _ in commands(cli)], OPERATIONS) == []


def test_every_command_that_is_named_is_there() -> None:
    there = {name.split()[1] for name, _ in commands(cli)}
    text = "\n".join(prose(ROOT / page) for page in ("README.md", OPERATIONS, CONFIGURATION))
    named = set(re.findall(r"`hub ([a-z]+)[^`]*`", text))
    assert named
    assert named <= there


@pytest.mark.parametrize(("name", "command"), list(commands(cli)), ids=lambda value: str(value))
def test_every_option_is_explained(name: str, command: click.Command) -> None:
    options = [
        option
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
        if option.startswith("--")
    ]
    assert unnamed(options, "README.md", OPERATIONS, API, CONFIGURATION) == []


# -- configuration -------------------------------------------------------------------------------


def variables() -> list[str]:
    return ["PORT" if name == "port" else f"HUB_{name.upper()}" for name in Settings.model_fields]


def test_every_environment_variable_is_explained() -> None:
    assert unnamed(variables(), CONFIGURATION) == []
    assert unnamed(variables(), OPERATIONS) == []


def test_every_environment_variable_that_is_named_is_there() -> None:
    for page in ("README.md", CONFIGURATION, OPERATIONS):
        assert set(re.findall(r"\bHUB_[A-Z_]+", read(page))) <= set(variables()), page


def test_every_section_of_the_file_is_explained() -> None:
    assert unnamed(list(config_schema()["properties"]), CONFIGURATION) == []


@pytest.mark.parametrize("kind", sorted(registry.kinds()))
def test_every_key_of_a_kind_is_explained(kind: str) -> None:
    keys = {path.split(".")[-1] for path, _ in fields_of(registry.kind(kind).Config)}
    assert unnamed(keys, CONFIGURATION) == []


# -- errors --------------------------------------------------------------------------------------


def codes_of_classes(kind: type[HubError] = HubError) -> Iterator[str]:
    yield kind.code
    for one in kind.__subclasses__():
        if one.__module__.startswith("hub."):
            yield from codes_of_classes(one)


def codes_in_calls() -> Iterator[str]:
    """Codes that are said without a class: problems, refused acknowledgements and sockets."""
    places = {"problem": 1, "refused": 0, "ConnectionRefusedError": 0}
    for path in (ROOT / "hub/inbox").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                place = places.get(node.func.id)
                if place is not None and len(node.args) > place:
                    code = node.args[place]
                    if isinstance(code, ast.Constant) and isinstance(code.value, str):
                        yield code.value


def test_every_error_code_is_explained(app: App) -> None:
    assert unnamed(codes_of_classes(), API) == []
    found = set(codes_in_calls())
    assert {"internal", "connector_unknown"} <= found, "the search finds too little"
    assert unnamed(found, API) == []


# -- what goes over the wire ---------------------------------------------------------------------


def emitted() -> Iterator[str]:
    """Names in `emit("name", ...)`: the events that one socket alone gets."""
    for path in (ROOT / "hub/inbox").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(attr="emit"), args=[ast.Constant(value), *_]):
                    yield str(value)


def test_every_event_of_the_server_is_explained() -> None:
    named: list[Any] = [event.name for event in events.ALL]  # type: ignore[attr-defined]
    assert unnamed(named, API) == []
    assert "session" in set(emitted())
    assert unnamed(emitted(), API) == []


def test_every_field_of_an_event_is_named_beside_it() -> None:
    said = read(API).partition("### What the server says")[2].partition("###")[0]
    rows = dict(re.findall(r"^\| `([a-z.]+)` \| `\{([^}]*)\}", said, re.MULTILINE))
    for event in events.ALL:
        fields = set(event.model_fields)
        told = set(re.findall(r"\w+", rows[event.name]))  # type: ignore[attr-defined]
        assert fields == told, event


@pytest.mark.parametrize("namespace", ["/agent", "/visitor"])
def test_every_event_of_a_client_is_explained(app: App, namespace: str) -> None:
    handled = set(app.socketio.server.namespace_handlers[namespace].events)
    assert "message.send" in handled
    said = read(API).partition("### What a client says")[2]
    rows = re.findall(r"^\| `([a-z.]+)` \|.*\| (both|`[^`]+`) \|$", said, re.MULTILINE)
    assert {name for name, where in rows if where in ("both", f"`{namespace}`")} == handled


def test_every_route_of_the_api_is_explained_and_no_other(app: App) -> None:
    document = app.flask.test_client().get("/api/v1/openapi.json").get_json()
    there = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, operations in document["paths"].items()
        for method in operations
    }
    told = set(re.findall(r"^\| `([A-Z]+ /[^`]+)` \|", read(API), re.MULTILINE))
    assert there
    assert told == there


def test_every_page_for_machines_is_explained(app: App) -> None:
    rules = {rule.rule for rule in app.flask.url_map.iter_rules()}
    assert {"/healthz", "/readyz", "/metrics"} <= rules
    assert unnamed(["/healthz", "/readyz", "/metrics"], OPERATIONS) == []


def test_every_metric_is_explained() -> None:
    made = [
        one
        for one in vars(metrics).values()
        if isinstance(one, prometheus_client.metrics.MetricWrapperBase)
    ]
    names = [
        sample.name
        if sample.type == "gauge"
        else sample.name + "_total" * (sample.type == "counter")
        for one in made
        for sample in one.collect()
    ]
    assert "hub_inbound_events_total" in names
    assert unnamed(names, OPERATIONS) == []


def test_pages_are_where_tests_look_for_them() -> None:
    assert all((ROOT / page).exists() for page in (API, OPERATIONS, CONFIGURATION))
    assert Path(ROOT / "hub").is_dir()
