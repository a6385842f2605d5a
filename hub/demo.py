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
from hub.demo_data import add_sample_conversations
from hub.sandbox import Endpoints, demo_connectors
from hub.settings import Settings
from hub.store.engine import Store, Transaction
from hub.store.migrate import migrate
from hub.store.models import agents

EMAIL = "agent@example.com"
COLLEAGUE = "sam@example.com"
FOLDER = "demo"


def run(host: str, port: int) -> NoReturn:
    """Starts both processes and prints the URLs to open. Ends both on SIGTERM or Ctrl-C.

    Args:
        host: the interface of the hub.
        port: the port of the hub; the sandbox takes the three ports after it.
    """
    folder = Settings.load().data_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    url = f"http://localhost:{port}"
    sandbox = Endpoints(url=f"http://localhost:{port + 1}", smtp_port=port + 2, imap_port=port + 3)
    config = folder / "connectors.yaml"
    config.write_text(demo_connectors(sandbox))
    environment = {
        **os.environ,
        "HUB_DATA_DIR": str(folder),
        "HUB_DATABASE_URL": f"sqlite:///{folder / 'hub.db'}",
        "HUB_PUBLIC_URL": url,
    }
    password = _prepare_folder(folder, config)
    processes = [
        _start_process(
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
            _start_process(
                environment,
                "ready on",
                "-m",
                "hub",
                "serve",
                *("--config", str(config), "--host", host, "--port", str(port)),
            )
        )
        _print_urls(url, sandbox.url, password)
        code = _wait_for_end(processes)
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            process.wait(30)
    sys.exit(code)


def _prepare_folder(folder: Path, config: Path) -> str:
    """Makes the database with its sample data at the first start.

    Returns:
        The password of the ready sign-in.
    """
    password_file = folder / "password"
    if not password_file.exists():
        password_file.touch(mode=0o600)
        password_file.write_text(secrets.token_urlsafe(9))
    password = password_file.read_text()
    store = Store(f"sqlite:///{folder / 'hub.db'}")
    try:
        migrate(store)
        if not _has_agents(store):
            store.write(lambda tx: _add_agents(tx, password))
            add_sample_conversations(store, load_config(config, os.environ))
    finally:
        store.close()
    return password


def _has_agents(store: Store) -> bool:
    with store.read() as connection:
        return connection.execute(select(agents.c.id).limit(1)).first() is not None


def _add_agents(tx: Transaction, password: str) -> None:
    add_agent(tx, EMAIL, "Alex", "admin", password)
    add_agent(tx, COLLEAGUE, "Sam", "agent", secrets.token_urlsafe(16))


def _start_process(
    environment: dict[str, str], ready: str, *arguments: str
) -> subprocess.Popen[str]:
    """Starts Python with these arguments and waits for the line that begins with `ready`."""
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
        [sys.executable, *arguments], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(ready):
            return process
    raise SystemExit(f"hub demo: {arguments[1]} did not start, see above.")


def _print_urls(url: str, sandbox: str, password: str) -> None:
    click.echo(f"""
  Agents' inbox   {url}/
                  sign in as {EMAIL} with the password {password}
  Demo shop       {sandbox}/shop
  Sandbox         {sandbox}/   you are the customer: Telegram, Messenger, SMS, mail

  Ctrl-C ends it. Everything is kept in {FOLDER}/ of the data directory.
""")


def _wait_for_end(processes: list[subprocess.Popen[str]]) -> int:
    """Waits for a signal or for the end of the hub. Returns the exit code."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        return processes[-1].wait()
    except KeyboardInterrupt:
        return 0
