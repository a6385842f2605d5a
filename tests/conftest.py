"""Selects the tests of a run, and checks their needs."""

from __future__ import annotations

import shutil

import pytest

#: Tests that take long or need more than Python: `pytest` alone skips them, `make test` does not.
NOT_FAST = ("browser", "servers", "slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselects slow tests from plain `pytest`; tests named by a path or a marker run.

    The long forms run only when they are asked for: `pytest -m long`.
    """
    if config.option.markexpr:
        return
    is_named = config.args_source is not pytest.Config.ArgsSource.TESTPATHS
    left_out = ("long",) if is_named else ("long", *NOT_FAST)
    selected = [item for item in items if not any(map(item.get_closest_marker, left_out))]
    if len(selected) < len(items):
        config.hook.pytest_deselected(items=[item for item in items if item not in set(selected)])
        items[:] = selected


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fails a browser test where there is no Chromium, instead of skipping it silently."""
    if item.get_closest_marker("browser") and shutil.which("chromium") is None:
        pytest.fail("The browser tests need Chromium: sudo apt-get install chromium", pytrace=False)
