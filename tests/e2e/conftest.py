"""One real hub and one sandbox, with all five channels between them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.sandbox import Sandbox, demo_connectors
from tests.harness import RunningHub, free_port


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningHub, Sandbox]]:
    port = free_port()
    with Sandbox(hub_url=f"http://127.0.0.1:{port}") as sandbox:
        config = demo_connectors(sandbox.endpoints)
        with RunningHub(tmp_path_factory.mktemp("hub"), config, port=port) as hub:
            yield hub, sandbox


@pytest.fixture
def hub(world: tuple[RunningHub, Sandbox]) -> RunningHub:
    return world[0]


@pytest.fixture
def sandbox(world: tuple[RunningHub, Sandbox]) -> Sandbox:
    return world[1]
