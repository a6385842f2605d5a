"""What several connectors are tried against."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.sandbox import Sandbox
from tests.sandbox.conftest import Listener

# So that a failing promise of the conformance suite shows the values it compared.
pytest.register_assert_rewrite(
    "tests.connector_cases", "tests.connector_hooks", "tests.connector_tools"
)


@pytest.fixture
def hub() -> Iterator[Listener]:
    """What the stand-ins call."""
    listener = Listener()
    yield listener
    listener.stop()


@pytest.fixture
def sandbox(hub: Listener) -> Iterator[Sandbox]:
    with Sandbox(hub_url=hub.url, speed=200) as sandbox:
        yield sandbox
