"""What several connectors are tried against."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import Listener, listener, sandbox

__all__ = ["listener", "sandbox"]


@pytest.fixture
def hub(listener: Listener) -> Listener:
    """What the stand-ins call."""
    return listener
