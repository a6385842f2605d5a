"""Tokens that are kept and renewed, against the strict stand-in of a provider on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from sqlalchemy import select, update

from hub.connectors.http import Http
from hub.connectors.oauth import OAuthClient, OAuthConfig
from hub.errors import ConnectionFailed, CredentialsRefused, Invalid
from hub.oauth import token_sources
from hub.oauth.consents import ConsentAnswer, Consents
from hub.oauth.sealing import KeyLost, Seal
from hub.oauth.token_sources import ConnectorTokens, TokenSources
from hub.sandbox import Sandbox
from hub.store.engine import Store
from hub.store.models import oauth_tokens

BACK = "http://localhost:5000"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def make_client(sandbox: Sandbox, **changes: Any) -> OAuthClient:
    options = {
        "provider": "custom",
        "client_id": sandbox.oauth.client_id,
        "client_secret": sandbox.oauth.client_secret,
        "token_url": f"{sandbox.url}/oauth/token",
        "authorize_url": f"{sandbox.url}/oauth/authorize",
        "scopes": sandbox.oauth.scope.split(),
        **changes,
    }
    config = OAuthConfig.model_validate(options)
    return OAuthClient(config, sandbox.oauth.account, Http())


@pytest.fixture
def client(sandbox: Sandbox) -> OAuthClient:
    return make_client(sandbox)


def connect(sources: TokenSources, client: OAuthClient, owner: str = "agent:1") -> str:
    consents = Consents(sources)
    begun = consents.begin("mail", client, owner, BACK)
    back = requests.get(begun.url, allow_redirects=False, timeout=10).headers["Location"]
    return consents.end(ConsentAnswer.read(back), owner, lambda _name: client)


@pytest.fixture
def sources(store: Store) -> TokenSources:
    return TokenSources(store, "the secret of this hub")


@pytest.fixture
def tokens(sources: TokenSources, client: OAuthClient) -> ConnectorTokens:
    connect(sources, client)
    return sources.source("mail", client)


def passes(store: Store, **amount: float) -> None:
    """Makes the kept tokens as much older."""
    age = timedelta(**amount)

    def write(tx: Any) -> None:
        row = tx.execute(select(oauth_tokens)).one()
        tx.execute(
            update(oauth_tokens).values(
                issued_at=row.issued_at - age, expires_at=row.expires_at - age
            )
        )

    store.write(write)


# -- renewal ---------------------------------------------------------------------------------------


def test_a_token_is_used_until_shortly_before_its_end(
    store: Store, tokens: ConnectorTokens, sandbox: Sandbox
) -> None:
    first = tokens.token()
    passes(store, minutes=54)
    assert tokens.token() == first
    assert sandbox.oauth.grants == ["authorization_code"]
    passes(store, minutes=2)
    second = tokens.token()
    assert second != first
    assert sandbox.oauth.grants == ["authorization_code", "refresh_token"]
    assert tokens.token() == second


def test_each_refresh_token_that_comes_takes_the_place_of_the_one_before(
    store: Store, tokens: ConnectorTokens, sandbox: Sandbox
) -> None:
    seen = {tokens.token()}
    for _ in range(3):
        passes(store, hours=2)
        seen.add(tokens.token())
    assert len(seen) == 4
    assert sandbox.oauth.grants[1:] == ["refresh_token"] * 3


def test_many_callers_of_several_processes_renew_once(
    store: Store, tokens: ConnectorTokens, client: OAuthClient, sandbox: Sandbox
) -> None:
    passes(store, hours=2)
    processes = [TokenSources(store, "the secret of this hub") for _ in range(4)]
    callers = [process.source("mail", client) for process in processes] * 5
    together = threading.Barrier(len(callers))

    def call(caller: ConnectorTokens) -> str:
        together.wait(10)
        return caller.token()

    with ThreadPoolExecutor(len(callers)) as pool:
        given = set(pool.map(call, callers))
    assert len(given) == 1
    assert sandbox.oauth.grants.count("refresh_token") == 1
    passes(store, hours=2)
    assert tokens.token() not in given


def test_while_another_process_renews_a_valid_token_goes_on(
    store: Store, tokens: ConnectorTokens
) -> None:
    first = tokens.token()
    passes(store, minutes=57)
    renewing = datetime.now(UTC) + timedelta(seconds=30)
    store.write(
        lambda tx: tx.execute(
            update(oauth_tokens).values(lease_owner="another", lease_until=renewing)
        )
    )
    assert tokens.token() == first


def test_the_lease_of_a_process_that_died_ends(store: Store, tokens: ConnectorTokens) -> None:
    first = tokens.token()
    passes(store, hours=2)
    died = datetime.now(UTC) - timedelta(seconds=1)
    store.write(
        lambda tx: tx.execute(update(oauth_tokens).values(lease_owner="dead", lease_until=died))
    )
    assert tokens.token() != first


def test_a_token_with_a_short_life_is_not_renewed_at_each_use(
    sources: TokenSources, client: OAuthClient, sandbox: Sandbox
) -> None:
    sandbox.oauth.lifetime = 120
    connect(sources, client)
    tokens = sources.source("mail", client)
    assert tokens.token() == tokens.token()
    assert "refresh_token" not in sandbox.oauth.grants


def test_a_token_that_a_server_refused_is_replaced_once_and_not_again_and_again(
    tokens: ConnectorTokens, sandbox: Sandbox
) -> None:
    first = tokens.token()
    assert tokens.replace(first)
    second = tokens.token()
    assert second != first
    assert tokens.replace(first)  # the newer one has not been tried yet
    assert not tokens.replace(second)
    assert tokens.token() == second
    assert sandbox.oauth.grants.count("refresh_token") == 1


# -- what fails ------------------------------------------------------------------------------------

PASSING = [
    (503, b"<html>down</html>"),
    (500, b'{"error": "server_error"}'),
    (429, b'{"error": "slow_down"}'),
    (400, b'{"error": "temporarily_unavailable"}'),
    (403, b"<html>a proxy</html>"),
    (200, b"<html>a portal</html>"),
    (200, b'{"access_token": "two words", "expires_in": 3600}'),
    (200, b'{"access_token": "line\\nbreak"}'),
    (200, b'{"access_token": ""}'),
    (200, b"[]"),
    (302, b""),
    (200, b'{"access_token": "' + b"a" * 300_000 + b'"}'),
]


@pytest.mark.parametrize(("status", "body"), PASSING)
def test_an_error_that_passes_is_no_revocation(
    store: Store,
    tokens: ConnectorTokens,
    sandbox: Sandbox,
    status: int,
    body: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = tokens.token()
    sandbox.oauth.answers(status, body)
    passes(store, minutes=57)
    assert tokens.token() == first  # it is valid still
    passes(store, hours=2)
    sandbox.oauth.answers(status, body)
    monkeypatch.setattr(tokens, "_retry_at", 0.0)
    with pytest.raises(ConnectionFailed):
        tokens.token()
    monkeypatch.setattr(tokens, "_retry_at", 0.0)
    assert tokens.token() not in ("", first)


def test_the_provider_is_not_asked_again_before_its_pause_is_over(
    store: Store, tokens: ConnectorTokens, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_sources, "FIRST_PAUSE", 30.0)
    tokens.token()
    passes(store, hours=2)
    sandbox.oauth.answers(503, times=1)
    for _ in range(5):
        with pytest.raises(ConnectionFailed):
            tokens.token()
    assert sandbox.oauth.grants == ["authorization_code"]  # the next one would be answered


def test_the_pauses_double_up_to_a_limit(
    store: Store, tokens: ConnectorTokens, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes(store, hours=2)
    sandbox.oauth.answers(503, times=9)
    pauses = []
    for _ in range(9):
        monkeypatch.setattr(tokens, "_retry_at", 0.0)
        with pytest.raises(ConnectionFailed):
            tokens.token()
        pauses.append(tokens._pause)
    assert pauses == [2, 4, 8, 16, 30, 30, 30, 30, 30]


def test_a_withdrawn_consent_says_who_must_do_what_and_is_not_tried_again(
    store: Store, sources: TokenSources, tokens: ConnectorTokens, client: OAuthClient,
    sandbox: Sandbox,
) -> None:  # fmt: skip
    sandbox.oauth.withdraws_consent()
    passes(store, hours=2)
    for process in (sources, TokenSources(store, "the secret of this hub")):
        for _ in range(3):
            with pytest.raises(CredentialsRefused) as caught:
                process.source("mail", client).token()
            advice = "on the admin page or with `hub mail connect mail`"
            assert f"An admin must connect the mailbox again, {advice}" in str(caught.value)
    assert sandbox.oauth.grants.count("refresh_token") == 1
    connect(sources, client)
    assert tokens.token()


def test_a_wrong_app_secret_is_no_withdrawn_consent(
    store: Store, sources: TokenSources, tokens: ConnectorTokens, client: OAuthClient,
    sandbox: Sandbox,
) -> None:  # fmt: skip
    passes(store, hours=2)
    wrong = sources.source("mail", make_client(sandbox, client_secret="an old one"))
    with pytest.raises(CredentialsRefused, match="check client_id and client_secret"):
        wrong.token()
    right = sources.source("mail", client)
    right._retry_at = 0.0
    assert right.token()


def test_a_refused_token_endpoint_keeps_secrets_out_of_its_sentence(
    store: Store, tokens: ConnectorTokens, sandbox: Sandbox
) -> None:
    with store.read() as connection:
        sealed = connection.execute(select(oauth_tokens.c.sealed)).scalar_one()
    refresh = Seal("the secret of this hub").open("mail", sealed)["refresh_token"]
    secret = sandbox.oauth.client_secret
    passes(store, hours=2)
    body = f'{{"error": "invalid_client", "error_description": "{refresh}\\r\\n and {secret}"}}'
    sandbox.oauth.answers(401, body.encode())
    with pytest.raises(CredentialsRefused) as caught:
        tokens.token()
    text = str(caught.value)
    assert refresh not in text and secret not in text and "\n" not in text
    assert text.count("[secret]") == 2


# -- what is kept ----------------------------------------------------------------------------------


def test_what_is_kept_is_sealed(store: Store, tokens: ConnectorTokens, sandbox: Sandbox) -> None:
    tokens.token()
    with store.read() as connection:
        row = repr(connection.execute(select(oauth_tokens)).one())
    assert sandbox.oauth.issued
    assert [text for text in sandbox.oauth.issued if text in row] == []


def test_a_lost_key_is_a_clear_problem(
    store: Store, tokens: ConnectorTokens, client: OAuthClient
) -> None:
    other = TokenSources(store, "another secret").source("mail", client)
    with pytest.raises(CredentialsRefused, match="kept with another HUB_SECRET_KEY"):
        other.token()
    passes(store, hours=2)
    with pytest.raises(CredentialsRefused, match="kept with another HUB_SECRET_KEY"):
        other.token()
    assert tokens.token()


def test_an_app_that_signs_in_by_itself_gets_over_a_lost_key(
    store: Store, sources: TokenSources, sandbox: Sandbox
) -> None:
    client = make_client(sandbox, flow="client_credentials")
    first = sources.source("mail", client).token()
    other = TokenSources(store, "another secret").source("mail", client).token()
    assert first != other
    assert sandbox.oauth.grants == ["client_credentials"] * 2


def test_a_seal_opens_for_its_purpose_alone_and_only_whole() -> None:
    seal = Seal("a secret")
    closed = seal.close("mail", {"access_token": "x"})
    assert seal.open("mail", closed) == {"access_token": "x"}
    assert closed != seal.close("mail", {"access_token": "x"})
    for purpose, content in (
        ("sales", closed), ("mail", closed[:-1]), ("mail", b""),
        ("mail", closed[:20] + bytes([closed[20] ^ 1]) + closed[21:]),
    ):  # fmt: skip
        with pytest.raises(KeyLost):
            seal.open(purpose, content)


@pytest.mark.parametrize("change", ["client_id", "scopes", "token_url"])
def test_tokens_of_another_app_are_not_used(
    sources: TokenSources, tokens: ConnectorTokens, sandbox: Sandbox, change: str
) -> None:
    values = {"client_id": "another", "scopes": ["a"], "token_url": f"{sandbox.url}/else/token"}
    other = sources.source("mail", make_client(sandbox, **{change: values[change]}))
    with pytest.raises(CredentialsRefused, match="not connected"):
        other.token()


def test_a_connector_that_was_never_connected_says_what_to_do(
    sources: TokenSources, client: OAuthClient
) -> None:
    with pytest.raises(
        CredentialsRefused, match="on the admin page or with `hub mail connect mail`"
    ):
        sources.source("mail", client).token()


# -- consents --------------------------------------------------------------------------------------


def test_a_consent_without_a_refresh_token_is_refused_with_the_remedy(
    sources: TokenSources, client: OAuthClient, sandbox: Sandbox
) -> None:
    sandbox.oauth.answers(200, b'{"access_token": "abc", "expires_in": 3600}')
    with pytest.raises(CredentialsRefused, match="allow offline access"):
        connect(sources, client)


def test_a_consent_carries_the_challenge_and_never_the_verifier(
    store: Store, sources: TokenSources, client: OAuthClient
) -> None:
    begun = Consents(sources).begin("mail", client, "agent:1", BACK)
    query = {name: texts[0] for name, texts in parse_qs(urlsplit(begun.url).query).items()}
    assert query["code_challenge_method"] == "S256" and len(query["code_challenge"]) == 43
    assert query["state"] == begun.state and len(begun.state) >= 43
    assert query["redirect_uri"] == BACK and query["login_hint"] == client.account
    assert "code_verifier" not in begun.url and client.config.secret not in begun.url


def test_an_answer_ends_one_consent_once_and_only_for_its_owner(
    sources: TokenSources, client: OAuthClient
) -> None:
    consents = Consents(sources)
    begun = consents.begin("mail", client, "agent:1", BACK)
    back = requests.get(begun.url, allow_redirects=False, timeout=10).headers["Location"]
    answer = ConsentAnswer.read(back)
    for owner, state in (("agent:2", answer.state), ("agent:1", answer.state + "x")):
        with pytest.raises(Invalid):
            consents.end(ConsentAnswer(state, answer.code), owner, lambda _name: client)
    assert consents.end(answer, "agent:1", lambda _name: client) == "mail"
    with pytest.raises(Invalid):
        consents.end(answer, "agent:1", lambda _name: client)


def test_a_consent_that_took_too_long_has_ended(
    sources: TokenSources, client: OAuthClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.oauth.consents.LIFE", timedelta(seconds=-1))
    with pytest.raises(Invalid, match="has ended"):
        connect(sources, client)


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "https://hub.example/", "?code=a", "?state=a", "?state=&code=a",
     "http://[::1", "?state=a&" + "x=1&" * 100],
)  # fmt: skip
def test_what_is_no_answer_of_a_consent_page_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        ConsentAnswer.read(text)
