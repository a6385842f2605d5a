"""Twilio's signatures: vectors of its own libraries, and one made here."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from hub.connectors.sms import Sms
from hub.errors import WebhookRejected
from hub.testing import StubHttp, form_of
from hub.types import WebhookRequest
from tests.connectors.twilio_account import ACCOUNT, NUMBER, SITE, signature_of

CALL = (
    ("CallSid", "CA1234567890ABCDE"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
    ("Caller", "+14158675309"),
)
PAGE = "mycompany.com/myapp.php?foo=1&bar=2"
JSON_BODY = b'{"property": "value", "boolean": true}'
JSON_HASH = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
MADE_HERE = (
    b"ToCountry=US&SmsMessageSid=SMe287d7109a5a925f182f0e07fe5b223b&NumMedia=0"
    b"&SmsSid=SMe287d7109a5a925f182f0e07fe5b223b&SmsStatus=received"
    b"&Body=caf%C3%A9+%F0%9F%91%8D&FromCountry=US&To=%2B12028831111&ToZip=&NumSegments=1"
    b"&MessageSid=SMe287d7109a5a925f182f0e07fe5b223b"
    b"&AccountSid=ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa&From=%2B14133881111&ApiVersion=2010-04-01"
)


def verifies(
    url: str, signature: str | None, form: Sequence[tuple[str, str]] = (), body: bytes = b""
) -> bool:
    """Whether the library and we agree that token 12345 signed this."""
    to = dict(form).get("To", NUMBER)
    config = Sms.Config(
        kind="sms", provider="twilio", account_sid=ACCOUNT, auth_token="12345", number=to
    )  # type: ignore[call-arg]
    headers = {} if signature is None else {"x-twilio-signature": signature}
    try:
        Sms("sms", config, SITE, StubHttp()).verify(
            WebhookRequest("POST", url, body, headers, form=tuple(form))
        )
    except WebhookRejected as error:
        assert error.status == 403
        return False
    return True


@pytest.mark.parametrize(
    ("url", "signature"),
    [
        (f"https://{PAGE}", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("https://mycompany.com:1234/myapp.php?foo=1&bar=2", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("http://mycompany.com:1234/myapp.php?foo=1&bar=2", "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
        (f"https://{PAGE}", "kvajT1Ptam85bY51eRf/AJRuM3w="),
        (f"http://{PAGE}", "0ZXoZLH/DfblKGATFgpif+LLRf4="),
        (f"https://{PAGE}#rc=5&rp=all", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    ],
)
def test_a_call_of_twilios_own_vectors_is_known(url: str, signature: str) -> None:
    assert verifies(url, signature, CALL)
    assert not verifies(url, signature, [*CALL, ("Extra", "")])
    assert not verifies(url + "&x=1" if "#" not in url else PAGE, signature, CALL)


def test_several_values_of_one_name_are_sorted_and_counted_once() -> None:
    form = [("Sid", "CA123"), ("SidAccount", "AC123")]
    form += [("Digits", digits) for digits in ("5678", "1234", "1234")]
    assert verifies(f"https://{PAGE}", "IK+Dwps556ElfBT0I3Rgjkr1wJU=", form)


def test_json_is_known_by_the_hash_in_its_url() -> None:
    url, signature = f"https://{PAGE}&bodySHA256={JSON_HASH}", "a9nBmqA0ju/hNViExpshrM61xv4="
    assert verifies(url, signature, body=JSON_BODY)
    assert not verifies(url, signature, body=JSON_BODY + b" ")
    assert not verifies(f"https://{PAGE}", signature, body=JSON_BODY)


def test_blank_fields_are_signed_too() -> None:
    url, form = "https://hub.example.com/webhooks/twilio/1", form_of(MADE_HERE)
    assert verifies(url, "oWUC6o1DnPXVuLOlNhZzHLD3fZ0=", form)
    without_blanks = [pair for pair in form if pair[1]]
    assert signature_of("12345", url, without_blanks) == "hbuoOTex66QOB/2RQhEDahiA3Ls="
    assert not verifies(url, "hbuoOTex66QOB/2RQhEDahiA3Ls=", form)


@pytest.mark.parametrize("signature", [None, "", "é", "RSOYDt4T1cUTdK1PDd93/VVr8B8"])
def test_no_signature_is_403_and_never_an_error(signature: str | None) -> None:
    assert not verifies(f"https://{PAGE}", signature, CALL)


@pytest.mark.parametrize("url", ["https://hub.example:port/x", "https://[::1/x", "", "//"])
def test_an_odd_url_is_403_and_never_an_error(url: str) -> None:
    assert not verifies(url, "RSOYDt4T1cUTdK1PDd93/VVr8B8=", CALL)
