"""What holds for every test."""

from __future__ import annotations

import shutil

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test that needs a browser says so where there is none; it is never skipped in silence."""
    if item.get_closest_marker("browser") and shutil.which("chromium") is None:
        pytest.fail("The browser tests need Chromium: sudo apt-get install chromium", pytrace=False)
