"""What several connectors are tried against."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import Listener, listener, sandbox

__all__ = ["listener", "sandbox"]

# So that a failing promise of the conformance suite shows the values it compared.
pytest.register_assert_rewrite(
    "tests.connector_cases", "tests.connector_hooks", "tests.connector_tools"
)


@pytest.fixture
def hub(listener: Listener) -> Listener:
    """What the stand-ins call."""
    return listener
