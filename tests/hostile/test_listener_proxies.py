"""The address of a client behind proxies, and the warning when the set-up does not fit."""

from __future__ import annotations

import pytest

from hub.listener.limits import AddressCounts
from hub.listener.proxies import NOT_EXPECTED, PEER, TOO_FEW, TOO_MANY, Proxies

PUBLIC_URL = "https://chat.example.com"
CLIENT, OTHER = "203.0.113.9", "198.51.100.7"


@pytest.mark.parametrize(
    ("count", "forwarded_for", "address"),
    [
        (0, CLIENT, "10.0.0.2"),
        (1, "", "10.0.0.2"),
        (1, CLIENT, CLIENT),
        (1, f"{OTHER}, {CLIENT}", CLIENT),
        (1, f"{OTHER},{OTHER},{CLIENT}", CLIENT),
        (2, f"{OTHER}, {CLIENT}, 10.0.0.1", CLIENT),
        (2, CLIENT, "10.0.0.2"),
        (1, f"{CLIENT}:4711", CLIENT),
        (1, "[2001:db8::7]:4711", "2001:db8::7"),
        (1, "2001:db8::7", "2001:db8::7"),
        (1, f"{CLIENT}, unknown", "10.0.0.2"),
        (1, f"{CLIENT}, ", "10.0.0.2"),
        (1, f"{CLIENT}, 1.2.3.4.5", "10.0.0.2"),
        (10, ", ".join([CLIENT] * 9), "10.0.0.2"),
    ],
)
def test_the_client_is_the_entry_that_the_first_trusted_proxy_added(
    count: int, forwarded_for: str, address: str
) -> None:
    assert Proxies(count, PUBLIC_URL).client_address("10.0.0.2", forwarded_for) == address


def request(peer: str, forwarded_for: str = "", host: str = "127.0.0.1:8000") -> dict[str, str]:
    environ = {PEER: peer, "HTTP_HOST": host}
    return {**environ, "HTTP_X_FORWARDED_FOR": forwarded_for} if forwarded_for else environ


@pytest.mark.parametrize(
    ("count", "environ", "warning"),
    [
        (0, request("127.0.0.1"), None),
        (0, request("127.0.0.1", CLIENT), NOT_EXPECTED),
        (0, request("::ffff:10.0.0.2", CLIENT), NOT_EXPECTED),
        (0, request(CLIENT, OTHER), None),  # a client's own words prove no proxy
        (1, request("127.0.0.1", CLIENT), None),
        (1, request("127.0.0.1", f"{OTHER}, {CLIENT}"), None),
        (1, request("10.0.0.2", f"10.0.0.9, {CLIENT}"), None),
        (1, request("127.0.0.1", "10.0.0.9"), None),  # a client in the office
        (1, request("127.0.0.1", f"{CLIENT}, 10.0.0.9"), TOO_MANY),
        (1, request("127.0.0.1", host="chat.example.com"), TOO_FEW),
        (1, request("127.0.0.1"), None),  # a health check of this machine
        (1, request(CLIENT), TOO_FEW),  # past the proxy
        (2, request("127.0.0.1", CLIENT), TOO_FEW),
        (2, request("127.0.0.1", f"{CLIENT}, 10.0.0.9"), None),
    ],
)
def test_a_set_up_that_does_not_fit_is_a_warning(
    count: int, environ: dict[str, str], warning: str | None
) -> None:
    proxies = Proxies(count, PUBLIC_URL)
    proxies.check(environ)
    assert proxies.warning == warning


@pytest.mark.parametrize(
    ("environ", "is_inside"),
    [
        (request("127.0.0.1"), True),
        (request("10.1.2.3"), True),
        (request("::1"), True),
        (request(CLIENT), False),
        (request("127.0.0.1", CLIENT), False),
        (request("127.0.0.1", host="chat.example.com"), False),
        (request("127.0.0.1", host="CHAT.example.com:443"), False),
        ({PEER: "127.0.0.1", "HTTP_FORWARDED": "for=1.2.3.4"}, False),
        ({PEER: "127.0.0.1", "HTTP_VIA": "1.1 proxy"}, False),
        ({PEER: "127.0.0.1", "HTTP_X_REAL_IP": CLIENT}, False),
        ({}, False),
    ],
)
def test_a_request_is_inside_when_it_passed_no_proxy(
    environ: dict[str, str], is_inside: bool
) -> None:
    assert Proxies(1, PUBLIC_URL).is_inside(environ) == is_inside


def test_an_address_has_its_own_count_and_an_ipv6_client_one_for_its_network() -> None:
    counts = AddressCounts(2)
    assert [counts.enter(CLIENT) for _ in range(3)] == [CLIENT, CLIENT, None]
    assert counts.enter(f"::ffff:{CLIENT}") is None
    assert counts.enter(OTHER) == OTHER
    networks = [counts.enter(f"2001:db8:0:1:{n}::1") for n in range(3)]
    assert networks == ["2001:db8:0:1::/64", "2001:db8:0:1::/64", None]
    assert counts.enter("2001:db8:0:2::1") is not None
    counts.leave(CLIENT)
    assert counts.enter(CLIENT) == CLIENT


def test_this_machine_is_not_limited() -> None:
    counts = AddressCounts(2)
    assert [counts.enter(address) for address in ("127.0.0.1", "127.0.0.9", "::1") * 2] == [""] * 6
