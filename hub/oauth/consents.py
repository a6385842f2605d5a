"""A person's consent: the address to open, and the answer that comes back from the provider.

The answer is bound to the one who began (the state), to this hub (the verifier of PKCE, which never
leaves it before the last step) and to one use.

Source: RFC 6749, 4.1 and 10.12; RFC 7636; RFC 9700, 2.1 and 4.7.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qs

from sqlalchemy import delete, insert

from hub.connectors.oauth import OAuthClient
from hub.errors import Conflict, Invalid
from hub.oauth.sealing import KeyLost
from hub.oauth.token_sources import TokenSources
from hub.schema.tokens import digest
from hub.store.engine import Transaction
from hub.store.models import oauth_requests

#: How long a person may take at the provider's page.
LIFE = timedelta(minutes=15)
MAX_ANSWER = 8192


@dataclass(frozen=True, slots=True)
class ConsentAnswer:
    """What a consent page sent back, in the address that it led to."""

    state: str
    code: str = ""
    error: str = ""

    @classmethod
    def read(cls, address: str) -> ConsentAnswer:
        """Reads an address or a query. Raises Invalid."""
        query = address.partition("?")[2].partition("#")[0].strip()
        try:
            values = parse_qs(query[:MAX_ANSWER], max_num_fields=20)
        except ValueError:
            values = {}
        first = {name: texts[0] for name, texts in values.items()}
        answer = cls(first.get("state", ""), first.get("code", ""), first.get("error", ""))
        if not answer.state or not (answer.code or answer.error):
            raise Invalid("This is not an address that a consent page leads to.")
        return answer


@dataclass(frozen=True, slots=True)
class BegunConsent:
    """A consent that is under way: `url` is the page to open, `state` comes back in the answer."""

    url: str
    state: str


class Consents:
    """Begins consents and ends them."""

    def __init__(self, tokens: TokenSources) -> None:
        self._tokens = tokens
        self._store = tokens.store

    def begin(
        self, connector: str, client: OAuthClient, owner: str, redirect_uri: str
    ) -> BegunConsent:
        """Begins a consent.

        Args:
            owner: who begins; nobody else can end it.
            redirect_uri: where the provider's page leads back to.

        Raises:
            Conflict: the connector needs no person's consent.
        """
        if not client.needs_consent:
            raise Conflict("This connector signs in by itself: it needs no consent.")
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        sealed = self._tokens.seal.close(_purpose(connector, state), {"verifier": verifier})

        def write(tx: Transaction) -> None:
            tx.execute(delete(oauth_requests).where(oauth_requests.c.expires_at < tx.now))
            tx.execute(
                insert(oauth_requests).values(
                    digest=digest(state),
                    connector=connector,
                    owner=owner,
                    redirect_uri=redirect_uri,
                    sealed=sealed,
                    expires_at=tx.now + LIFE,
                )
            )

        self._store.write(write)
        return BegunConsent(client.authorization_url(state, verifier, redirect_uri), state)

    def end(
        self,
        answer: ConsentAnswer,
        owner: str,
        client_of: Callable[[str], OAuthClient | None],
    ) -> str:
        """Takes the answer of the provider's page, once, and gets the tokens.

        Args:
            owner: who brings it: the one who began.
            client_of: gives the client of a connector.

        Returns:
            The connector, which has its tokens now.

        Raises:
            Invalid: nobody waits for this answer, or another person or nobody consented.
            SendError: the provider gave no tokens.
        """
        row = self._store.write(lambda tx: _take(tx, answer.state, owner))
        client = None if row is None else client_of(row.connector)
        if row is None or client is None:
            raise Invalid("This consent was not begun here, has ended, or was used: begin anew.")
        if not answer.code:
            error_code = "".join(filter(str.isprintable, answer.error))[:100]
            raise Invalid(f"{client.config.title} gave no consent ({error_code}): begin anew.")
        try:
            purpose = _purpose(row.connector, answer.state)
            opened_request = self._tokens.seal.open(purpose, row.sealed)
        except KeyLost:
            raise Invalid("HUB_SECRET_KEY was changed since this consent began.") from None
        grant = client.exchange(answer.code, opened_request["verifier"], row.redirect_uri)
        self._tokens.keep(row.connector, client, grant)
        return row.connector


@dataclass(frozen=True, slots=True)
class _Request:
    connector: str
    redirect_uri: str
    sealed: bytes


def _take(tx: Transaction, state: str, owner: str) -> _Request | None:
    columns = oauth_requests.c
    row = tx.execute(
        delete(oauth_requests)
        .where(
            columns.digest == digest(state), columns.owner == owner, columns.expires_at >= tx.now
        )
        .returning(columns.connector, columns.redirect_uri, columns.sealed)
    ).one_or_none()
    return None if row is None else _Request(row.connector, row.redirect_uri, row.sealed)


def _purpose(connector: str, state: str) -> str:
    return f"consent {connector} {digest(state)}"
