"""The environment: where data lives, where the hub is reached, its secret."""

import stat
import threading
from pathlib import Path

import pytest

from hub.errors import ConfigError
from hub.settings import Settings, read_or_create_key

VARIABLES = (
    "HUB_DATABASE_URL", "HUB_REDIS_URL", "HUB_SECRET_KEY", "HUB_DATA_DIR", "HUB_PUBLIC_URL", "PORT",
    "HUB_PORT",
)  # fmt: skip


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory and none of our variables."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_any_variable_everything_has_a_place(here: Path) -> None:
    settings = Settings.load()
    assert settings.port == 8000
    assert settings.data_dir == here / "data"
    assert settings.database_url == f"sqlite:///{here}/data/hub.db"
    assert settings.redis_url is None
    assert settings.public_url == "http://localhost:8000"


def test_the_environment_decides(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PORT": "9001",
        "HUB_DATA_DIR": "elsewhere",
        "HUB_DATABASE_URL": "postgresql+psycopg2://u:p@db.example/hub",
        "HUB_REDIS_URL": "redis://r.example",
        "HUB_PUBLIC_URL": "https://chat.example/",
        "HUB_SECRET_KEY": "a key of our own",
    }.items():
        monkeypatch.setenv(name, value)
    settings = Settings.load()
    assert settings.port == 9001
    assert settings.data_dir == here / "elsewhere"
    assert settings.database_url == "postgresql+psycopg2://u:p@db.example/hub"
    assert settings.redis_url == "redis://r.example"
    assert settings.public_url == "https://chat.example"
    assert settings.secret_key.get_secret_value() == "a key of our own"
    assert not (here / "elsewhere" / "secret.key").exists()


@pytest.mark.parametrize("url", ["localhost:6379", "amqp://user:SESAME@mq.example", "http://r"])
def test_another_queue_than_redis_is_refused_without_showing_its_password(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("HUB_REDIS_URL", url)
    with pytest.raises(
        ConfigError, match="HUB_REDIS_URL: must be the address of a Redis"
    ) as caught:
        Settings.load()
    assert "SESAME" not in str(caught.value)


def test_the_public_address_follows_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9001")
    assert Settings.load().public_url == "http://localhost:9001"
    assert Settings.load(port=9002).public_url == "http://localhost:9002"


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "")
    assert Settings.load().port == 8000


def test_the_secret_key_is_made_once_and_kept_for_its_owner_alone(here: Path) -> None:
    first = Settings.load().secret_key
    file = here / "data" / "secret.key"
    assert len(first.get_secret_value()) >= 43
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert Settings.load().secret_key == first
    assert [entry.name for entry in (here / "data").iterdir()] == ["secret.key"]


def test_processes_that_start_together_agree_on_the_key(here: Path) -> None:
    barrier = threading.Barrier(8)
    keys = []

    def start() -> None:
        barrier.wait(10)
        keys.append(read_or_create_key(here / "data").get_secret_value())

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(keys) == 8
    assert len(set(keys)) == 1


def test_two_installations_have_two_keys(here: Path) -> None:
    assert read_or_create_key(here / "one") != read_or_create_key(here / "two")


def test_no_secret_is_in_a_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", "postgresql+psycopg2://u:SESAME@db.example/hub")
    monkeypatch.setenv("HUB_REDIS_URL", "redis://:SESAME@r.example")
    monkeypatch.setenv("HUB_SECRET_KEY", "SESAME")
    assert "SESAME" not in repr(Settings.load())
    assert "SESAME" not in str(Settings.load())


def test_everything_wrong_with_the_environment_is_said_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PORT", "SESAME")
    monkeypatch.setenv("HUB_PUBLIC_URL", "SESAME")
    with pytest.raises(ConfigError) as caught:
        Settings.load()
    assert [str(problem) for problem in caught.value.problems] == [
        "environment:0: PORT: must be a whole number",
        "environment:0: HUB_PUBLIC_URL: must be a web address such as https://chat.example.com",
    ]


def test_a_data_directory_that_cannot_be_made_is_a_problem(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "file").write_text("in the way")
    monkeypatch.setenv("HUB_DATA_DIR", str(here / "file"))
    with pytest.raises(ConfigError, match="HUB_DATA_DIR: cannot be used"):
        Settings.load()
