"""The description of the API is true: every route is in it, and answers as it says."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from hub.app import App
from hub.config import load_config
from hub.settings import Settings
from tests.api.conftest import World, new_world
from tests.harness import RunningHub

pytestmark = pytest.mark.servers
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One of its own: whatever may be changed is changed here, the names of agents, too."""
    with new_world(tmp_path_factory.mktemp("asked-anything")) as world:
        yield world


@pytest.fixture(scope="session")
def description(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The document, and under `routes` what Flask really serves."""
    folder = tmp_path_factory.mktemp("description")
    (folder / "connectors.yaml").write_text("connectors: {}\n")
    app = App(
        Settings.load(data_dir=folder, database_url=f"sqlite:///{folder}/hub.db"),
        lambda: load_config(folder / "connectors.yaml", {}),
    )
    document = app.flask.test_client().get("/api/v1/openapi.json").get_json()
    document["routes"] = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method)
        for rule in app.flask.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/v1/") and not rule.rule.endswith("/openapi.json")
    }
    app.stop()
    return dict(document)


def operations(description: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method.upper(), operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]


def test_it_is_openapi_3_1_and_served_to_anybody(hub: RunningHub) -> None:
    answer = hub.request("GET", "/openapi.json", headers={"Authorization": ""})
    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.1.")


def test_it_lists_every_route(description: dict[str, Any]) -> None:
    listed = {(path, method) for path, method, _ in operations(description)}
    assert listed == description["routes"]


def test_every_operation_names_who_may_call_it(description: dict[str, Any]) -> None:
    schemes = description["components"]["securitySchemes"]
    assert schemes["token"]["scheme"] == "bearer"
    for path, method, operation in operations(description):
        if (path, method) == ("/api/v1/session", "POST"):
            assert operation["security"] == []
            continue
        by_token, by_cookie = operation["security"]
        assert by_token == {"token": []}
        assert ("csrf" in by_cookie) == (method != "GET"), path
        assert set(by_cookie) <= set(schemes)


def test_every_error_is_a_problem(description: dict[str, Any]) -> None:
    for path, method, operation in operations(description):
        errors = {s: r for s, r in operation["responses"].items() if s >= "400"}
        assert {"401", "422"} <= set(errors), (method, path)
        for answer in errors.values():
            assert list(answer["content"]) == ["application/problem+json"]
            schema = answer["content"]["application/problem+json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Problem"}
    assert "Problem" in description["components"]["schemas"]


#: Seconds that all the asking may take; what was not reached by then is asked less.
BUDGET = 20.0
EXAMPLES = 10


@pytest.fixture(scope="module")
def schema(world: World) -> Any:
    hub = world.hub
    # Something to find under small ids.
    with hub.visitor() as visitor:
        for number in range(3):
            visitor.says(f"hello {number}", f"c-{number}")
    return schemathesis.openapi.from_url(f"{hub.url}/api/v1/openapi.json")


def complaints(
    operation: Any, mode: GenerationMode, token: str, deadline: float, statuses: Counter[int]
) -> str:
    """What an operation does against its own description; "" for nothing."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=operation.as_strategy(generation_mode=mode),
        known=st.sampled_from(["1", "2", "3", None]),
    )
    def asks(case: Any, known: str | None) -> None:
        if known and "id" in (case.path_parameters or {}) and mode is GenerationMode.POSITIVE:
            case.path_parameters["id"] = known
        if time.monotonic() < deadline:
            response = case.call(headers={"Authorization": f"Bearer {token}"}, timeout=20)
            statuses[response.status_code] += 1
            case.validate_response(response, checks=CHECKS)

    try:
        asks()
    except (FailureGroup, Failure) as failure:
        return f"{operation.label} ({mode.value}): {failure}"
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, f"{operation.label}: nothing fits its description"
    return ""


def makes_something(operation: Any) -> bool:
    return "201" in operation.definition.raw["responses"]


def test_whatever_is_asked_is_answered_as_described(schema: Any, world: World) -> None:
    started_at = time.monotonic()
    statuses: Counter[int] = Counter()
    found = []
    operations_ = [result.ok() for result in schema.get_all_operations()]
    # Those that make something come first, and leave the others half of the time.
    for operation in sorted(operations_, key=lambda one: not makes_something(one)):
        deadline = started_at + (BUDGET / 2 if makes_something(operation) else BUDGET)
        if operation.path == "/api/v1/session":
            continue  # every example would cost an argon2 hash
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            found.append(complaints(operation, mode, world.hub.token, deadline, statuses))
    assert [one for one in found if one] == []
    # It asked things that can be answered, too.
    assert {200, 201, 404, 422} <= set(statuses), statuses
    print(statuses)
