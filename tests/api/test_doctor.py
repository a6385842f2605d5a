"""`hub doctor` says what is wrong and what to do, a line each; what the hub makes is private."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub import doctor
from hub.config import Config
from hub.doctor import Finding, examine
from hub.settings import Settings
from hub.store.engine import Store
from hub.store.migrate import migrate
from tests.api.test_commands import GOOD, wrote
from tests.api.test_commands import hub as command


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A hub that was started once, and left everything as it should be."""
    settings = Settings(data_dir=tmp_path / "data")
    settings.data_dir.chmod(0o700)
    store = Store(settings.database_url)
    migrate(store)
    store.close()
    for path in settings.data_dir.glob("hub.db*"):
        path.chmod(0o600)
    return settings


def examined(settings: Settings) -> dict[str, Finding]:
    """The findings by subject; the worst one where there are several."""
    order = ("ok", "warn", "fail")
    findings = examine(settings, Config, asks_providers=False)
    return {
        finding.subject: finding
        for finding in sorted(findings, key=lambda finding: order.index(finding.level))
    }


def run_sql(settings: Settings, statement: str, *values: object) -> None:
    with sqlite3.connect(settings.data_dir / "hub.db") as connection:
        connection.execute(statement, values)


def test_a_sound_hub_has_nothing_to_do(settings: Settings) -> None:
    findings = examined(settings)
    assert {"permissions", "disk", "descriptors", "database", "wal", "clock", "files"} <= set(
        findings
    )
    assert [finding for finding in findings.values() if finding.level == "fail"] == []


def test_what_others_can_read_is_named_with_the_command_that_ends_it(settings: Settings) -> None:
    (settings.data_dir / "hub.db").chmod(0o644)
    finding = examined(settings)["permissions"]
    assert finding.level == "fail"
    assert "hub.db" in finding.sentence and "chmod" in finding.sentence


def test_a_file_that_is_no_database_is_a_sentence(settings: Settings) -> None:
    (settings.data_dir / "hub.db").write_bytes(b"no database at all " * 100)
    finding = examined(settings)["database"]
    assert finding.level == "fail"
    assert "backup" in finding.sentence


def test_a_damaged_database_is_noticed(settings: Settings) -> None:
    path = settings.data_dir / "hub.db"
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 6] = b"\xff" * (4096 * 3)
    path.write_bytes(content)
    assert examined(settings)["database"].level == "fail"


@pytest.mark.parametrize(("version", "expected"), [("9999", "newer version"), ("0001", "schema")])
def test_a_schema_of_another_version_is_noticed(
    settings: Settings, version: str, expected: str
) -> None:
    run_sql(settings, "UPDATE alembic_version SET version_num = ?", version)
    finding = examined(settings)["database"]
    assert finding.level == "fail"
    assert expected in finding.sentence


def test_missing_files_are_counted(settings: Settings) -> None:
    run_sql(
        settings,
        "INSERT INTO attachment (uploader, medium, name, media_type, content_id, source, key,"
        " state, attempts, reason, created_at)"
        " VALUES ('', 'file', 'a', 'text/plain', '', '', ?, 'stored', 0, '', '2026-01-01')",
        "a" * 40,
    )
    finding = examined(settings)["files"]
    assert (finding.level, finding.sentence[:6]) == ("fail", "1 of t")


def test_a_clock_behind_the_newest_message_is_noticed(settings: Settings) -> None:
    at = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%d %H:%M:%S.%f")
    with sqlite3.connect(settings.data_dir / "hub.db") as connection:
        columns = connection.execute("PRAGMA table_info(message)").fetchall()
        required = {name: 0 for _, name, _, not_null, _, _ in columns if not_null}
        required |= {"created_at": at, "received_at": at}
        names = ", ".join(f'"{name}"' for name in required)
        marks = ", ".join("?" * len(required))
        connection.execute(
            f"INSERT INTO message ({names}) VALUES ({marks})", list(required.values())
        )
    assert examined(settings)["clock"].level == "fail"


def test_a_disk_that_is_nearly_full_is_noticed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "FULL_BYTES", 2**60)
    assert examined(settings)["disk"].level == "fail"


def test_a_redis_that_is_away_is_noticed(settings: Settings) -> None:
    away = settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    assert examined(away)["redis"].level == "fail"


@pytest.mark.servers
def test_the_command_exits_with_1_and_shows_no_traceback(tmp_path: Path) -> None:
    path = wrote(tmp_path, GOOD)
    assert command(tmp_path, "token", "create", "--name", "x").returncode == 0
    done = command(tmp_path, "doctor", "--config", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "connector website" in done.stdout
    (tmp_path / "connectors.yaml").write_text("connectors: {website: {kind: webchatt}}\n")
    done = command(tmp_path, "doctor", "--config", path)
    assert (done.returncode, done.stderr) == (1, "")
    assert "unknown kind, did you mean webchat?" in done.stdout


@pytest.mark.servers
def test_what_a_command_makes_is_for_its_own_user_alone(tmp_path: Path) -> None:
    assert command(tmp_path, "token", "create", "--name", "x").returncode == 0
    for path in (tmp_path / "data").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0
