"""The settings from the environment: where data is stored, the hub's address, its secret.

Channels and teams are configured in `connectors.yaml`; see `docs/configuration.md`.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.config.validation_messages import validation_message
from hub.errors import ConfigError, Problem

KEY_FILE = "secret.key"


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be a web address such as https://chat.example.com")
    return value.rstrip("/")


def _redis_address(value: str) -> str:
    if urlsplit(value).scheme not in ("redis", "rediss", "unix"):
        raise ValueError("must be the address of a Redis server such as redis://localhost:6379/0")
    return value


def _absolute(value: Path) -> Path:
    return value.expanduser().absolute()


class Settings(BaseSettings):
    """The settings, read once. The first use of a data directory creates its secret key."""

    model_config = SettingsConfigDict(
        env_prefix="HUB_",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    port: int = Field(
        8000,
        ge=0,
        le=65535,
        validation_alias=AliasChoices("PORT", "port"),
        description="Where the web server listens.",
    )
    data_dir: Annotated[Path, AfterValidator(_absolute)] = Field(
        default=Path("data"),
        validate_default=True,
        description="The folder for the database, uploads and the secret key. "
        "A relative one starts at the working directory.",
    )
    database_url: str = Field(
        default_factory=lambda data: f"sqlite:///{data['data_dir'] / 'hub.db'}",
        repr=False,
        description="`sqlite:///...` or `postgresql+psycopg2://...`.",
    )
    redis_url: Annotated[str, AfterValidator(_redis_address)] | None = Field(
        None, repr=False, description="Redis for more than one process; none means one process."
    )
    trusted_proxies: int = Field(
        0,
        ge=0,
        le=10,
        description="How many reverse proxies of yours stand before the hub. So many entries of "
        "`X-Forwarded-For` are believed; with 0 the limits by address count the proxy itself.",
    )
    max_connections: int = Field(
        8000,
        ge=10,
        description="How many connections may be open at once; more are answered with 503. The "
        "limit of open files of the process bounds it too.",
    )
    max_connections_per_address: int = Field(
        1000,
        ge=1,
        description="How many connections one client address may have; this machine's own are not "
        "limited. Behind trusted proxies the requests of each client are counted.",
    )
    header_seconds: float = Field(
        15, gt=0, description="How long a client may take to send the head of a request."
    )
    keep_alive_seconds: float = Field(
        75, gt=0, description="How long an idle connection stays open for the next request."
    )
    max_header_bytes: int = Field(
        32 * 1024, ge=1024, description="The longest head of a request, in bytes."
    )
    body_grace_seconds: float = Field(
        15,
        gt=0,
        description="How long a client may take to send the body of a request, beside the time "
        "that `HUB_MIN_BODY_RATE` gives it.",
    )
    min_body_rate: int = Field(
        4096, ge=1, description="How many bytes of a body a client has to send a second."
    )
    body_memory_mb: int = Field(
        128, ge=1, description="What the bodies of all requests together may hold in memory, in MB."
    )
    body_disk_mb: int = Field(
        512, ge=1, description="What bodies that still arrive may hold on disk together, in MB."
    )
    socket_join_seconds: float = Field(
        15,
        gt=0,
        description="How long a socket may stay open before it joins a chat or the inbox.",
    )
    public_url: Annotated[str, AfterValidator(_web_address)] = Field(
        default_factory=lambda data: f"http://localhost:{data['port']}",
        description="Where customers, agents and providers reach this hub.",
    )
    secret_key: SecretStr = Field(
        default_factory=lambda data: read_or_create_key(data["data_dir"]),
        description="Signs sessions and tokens. Changing it signs everybody out.",
    )

    @classmethod
    def load(cls, **overrides: Any) -> Settings:
        """Reads the settings.

        Args:
            overrides: values from the command line, by field; they go before the environment.

        Raises:
            ConfigError: all variables with a wrong value, or a data directory that cannot be used.
        """
        try:
            return cls(**overrides)
        except ValidationError as error:
            raise ConfigError(
                [
                    Problem(
                        "environment",
                        0,
                        _variable(str(details["loc"][0])),
                        validation_message(details),
                    )
                    for details in error.errors(include_url=False)
                    if details["type"] != "default_factory_not_called"
                ]
            ) from None
        except OSError as error:
            raise ConfigError(
                [Problem("environment", 0, "HUB_DATA_DIR", f"cannot be used: {error.strerror}")]
            ) from None


def read_or_create_key(data_dir: Path) -> SecretStr:
    """Reads the secret key in the data directory; the first use creates it, for its owner alone.

    Two processes that start at the same time use the same key: the file appears whole or not at
    all, and the later process reads the key of the earlier one.

    Raises:
        OSError: the directory cannot be created, read or written.
    """
    path = data_dir / KEY_FILE
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        # mkstemp creates files with mode 0600, whatever the umask is.
        handle, draft = tempfile.mkstemp(dir=data_dir, prefix=f".{KEY_FILE}.")
        try:
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(48))
                file.flush()
                os.fsync(file.fileno())
            path.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            Path(draft).unlink()
    return SecretStr(path.read_text().strip())


def _variable(name: str) -> str:
    """The environment variable of a field."""
    return "PORT" if name.upper() == "PORT" else f"HUB_{name.upper()}"
