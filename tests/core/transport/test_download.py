"""Fetching what somebody else points at, without being led inside."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.base import Site
from hub.connectors.http import HttpCall
from hub.errors import ConnectionFailed, Rejected, SendError
from hub.store.media import MediaFolder, MediaLinks, TooLarge, sniff
from hub.transport import download as module
from hub.transport.download import Fetched, Refused, download, is_public
from hub.transport.partial_files import PartialFiles
from tests.core.toys import Toy, ToyConfig

INSIDE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.127.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "203.0.113.7",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
    "100::1",
    "fec0::1",
    "feff:ffff::1",
    "3fff::1",
    "3fff:fff:ffff::1",
    "5f00::1",
    "4000::1",
    "192.88.99.1",
]
OUTSIDE = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "2606:4700:4700::1111",
    "64:ff9b::808:808",
    "3ffe::1",
]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_an_address_outside_is(address: str) -> None:
    assert is_public(address)


@given(st.integers(0, 2**32 - 1))
def test_an_address_inside_another_is_what_it_holds(number: int) -> None:
    inner = ipaddress.IPv4Address(number)
    for written in (f"::ffff:{inner}", f"64:ff9b::{inner}"):
        assert is_public(written) == is_public(str(inner))


# -- hosts ----------------------------------------------------------------------------------------


def toy(api_base: str = "", *media_hosts: str) -> Toy:
    config = ToyConfig(kind="toy", api_base=api_base, media_hosts=media_hosts)
    return Toy("toy", config, Site("https://hub.example"))


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/latest/meta-data/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://localhost/",
        "https://localhost./",
        "https://0/",
        "https://[64:ff9b::7f00:1]/",
        "https://files.example:443@127.0.0.1/",
    ],
)
def test_an_allowed_host_that_lies_inside_is_refused(url: str) -> None:
    with pytest.raises((Refused, ConnectionFailed)):
        download(HttpCall(method="GET", url=url), toy("", "*"))


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/a.jpg",
        "https://files.example.evil.example/a.jpg",
        "https://evilfiles.example/a.jpg",
        "https://files.example@evil.example/a.jpg",
        "http://files.example/a.jpg",
        "ftp://files.example/a.jpg",
        "file:///etc/passwd",
        "gopher://files.example/",
        "//files.example/a.jpg",
        "",
        "https://",
        "https://files.example:99999/",
        "https://files.example:x/",
    ],
)
def test_a_host_that_nobody_named_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        download(HttpCall(method="GET", url=url), toy("https://api.example", "files.example"))


def test_a_name_is_refused_when_one_of_its_addresses_is_inside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def both(host: str, port: int, **_how: Any) -> list[Any]:
        return [(0, 0, 0, "", (address, port)) for address in ("93.184.216.34", "10.0.0.7")]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with pytest.raises(Refused, match="private network"):
        download(HttpCall(method="GET", url="https://files.example/a"), toy("", "files.example"))


def test_a_pattern_covers_the_hosts_below_it_only(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def inside(host: str, port: int, **_how: Any) -> list[Any]:
        asked.append(host)
        return [(0, 0, 0, "", ("10.0.0.7", port))]

    monkeypatch.setattr(socket, "getaddrinfo", inside)
    for host in ("a.cdn.example", "A.CDN.EXAMPLE", "cdn.example.org", "acdn.example"):
        with pytest.raises(Refused):
            download(HttpCall(method="GET", url=f"https://{host}/x"), toy("", "*.cdn.example"))
    assert asked == ["a.cdn.example", "a.cdn.example"]


# -- a server of our own --------------------------------------------------------------------------


class Server:
    """A provider's file server on loopback, that says what a test tells it to."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, str]]] = []
        self.answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                server.heard.append((self.path, headers))
                self.close_connection = True
                server.answers[self.path.partition("?")[0]](self)

            def log_message(self, *_: Any) -> None: ...

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def has(self, path: str, body: bytes, status: int = 200, **headers: str) -> None:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, value in {"content-length": str(len(body)), **headers}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(body)

        self.answers[path] = answer

    def leads_from(self, path: str, to: str) -> None:
        self.has(path, b"", 302, location=to)

    def stops_half_way(self, path: str) -> None:
        self.has(path, b"half", **{"content-length": "1000"})

    def never_ends(self, path: str) -> None:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.end_headers()
            try:
                while True:
                    handler.wfile.write(b"x" * 65536)
            except OSError:
                return

        self.answers[path] = answer

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def elsewhere() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def fetch(url: str, connector: Toy, **fields: Any) -> bytes:
    return b"".join(download(HttpCall(method="GET", url=url, **fields), connector))


def test_the_connectors_own_host_may_be_on_loopback(server: Server) -> None:
    server.has("/file", b"bytes")
    found = fetch(
        server.url + "/file",
        toy(server.url),
        query=[("a", "1 2")],
        headers={"x-key": "k"},
        basic_auth=("user", "pass"),
    )
    assert found == b"bytes"
    ((path, headers),) = server.heard
    assert path == "/file?a=1+2"
    assert headers["authorization"].startswith("Basic ")
    assert (headers["x-key"], headers["accept-encoding"]) == ("k", "identity")
    assert headers["host"] == server.url.removeprefix("http://")


def test_another_port_of_the_same_host_is_not_its_own(server: Server, elsewhere: Server) -> None:
    elsewhere.has("/file", b"secrets")
    with pytest.raises(Refused):
        fetch(elsewhere.url + "/file", toy(server.url))
    assert elsewhere.heard == []


@pytest.mark.parametrize("target", ["/b", "//HOST/b", "http://HOST/other/../b"])
def test_a_redirect_within_the_host_is_followed_without_keys(server: Server, target: str) -> None:
    server.leads_from("/a", target.replace("HOST", server.url.removeprefix("http://")))
    server.has("/b", b"bytes")
    server.has("/other/../b", b"bytes")
    headers = {"authorization": "Bearer secret", "cookie": "a=b", "x-key": "k"}
    assert fetch(server.url + "/a", toy(server.url), headers=headers) == b"bytes"
    assert fetch(server.url + "/a", toy(server.url), basic_auth=("user", "pass")) == b"bytes"
    for _, seen in server.heard[1::2]:
        assert not {"authorization", "cookie", "x-key", "referer"} & set(seen)


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/", "https://127.0.0.1/", "file:///etc/passwd", "ftp://x/"]
)
def test_a_redirect_to_the_inside_is_refused(server: Server, target: str) -> None:
    server.leads_from("/a", target)
    with pytest.raises(Refused):
        fetch(server.url + "/a", toy(server.url, "127.0.0.1", "169.254.169.254"))


def test_a_redirect_to_another_port_inside_is_refused(server: Server, elsewhere: Server) -> None:
    elsewhere.has("/b", b"secrets")
    server.leads_from("/a", elsewhere.url + "/b")
    with pytest.raises(Refused):
        fetch(server.url + "/a", toy(server.url, "127.0.0.1"))
    assert elsewhere.heard == []


def test_a_redirect_elsewhere_gets_no_keys(
    server: Server, elsewhere: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the check of the host is out of the way; what is sent there is what counts."""
    monkeypatch.setattr(module, "_check_host", lambda *_: None)
    monkeypatch.setattr(module, "is_public", lambda address: True)
    elsewhere.has("/b", b"bytes")
    server.leads_from("/a", elsewhere.url + "/b")
    connector = toy(server.url)
    headers = {"authorization": "Bearer secret", "cookie": "a=b", "x-key": "k"}
    assert fetch(server.url + "/a", connector, headers=headers, query=[("token", "t")]) == b"bytes"
    ((path, seen),) = elsewhere.heard
    assert path == "/b"
    assert not {"authorization", "cookie", "x-key"} & set(seen)


def test_a_ring_of_redirects_ends(server: Server) -> None:
    server.leads_from("/a", "/a")
    with pytest.raises(Refused):
        fetch(server.url + "/a", toy(server.url))
    assert len(server.heard) < 6


@pytest.mark.parametrize(("status", "error"), [(404, Rejected), (503, ConnectionFailed)])
def test_an_answer_that_is_no_file_says_what_to_do(
    server: Server, status: int, error: type[SendError]
) -> None:
    server.has("/a", b"no", status)
    with pytest.raises(error):
        fetch(server.url + "/a", toy(server.url))


def test_a_file_that_stops_half_way_is_no_file(server: Server, tmp_path: Path) -> None:
    server.stops_half_way("/a")
    folder = MediaFolder(tmp_path / "media")
    with pytest.raises(ConnectionFailed):
        folder.save(download(HttpCall(method="GET", url=server.url + "/a"), toy(server.url)), 9999)
    assert [one for one in (tmp_path / "media").rglob("*") if one.is_file()] == []


def test_a_file_without_end_is_cut_off_at_the_limit(server: Server, tmp_path: Path) -> None:
    server.never_ends("/a")
    folder = MediaFolder(tmp_path / "media")
    with pytest.raises(TooLarge):
        folder.save(
            download(HttpCall(method="GET", url=server.url + "/a"), toy(server.url)), 1_000_000
        )
    assert [one for one in (tmp_path / "media").rglob("*") if one.is_file()] == []


def test_a_host_that_is_not_there_may_be_there_later() -> None:
    with socket.socket() as gone:
        gone.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    with pytest.raises(ConnectionFailed) as failed:
        fetch(url + "/a", toy(url))
    assert failed.value.retryable


# -- slow hosts, and going on ----------------------------------------------------------------------


def drips(server: Server, path: str, seconds: float = 20.0) -> None:
    """A body of which a byte comes at a time."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("content-length", "1000000")
        handler.end_headers()
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                handler.wfile.write(b"x")
                time.sleep(0.02)
        except OSError:
            return

    server.answers[path] = answer


def test_a_file_that_drips_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "READ_SECONDS", 0.3)
    drips(server, "/a")
    with pytest.raises(ConnectionFailed, match="too slowly"):
        fetch(server.url + "/a", toy(server.url))


def test_a_file_that_takes_too_long_is_given_up(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TOTAL_SECONDS", 0.3)
    drips(server, "/a")
    with pytest.raises(ConnectionFailed, match="too long"):
        fetch(server.url + "/a", toy(server.url))


BODY = bytes(range(256)) * 4


def supports_ranges(server: Server, path: str, *, etag: str = "", total: str = "1024") -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked = handler.headers.get("range", "")
        changed = handler.headers.get("if-range", etag) != etag
        begin = 0 if not asked or changed else int(asked.removeprefix("bytes=").rstrip("-"))
        handler.send_response(206 if begin else 200)
        handler.send_header("content-length", str(len(BODY) - begin))
        if etag:
            handler.send_header("etag", etag)
        if begin:
            handler.send_header("content-range", f"bytes {begin}-1023/{total}")
        handler.end_headers()
        handler.wfile.write(BODY[begin:])

    server.answers[path] = answer


@pytest.mark.parametrize(
    ("fetched", "etag", "total", "start"),
    [
        (Fetched(1000, '"1"', 1024), '"1"', "1024", 1000),
        (Fetched(1000, "", 1024), "", "1024", 1000),
        (Fetched(1000, '"of another file"', 1024), '"1"', "1024", 0),
        (Fetched(1000, "", 4096), "", "1024", 0),
        (Fetched(1000, "", None), "", "*", 0),
        (None, "", "", 0),
    ],
)
def test_a_file_goes_on_where_it_stopped_unless_it_is_another_file(
    server: Server, fetched: Fetched | None, etag: str, total: str, start: int
) -> None:
    supports_ranges(server, "/a", etag=etag, total=total)
    found = download(HttpCall(method="GET", url=server.url + "/a"), toy(server.url), fetched)
    assert found.start == start
    assert b"".join(found) == BODY[start:]


def test_a_host_that_knows_no_ranges_is_asked_anew(server: Server) -> None:
    server.has("/a", BODY)
    found = download(
        HttpCall(method="GET", url=server.url + "/a"), toy(server.url), Fetched(1000, '"1"', 1024)
    )
    assert (found.start, b"".join(found)) == (0, BODY)


def test_what_came_is_kept_for_the_next_attempt(server: Server, tmp_path: Path) -> None:
    parts = PartialFiles(tmp_path / "partial")
    call = HttpCall(method="GET", url=server.url + "/a")
    server.has("/a", BODY[:600], **{"content-length": "1024", "etag": '"1"'})
    with pytest.raises(ConnectionFailed):
        parts.save(7, download(call, toy(server.url), parts.of(7)), 9999)
    assert parts.of(7) == Fetched(600, '"1"', 1024)
    supports_ranges(server, "/a", etag='"1"')
    assert parts.save(7, download(call, toy(server.url), parts.of(7)), 9999) == 1024
    assert parts.path(7).read_bytes() == BODY
    assert server.heard[1][1]["range"] == "bytes=600-"


# -- what is kept ---------------------------------------------------------------------------------

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("head", "declared", "expected"),
    [
        (PNG, "image/png", "image/png"),
        (PNG, "text/html", "image/png"),
        (b"%PDF-1.7", "image/png", "application/pdf"),
        (SVG, "image/svg+xml", "application/octet-stream"),
        (b"<html>", "image/png", "application/octet-stream"),
        (b"hello", "text/plain; charset=utf-8", "text/plain"),
        (b"hello", "TEXT/CSV", "text/csv"),
        (b"", "", "application/octet-stream"),
        (b"hello", "nonsense", "application/octet-stream"),
        (b"hello", "a/" + "b" * 200, "application/octet-stream"),
    ],
)
def test_a_file_is_what_its_bytes_say(head: bytes, declared: str, expected: str) -> None:
    assert sniff(head, declared) == expected


def test_a_file_is_kept_under_a_name_that_nobody_chose(tmp_path: Path) -> None:
    folder = MediaFolder(tmp_path)
    key, size, head = folder.save([b"ab", b"", b"cd"], 4)
    assert (size, head, folder.read(key)) == (4, b"abcd", b"abcd")
    assert len(key) == 40


@pytest.mark.parametrize("key", ["../../etc/passwd", "", "a" * 39, "a" * 41, "/" * 40, "." * 40])
def test_no_path_comes_from_outside(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError):
        MediaFolder(tmp_path).path(key)


def test_a_link_to_a_file_is_signed() -> None:
    links = MediaLinks("https://hub.example", "secret")
    token = links.path(7, "a b.png").split("/")[2]
    assert links.path(7, "a b.png").endswith("/a%20b.png")
    assert links.attachment_id(token) == 7
    number, rest = token.split(".", 1)
    assert links.attachment_id(f"OA.{rest}") is None
    assert links.attachment_id(f"{number}.{rest[1:]}") is None
    assert links.attachment_id("") is None
    assert MediaLinks("https://hub.example", "another").attachment_id(token) is None
