"""`hub mail connect`: a consent that is begun at a terminal.

The provider's page leads back to this machine (RFC 8252, 7.3), or to an address that the person
copies from the browser: a terminal on a server has none.
"""

from __future__ import annotations

import queue
import secrets
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TextIO

from hub.connectors.oauth import OAuthClient
from hub.errors import Invalid
from hub.oauth.consents import LIFE, ConsentAnswer, Consents
from hub.oauth.token_sources import TokenSources

HOST = "127.0.0.1"
REQUEST_SECONDS = 10.0


def connect(
    tokens: TokenSources,
    connector: str,
    client: OAuthClient,
    *,
    redirect_uri: str | None,
    show: Callable[[str], object],
    pasted: TextIO = sys.stdin,
) -> None:
    """Gets the first tokens of a connector, or new ones after a consent ended.

    Args:
        redirect_uri: where the provider's page leads to, for an app that has no address on this
            machine; the person then copies it.
        show: prints a line for the person.
        pasted: where the copied address comes from.

    Raises:
        Invalid: nobody consented, or the answer belongs to another consent.
        SendError: the provider gave no tokens.
    """
    if not client.needs_consent:
        tokens.keep(connector, client, client.sign_in())
        show(f"{client.config.title} lets the app in; {connector} needs no person's consent.")
        return
    consents = Consents(tokens)
    owner = f"terminal:{secrets.token_hex(8)}"
    answers: queue.Queue[str] = queue.Queue()
    with _listening(answers) as own_address:
        begun = consents.begin(connector, client, owner, redirect_uri or own_address)
        show(f"Open this address and sign in as {client.account}:\n\n{begun.url}\n")
        show("The browser ends on a page of this machine. If it cannot, or shows nothing,")
        show("copy the address that it shows then, and paste it here:")
        threading.Thread(target=_read_lines, args=(pasted, answers), daemon=True).start()
        answer = _wait_for(answers, begun.state, show)
    consents.end(answer, owner, lambda _name: client)
    show(f"{connector} is connected. A running hub uses the tokens within a minute.")


def _wait_for(
    answers: queue.Queue[str], state: str, show: Callable[[str], object]
) -> ConsentAnswer:
    while True:
        try:
            text = answers.get(timeout=LIFE.total_seconds())
        except queue.Empty:
            raise Invalid("Nobody gave the consent in time: begin anew.") from None
        try:
            answer = ConsentAnswer.read(text)
        except Invalid as error:
            show(error.message)
            continue
        if secrets.compare_digest(answer.state.encode(), state.encode()):
            return answer
        show("This address belongs to another consent.")


def _read_lines(pasted: TextIO, answers: queue.Queue[str]) -> None:
    for line in pasted:
        if line.strip():
            answers.put(line)


@contextmanager
def _listening(answers: queue.Queue[str]) -> Iterator[str]:
    """Takes the answers that a browser on this machine brings. Gives the address to lead to."""

    class Handler(BaseHTTPRequestHandler):
        timeout = REQUEST_SECONDS

        def do_GET(self) -> None:
            is_answer = "state=" in self.path
            text = b"Thank you. The terminal goes on; this page may be closed." * is_answer
            self.send_response(200 if is_answer else 404)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(text)))
            self.send_header("Referrer-Policy", "no-referrer")
            self.end_headers()
            self.wfile.write(text)
            if is_answer:
                answers.put(self.path)

        def log_message(self, *args: object) -> None:
            """The line would have the code in it."""

    server = HTTPServer((HOST, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        # Microsoft lets an app choose the port of `localhost`, and of no other name.
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
