"""What holds for every test."""

from __future__ import annotations

import shutil

import pytest

#: What takes long or needs more than Python; `pytest` alone leaves it out, `make test` does not.
NOT_FAST = ("browser", "servers", "slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`pytest` alone runs the fast tests; whatever is named, by a path or a marker, runs.

    The long forms run only when they are asked for: `pytest -m long`.
    """
    if config.option.markexpr:
        return
    is_named = config.args_source is not pytest.Config.ArgsSource.TESTPATHS
    left_out = ("long",) if is_named else ("long", *NOT_FAST)
    kept = [one for one in items if not any(map(one.get_closest_marker, left_out))]
    if len(kept) < len(items):
        config.hook.pytest_deselected(items=[one for one in items if one not in set(kept)])
        items[:] = kept


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test that needs a browser says so where there is none; it is never skipped in silence."""
    if item.get_closest_marker("browser") and shutil.which("chromium") is None:
        pytest.fail("The browser tests need Chromium: sudo apt-get install chromium", pytrace=False)
