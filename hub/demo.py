"""`hub demo`: a hub with sample data and the stand-ins of five providers, in a folder of its own.

Two processes, as in real life: the hub, and a sandbox that plays the providers and the customers.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import click
from sqlalchemy import select

from hub.accounts.agents import add_agent
from hub.config import load_config
from hub.demo_data import seed
from hub.sandbox import Addresses, demo_connectors
from hub.settings import Settings
from hub.store.engine import Store, Transaction
from hub.store.migrate import migrate
from hub.store.models import agents

EMAIL = "agent@example.com"
COLLEAGUE = "sam@example.com"
FOLDER = "demo"


def run(host: str, port: int) -> NoReturn:
    """Starts both processes and prints where to look. Ends both when it is told to."""
    folder = Settings.load().data_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    url = f"http://localhost:{port}"
    sandbox = Addresses(url=f"http://localhost:{port + 1}", smtp_port=port + 2, imap_port=port + 3)
    config = folder / "connectors.yaml"
    config.write_text(demo_connectors(sandbox))
    environment = {
        **os.environ,
        "HUB_DATA_DIR": str(folder),
        "HUB_DATABASE_URL": f"sqlite:///{folder / 'hub.db'}",
        "HUB_PUBLIC_URL": url,
    }
    password = _prepare(folder, config)
    processes = [
        _start(
            environment,
            "sandbox ready on",
            "-m",
            "hub.sandbox",
            *("--port", str(port + 1), "--smtp-port", str(port + 2), "--imap-port", str(port + 3)),
            *("--hub", url, "--state", str(folder)),
        )
    ]
    try:
        processes.append(
            _start(
                environment,
                "ready on",
                "-m",
                "hub",
                "serve",
                *("--config", str(config), "--host", host, "--port", str(port)),
            )
        )
        _say(url, sandbox.url, password)
        code = _wait(processes)
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            process.wait(30)
    sys.exit(code)


def _prepare(folder: Path, config: Path) -> str:
    """The database with its sample data, made once; the password of the ready sign-in."""
    kept = folder / "password"
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(9))
    password = kept.read_text()
    store = Store(f"sqlite:///{folder / 'hub.db'}")
    try:
        migrate(store)
        if not _is_seeded(store):
            store.write(lambda tx: _add_agents(tx, password))
            seed(store, load_config(config, os.environ))
    finally:
        store.close()
    return password


def _is_seeded(store: Store) -> bool:
    with store.read() as connection:
        return connection.execute(select(agents.c.id).limit(1)).first() is not None


def _add_agents(tx: Transaction, password: str) -> None:
    add_agent(tx, EMAIL, "Alex", "admin", password)
    add_agent(tx, COLLEAGUE, "Sam", "agent", secrets.token_urlsafe(16))


def _start(environment: dict[str, str], ready: str, *arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
        [sys.executable, *arguments], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(ready):
            return process
    raise SystemExit(f"hub demo: {arguments[1]} did not start, see above.")


def _say(url: str, sandbox: str, password: str) -> None:
    click.echo(f"""
  Agents' inbox   {url}/
                  sign in as {EMAIL} with the password {password}
  Demo shop       {sandbox}/shop
  Sandbox         {sandbox}/   you are the customer: Telegram, Messenger, SMS, mail

  Ctrl-C ends it. Everything is kept in {FOLDER}/ of the data directory.
""")


def _wait(processes: list[subprocess.Popen[str]]) -> int:
    """Until a signal, or until one of them ends on its own."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        return processes[-1].wait()
    except KeyboardInterrupt:
        return 0
