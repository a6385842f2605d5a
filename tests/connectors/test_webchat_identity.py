"""Who a site says its visitor is: what is believed, and what is not. Pure, with a given clock."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.connectors.page_identity import (
    LEEWAY,
    Identity,
    IdentityExpired,
    IdentityMalformed,
    IdentityNotConfigured,
    IdentityRefused,
    IdentitySignature,
    SignedId,
    read_identity,
    read_signed_id,
    read_token,
)

SECRET = "a made-up secret that signs visitors"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def token(secret: str = SECRET, **claims: Any) -> str:
    known = {"sub": "42", "exp": (NOW + timedelta(hours=1)).timestamp(), **claims}
    return jwt.encode({key: one for key, one in known.items() if one is not None}, secret, "HS256")


def hash_of(id_: str, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), id_.encode(), hashlib.sha256).hexdigest()


def test_a_token_says_who_somebody_is_and_what_the_site_knows_of_them() -> None:
    given_ = token(
        name=" Mari ",
        email="mari@example.com",
        phone=None,
        attributes={"plan": "gold", "orders": 3, "vip": True, "note": None},
        aud="another reader",
    )
    known = {"plan": "gold", "orders": "3", "vip": "true", "email": "mari@example.com"}
    assert read_token(given_, SECRET, NOW) == Identity("42", "Mari", known)


def test_a_token_is_good_until_it_runs_out_and_a_little_longer() -> None:
    given_ = token(exp=NOW.timestamp())
    assert read_token(given_, SECRET, NOW + LEEWAY - SECOND).id == "42"
    with pytest.raises(IdentityExpired):
        read_token(given_, SECRET, NOW + LEEWAY)


def test_a_token_is_not_good_before_its_time() -> None:
    given_ = token(nbf=NOW.timestamp())
    assert read_token(given_, SECRET, NOW - LEEWAY).id == "42"
    with pytest.raises(IdentityExpired):
        read_token(given_, SECRET, NOW - LEEWAY - SECOND)


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": None},
        {"sub": ""},
        {"sub": 42},
        {"sub": "x" * 201},
        {"sub": "a\x00b"},
        {"sub": " 42"},
        {"exp": None},
        {"exp": "2026-03-02"},
        {"exp": True},
        {"name": "x" * 201},
        {"name": ["Mari"]},
        {"attributes": {str(n): "x" for n in range(51)}},
        {"attributes": {"x" * 65: "x"}},
        {"attributes": {"x": "x" * 501}},
        {"attributes": {"x": {"deep": "x"}}},
        {"attributes": "none"},
    ],
)
def test_a_signed_token_of_another_form_is_refused_without_repeating_it(
    claims: dict[str, Any],
) -> None:
    with pytest.raises(IdentityMalformed) as refused:
        read_token(token(**claims), SECRET, NOW)
    assert "x" * 20 not in refused.value.message


def test_without_a_secret_nobody_is_anybody() -> None:
    with pytest.raises(IdentityNotConfigured):
        read_token(token("\0"), "", NOW)  # to HMAC the same as no key at all
    with pytest.raises(IdentityNotConfigured):
        read_signed_id(SignedId(id="42", user_hash=hash_of("42", "")), "")


def test_the_hash_of_an_id_says_who_somebody_is() -> None:
    signed = SignedId.model_validate(
        {"id": 42, "user_hash": hash_of("42").upper(), "name": "Mari", "email": "mari@example.com"}
    )
    assert read_identity(signed, SECRET, NOW) == Identity(
        "42", "Mari", {"email": "mari@example.com"}
    )
    with pytest.raises(IdentitySignature):
        read_signed_id(SignedId(id="43", user_hash=hash_of("42")), SECRET)
    with pytest.raises(ValidationError):
        SignedId.model_validate({"id": "42", "user_hash": hash_of("42"), "sub": "43"})


@given(st.text(max_size=300) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_whatever_comes_is_an_identity_or_is_refused(text: str) -> None:
    with pytest.raises(IdentityRefused):
        read_token(text, SECRET, NOW)


@given(st.data())
def test_a_token_that_was_touched_anywhere_is_refused(data: st.DataObject) -> None:
    good = token(name="Mari")
    at = data.draw(st.integers(0, len(good) - 1))
    sign = data.draw(st.sampled_from("ABCDEFabcdef0123456789-_.").filter(lambda c: c != good[at]))
    touched = good[:at] + sign + good[at + 1 :]
    try:
        found = read_token(touched, SECRET, NOW)
    except IdentityRefused:
        return
    # Two bits of the last sign of a segment mean nothing in base64.
    assert found == read_token(good, SECRET, NOW)
    assert at == len(good) - 1
