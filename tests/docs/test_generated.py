"""What is generated and committed is up to date."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from hub.inbox.api.json_schema import schema
from tests.docs.pages import ROOT

UI = ROOT / "hub/inbox/ui"
NODE = shutil.which("node") or str(ROOT / ".venv/node/node")


def test_the_front_end_knows_every_shape_and_event(tmp_path: Path) -> None:
    # The generator writes beside itself, so it gets a place of its own to stand in.
    (tmp_path / "dev").mkdir()
    (tmp_path / "src/shared").mkdir(parents=True)
    shutil.copy(UI / "dev/types.mjs", tmp_path / "dev/types.mjs")
    (tmp_path / "node_modules").symlink_to(UI / "node_modules")
    (tmp_path / "schema.json").write_text(json.dumps(schema()))
    subprocess.run([NODE, "dev/types.mjs", "schema.json"], cwd=tmp_path, check=True)
    made = (tmp_path / "src/shared/events.gen.ts").read_text()
    assert made == (UI / "src/shared/events.gen.ts").read_text(), "run `make events`"
