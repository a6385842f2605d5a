"""What an idle hub holds in memory: no library that it does not use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bench.servers import CONFIG

#: Each costs megabytes. Worker processes, their first use, and extras may import them.
NOT_AT_START = (
    "aiohttp",
    "alembic",
    "authlib",
    "charset_normalizer",
    "cryptography",
    "inscriptis",
    "lxml",
    "nh3",
    "psycopg2",
    "pygments",
    "redis",
    "rich",
    "segno",
)
START = """\
import os, sys
from pathlib import Path
from hub import runtime
runtime.patch()
import hub.cli, hub.serving
from hub.app import App
from hub.config import load_config
from hub.settings import Settings
App(Settings.load(), lambda: load_config(Path(sys.argv[1]), os.environ))
print(*(name for name in sys.argv[2:] if sys.modules.get(name)))
"""


def test_a_hub_with_five_channels_imports_no_library_that_it_does_not_use(tmp_path: Path) -> None:
    config = tmp_path / "connectors.yaml"
    config.write_text(CONFIG)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HUB_")},
        "HUB_DATA_DIR": str(tmp_path / "data"),
    }
    completed = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", START, str(config), *NOT_AT_START],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert completed.stdout.split() == []
