"""The identity of a visitor, signed by the site with a secret that only it and the hub know.

It has two forms: a JSON Web Token, which expires; and the HMAC of a plain id, for sites that have
it already. Reading either is pure: the time is an argument.

Source: RFC 7519 (JWT), RFC 7518, 3.2 (HS256), RFC 2104 (HMAC).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from hub.errors import HubError

#: How far the clocks of the site and the hub may be apart.
LEEWAY = timedelta(seconds=30)
#: Characters.
MAX_TOKEN = 8_192
MAX_ID = 200
MAX_ATTRIBUTES = 50

#: The only algorithm, whatever the token itself names: that would be the sender's choice.
ALGORITHM = "HS256"


class IdentityRefused(HubError):
    """A page brought no valid proof of its visitor. The text is for the developers of the site."""

    code = "identity_refused"


class IdentityRequired(IdentityRefused):
    """This chat is for visitors whom the site has signed in, and the page brought no proof."""

    code = "identity_required"


class IdentityNotConfigured(IdentityRefused):
    code = "identity_not_configured"


class IdentityMalformed(IdentityRefused):
    code = "identity_malformed"


class IdentityTooLong(IdentityRefused):
    code = "identity_too_long"


class IdentityAlgorithm(IdentityRefused):
    code = "identity_algorithm"


class IdentitySignature(IdentityRefused):
    code = "identity_signature"


class IdentityExpired(IdentityRefused):
    code = "identity_expired"


@dataclass(frozen=True, slots=True)
class Identity:
    """A visitor as the site knows them. `id` is proved; other fields are the site's own data."""

    id: str
    name: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


def _printable(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("has signs that cannot be seen")
    return text


def _as_text(value: Any) -> Any:
    """Text for a number or null: sites number their customers, and send null for unknown values."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


_Text = Annotated[str, BeforeValidator(_as_text)]
_Id = Annotated[_Text, Field(min_length=1, max_length=MAX_ID), AfterValidator(_printable)]
_Name = Annotated[str, Field(min_length=1, max_length=64)]


class _Person(BaseModel):
    """The fields that both forms may have."""

    # A token made for several readers carries claims that are not for us.
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    name: _Text = Field("", max_length=200)
    email: _Text = Field("", max_length=320)
    phone: _Text = Field("", max_length=40)
    attributes: dict[_Name, Annotated[_Text, Field(max_length=500)]] = Field(
        {}, max_length=MAX_ATTRIBUTES
    )

    def identity(self, id_: str) -> Identity:
        typed = {"email": self.email, "phone": self.phone}
        attributes = {**self.attributes, **{key: value for key, value in typed.items() if value}}
        known = {key: value for key, value in attributes.items() if value}
        return Identity(id_, self.name.strip(), known)


class _Claims(_Person):
    sub: _Id


class SignedId(_Person):
    """`{id, user_hash, name?, email?, phone?}`: an id with its HMAC-SHA256 in hexadecimal."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    id: _Id
    user_hash: str = Field(max_length=128)


def read_token(token: str, secret: str, now: datetime) -> Identity:
    """The visitor that a token signed with HS256 names in `sub`.

    Args:
        token: a JWT.
        secret: the key that signed it.
        now: the time at which the token must be valid.

    Raises:
        IdentityRefused: the text is not a token, has another algorithm or another key, has expired,
            is not yet valid, or is without `sub` and `exp`.

    Source: RFC 7519, 4.1; RFC 8725, 3.1 (the reader decides the algorithm).
    """
    import jwt  # only hubs whose sites sign pay for it

    _require(secret)
    if len(token) > MAX_TOKEN:
        raise IdentityTooLong(f"An identity has at most {MAX_TOKEN} signs.")
    try:
        claims = jwt.decode(
            token,
            # HMAC fills a short key with zeros itself; PyJWT would warn of it at every token.
            secret.encode().ljust(32, b"\0"),
            algorithms=[ALGORITHM],
            # The times are ours to check: PyJWT would ask the clock of this machine.
            options={
                "require": ["sub", "exp"],
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
                "verify_aud": False,
            },
        )
    except jwt.InvalidAlgorithmError:
        raise IdentityAlgorithm(f"Sign with {ALGORITHM}.") from None
    except jwt.InvalidSignatureError:
        raise IdentitySignature("The signature is not this chat's.") from None
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        raise IdentityMalformed("It must be a JWT with `sub` and `exp`.") from None
    _check_times(claims, now)
    try:
        person = _Claims.model_validate(claims)
    except ValidationError as error:
        raise IdentityMalformed(_invalid_part(error)) from None
    return person.identity(person.sub)


def read_signed_id(signed: SignedId, secret: str) -> Identity:
    """The visitor whose id the site signed with HMAC-SHA256. In constant time.

    Raises:
        IdentityRefused: the hash is not of this id and this secret.

    Source: RFC 2104.
    """
    _require(secret)
    expected = hmac.new(secret.encode(), signed.id.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), signed.user_hash.lower().encode()):
        raise IdentitySignature("`user_hash` is not of this id.")
    return signed.identity(signed.id)


def read_identity(proof: str | SignedId, secret: str, now: datetime) -> Identity:
    """The visitor that either form names. Raises IdentityRefused where the proof is not valid."""
    if isinstance(proof, str):
        return read_token(proof, secret, now)
    return read_signed_id(proof, secret)


def _require(secret: str) -> None:
    if not secret:
        raise IdentityNotConfigured("This chat has no identity_secret to check it with.")


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    expires, begins = claims["exp"], claims.get("nbf", 0)
    if not (_is_number(expires) and _is_number(begins)):
        raise IdentityMalformed("`exp` and `nbf` are seconds since 1970.")
    moment, leeway = now.timestamp(), LEEWAY.total_seconds()
    if not moment - leeway < expires:
        raise IdentityExpired("The identity has run out; sign a new one.")
    if not begins <= moment + leeway:
        raise IdentityExpired("The identity is not good yet.")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _invalid_part(error: ValidationError) -> str:
    """Names the part that is wrong, without a word of its content."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = first["loc"][0] if first["loc"] else "identity"
    return f"{place}: {first['msg'][:200]}"
