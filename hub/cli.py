"""The commands."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import click

from hub import runtime
from hub.accounts import agents, api_tokens, sign_ins
from hub.errors import ConfigError, HubError

if TYPE_CHECKING:
    from hub.app import App
    from hub.config import Config
    from hub.settings import Settings
    from hub.store.engine import Store

CONFIG = click.option(
    "--config",
    "path",
    default="connectors.yaml",
    show_default=True,
    type=click.Path(path_type=Path),
    help="The file that says which channels there are.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """One inbox for every channel."""
    # What the hub makes holds customers' messages: for its own user alone.
    os.umask(os.umask(0o077) | 0o077)


# -- running -----------------------------------------------------------------------------------


@cli.command()
@CONFIG
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=int, default=None, help="Default: $PORT, else 8000.")
@click.option(
    "--no-worker", is_flag=True, help="Leave sending, polling and timers to `hub worker`."
)
def serve(path: Path, host: str, port: int | None, no_worker: bool) -> None:
    """Serves the inbox, the chat and the webhooks, and does the work behind them."""
    settings = _settings(**({} if port is None else {"port": port}))
    app = _app(settings, path)
    from hub.serving import serve as serve_web

    with _reported_faults():
        try:
            is_asked_to_stop = serve_web(app, host, settings.port, worker=not no_worker)
        except OSError as error:
            app.stop()
            _fail(OSError(f"hub cannot listen on {host}:{settings.port}: {error.strerror}"))
    runtime.end_process(0 if is_asked_to_stop else 1)


@cli.command()
@CONFIG
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--port", type=int, default=None, help="Answer /healthz, /readyz and /metrics. Default: don't."
)
def worker(path: Path, host: str, port: int | None) -> None:
    """Sends, polls and keeps the timers, beside `hub serve --no-worker`."""
    app = _app(_settings(), path)
    from hub.serving import run_worker

    with _reported_faults():
        try:
            is_asked_to_stop = run_worker(app, host, port)
        except OSError as error:
            app.stop()
            _fail(OSError(f"hub cannot listen on {host}:{port}: {error.strerror}"))
    runtime.end_process(0 if is_asked_to_stop else 1)


@cli.command()
@click.option("--port", type=int, default=8000, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
def demo(port: int, host: str) -> None:
    """Starts everything with sample data and stand-ins of the five providers."""
    from hub.demo import run

    run(host, port)


# -- configuration -----------------------------------------------------------------------------


@cli.command()
@CONFIG
def check(path: Path) -> None:
    """Lists everything that is wrong with the configuration. Exit 1 when there is something."""
    from hub.config import load_config

    try:
        config = load_config(path, os.environ, thorough=True, accounts=_accounts())
    except ConfigError as error:
        _fail(error)
    enabled = sorted(name for name, connector in config.connectors.items() if connector.enabled)
    click.echo(f"{path} is fine. Connectors: {', '.join(enabled) or 'none'}.")


@cli.command()
@CONFIG
def plan(path: Path) -> None:
    """Shows what the file on disk would change. Exit 0: nothing, 2: something, 1: it is wrong."""
    from hub.config import config_changes, load_config

    try:
        config = load_config(path, os.environ, thorough=True)
    except ConfigError as error:
        _fail(error)
    changes = config_changes(*_applied_and_new(config))
    for change in changes:
        click.echo(str(change))
    if changes:
        click.echo(
            f"{len(changes)} to apply: send SIGHUP to the hub, or POST /config/reload.", err=True
        )
        sys.exit(2)
    click.echo("Nothing would change.")


@cli.command()
@CONFIG
@click.option(
    "--dry-run",
    "file",
    required=True,
    type=click.File(encoding="utf-8"),
    help="One message per line, as JSON; `-` reads standard input.",
)
def route(path: Path, file: TextIO) -> None:
    """Prints what the rules on disk decide about messages that nobody sent, one JSON a line."""
    from datetime import UTC, datetime

    from pydantic import ValidationError

    from hub.config import load_config
    from hub.router.preview import Question, preview_decision

    try:
        config = load_config(path, os.environ)
    except ConfigError as error:
        _fail(error)
    is_wrong = False
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            question = Question.model_validate_json(line)
        except ValidationError as error:
            is_wrong = True
            for details in error.errors(include_url=False, include_input=False):
                field = ".".join(map(str, details["loc"])) or "line"
                click.echo(f"{file.name}:{number}: {field}: {details['msg']}", err=True)
            continue
        click.echo(preview_decision(config, question, datetime.now(UTC)).model_dump_json())
    sys.exit(1 if is_wrong else 0)


@cli.command()
@click.argument("document", type=click.Choice(["config", "events"]), default="config")
def schema(document: str) -> None:
    """Prints the JSON Schema of connectors.yaml, or of the API's shapes and events."""
    if document == "config":
        from hub.config import config_schema

        click.echo(json.dumps(config_schema(), indent=2, ensure_ascii=False))
        return
    from hub.inbox.api.json_schema import schema as wire_schema

    click.echo(json.dumps(wire_schema(), indent=2))


# -- people ------------------------------------------------------------------------------------


@cli.group()
def user() -> None:
    """Agents' accounts."""


@user.command("add")
@click.argument("email")
@click.option("--name", required=True, help="The name customers see.")
@click.option("--role", type=click.Choice(["agent", "admin"]), default="agent", show_default=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def user_add(email: str, name: str, role: str, password_stdin: bool) -> None:
    """Makes an account."""

    password = _read_password(password_stdin)
    _in_store(lambda tx: agents.add_agent(tx, email, name, role, password))
    click.echo(f"{email} can sign in.")


@user.command("password")
@click.argument("email")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def user_password(email: str, password_stdin: bool) -> None:
    """Gives an account another password and ends its sign-ins. Its tokens stay."""

    password = _read_password(password_stdin)
    _in_store(lambda tx: sign_ins.reset_password(tx, email, password))
    click.echo(f"{email} has a new password and is signed out everywhere.")


@user.command("disable")
@click.argument("email")
def user_disable(email: str) -> None:
    """Ends an account: its sign-ins, its tokens, its screens. Its work goes back to the queue."""

    _in_store(lambda tx: agents.disable_agent(tx, email))
    click.echo(f"{email} cannot sign in any more.")


@user.command("enable")
@click.argument("email")
def user_enable(email: str) -> None:
    """Lets a disabled account sign in again. Its tokens have to be made anew."""

    _in_store(lambda tx: agents.enable_agent(tx, email))
    click.echo(f"{email} can sign in.")


@cli.group()
def token() -> None:
    """API tokens."""


@token.command("create")
@click.option("--name", required=True, help="What it is for; what customers see of its messages.")
@click.option("--user", "email", default=None, help="Whose token it is; none: an admin service.")
def token_create(name: str, email: str | None) -> None:
    """Prints a new token, this once."""

    click.echo(_in_store(lambda tx: api_tokens.add_token(tx, name, email)))


@token.command("list")
def token_list() -> None:
    """Lists the tokens: id, name, owner, when made, when used last."""

    for row in _in_store(lambda tx: api_tokens.list_tokens(tx.connection)):
        used = "never" if row.last_used_at is None else f"{row.last_used_at:%Y-%m-%d %H:%M}"
        created = f"{row.created_at:%Y-%m-%d %H:%M}"
        click.echo("\t".join((str(row.id), row.name, row.owner or "(service)", created, used)))


@token.command("revoke")
@click.argument("token_id", metavar="ID", type=int)
def token_revoke(token_id: int) -> None:
    """Ends a token; `hub token list` shows the ids."""

    _in_store(lambda tx: api_tokens.revoke_token(tx, token_id))
    click.echo(f"Token {token_id} is revoked.")


# -- mailboxes ---------------------------------------------------------------------------------


@cli.group()
def mail() -> None:
    """Mailboxes."""


@mail.command("connect")
@click.argument("name")
@CONFIG
@click.option(
    "--redirect-uri",
    default=None,
    help="Where the provider's page leads to, for an app that allows no address on this machine.",
)
def mail_connect(name: str, path: Path, redirect_uri: str | None) -> None:
    """Opens a mailbox of Microsoft 365 or Google: a person signs in there and consents."""
    from hub.config import load_config
    from hub.connectors.base import Site
    from hub.oauth.terminal import connect
    from hub.oauth.token_sources import TokenSources
    from hub.transport.running import RunningConnectors

    settings = _settings()
    with _reported_faults():
        config = load_config(path, os.environ)
    chosen = {name: config.connectors[name]} if name in config.connectors else {}
    client = RunningConnectors(chosen, Site(settings.public_url), b"").oauth_client(name)
    if client is None:
        _fail(HubError(f"{path} has no connector {name} that is turned on and has oauth:."))
    with _opened_store(settings) as store:
        tokens = TokenSources(store, settings.secret_key.get_secret_value())
        connect(tokens, name, client, redirect_uri=redirect_uri, show=click.echo)


# -- looking -----------------------------------------------------------------------------------


@cli.command()
@CONFIG
@click.option("--offline", is_flag=True, help="Ask no provider over the network.")
def doctor(path: Path, offline: bool) -> None:
    """Looks at database, files, clock, disk, limits, permissions and connectors.

    Exit 1 when something has to be done.
    """
    from hub.config import load_config
    from hub.doctor import examine

    settings = _settings()
    has_failed = False
    findings = examine(settings, lambda: load_config(path, os.environ), asks_providers=not offline)
    for finding in findings:
        has_failed = has_failed or finding.level == "fail"
        click.echo(f"{finding.level:<4}  {finding.subject}: {finding.sentence}")
    sys.exit(1 if has_failed else 0)


# -- repair ------------------------------------------------------------------------------------


@cli.command()
@CONFIG
@click.option("--connector", default=None, help="Only this one's.")
def replay(path: Path, connector: str | None) -> None:
    """Runs every failed event of the journal again. Exit 1 when some still fail."""
    from sqlalchemy import select

    from hub.store.models import journal

    app = _app(_settings(), path)
    query = select(journal.c.id).where(journal.c.status == "failed").order_by(journal.c.id)
    if connector is not None:
        query = query.where(journal.c.connector == connector)
    with app.store.read() as connection:
        waiting = list(connection.execute(query).scalars())
    failed = 0
    with click.progressbar(waiting, label="Replaying", file=sys.stderr) as entries:
        for entry in entries:
            try:
                failed += not app.gateway.replay_entry(entry)
            except HubError as error:
                click.echo(f"{entry}: {error.message}", err=True)
                failed += 1
    click.echo(f"{len(waiting) - failed} replayed, {failed} still failing.")
    app.store.close()
    sys.exit(1 if failed else 0)


def _read_password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


# -- parts -------------------------------------------------------------------------------------


def _settings(**overrides: Any) -> Settings:
    from hub.settings import Settings

    try:
        return Settings.load(**overrides)
    except ConfigError as error:
        _fail(error)


def _app(settings: Settings, path: Path) -> App:
    from hub.app import App
    from hub.config import load_config
    from hub.logs import configure_logs

    configure_logs()
    with _reported_faults():
        return App(settings, lambda: load_config(path, os.environ))


@contextmanager
def _reported_faults() -> Iterator[None]:
    """Ends the command with a sentence when the configuration, database or disk is unusable."""
    from sqlalchemy.exc import DBAPIError

    from hub.store.faults import DatabaseUnusable, sentence

    try:
        yield
    except (ConfigError, DatabaseUnusable) as error:
        _fail(error)
    except DBAPIError as error:
        _fail(DatabaseUnusable(sentence(error)))
    except OSError as error:
        path = f": {error.filename}" if error.filename else ""
        _fail(OSError(f"The hub's files cannot be used{path}: {error.strerror or error}."))


def _accounts() -> list[str]:
    """The addresses of all agents; none where there is no database, or a command can read none."""
    from sqlalchemy import select
    from sqlalchemy.exc import DatabaseError

    from hub.store.engine import Store, database_exists
    from hub.store.models import agents

    settings = _settings()
    if not database_exists(settings.database_url):
        return []
    store = Store(settings.database_url)
    try:
        with store.read() as connection:
            return list(connection.execute(select(agents.c.email)).scalars())
    except DatabaseError as error:
        click.echo(f"The members of teams are not checked: {error.orig}", err=True)
        return []
    finally:
        store.close()


def _applied_and_new(config: Config) -> tuple[dict[str, Any], dict[str, Any]]:
    """The configuration in force and the one in the file. Creates no database."""
    from hub.config_reload import applied_config, stored_form
    from hub.store.engine import Store, database_exists

    settings = _settings()
    after = stored_form(config, settings.secret_key.get_secret_value())
    if not database_exists(settings.database_url):
        return stored_form(type(config)(), ""), after
    store = Store(settings.database_url)
    try:
        with store.read() as connection:
            before = applied_config(connection)
    finally:
        store.close()
    return before or stored_form(type(config)(), ""), after


def _in_store(work: Any) -> Any:
    with _opened_store(_settings()) as store:
        return store.write(work)


@contextmanager
def _opened_store(settings: Settings) -> Iterator[Store]:
    """The database, migrated. Ends the command with a sentence when what is done in it fails."""
    from hub.store.engine import Store
    from hub.store.migrate import migrate

    with _reported_faults():
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        store: Store = Store(settings.database_url)
        try:
            migrate(store)
            yield store
        except HubError as error:
            _fail(error)
        finally:
            store.close()


def _fail(error: Exception) -> NoReturn:
    click.echo(str(error), err=True)
    sys.exit(1)
