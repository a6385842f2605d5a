"""Address lists and parameters of mail: every form that programs write, read in linear time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.email.mime.address_lists import read_list
from hub.connectors.email.mime.headers import Headers
from hub.connectors.email.mime.parameters import read_parameters
from hub.testing import fuzzed


@pytest.mark.parametrize(
    ("value", "boxes"),
    [
        ("ann@x.example", [("", "ann@x.example")]),
        ("Ann Lee <ann@x.example>", [("Ann Lee", "ann@x.example")]),
        ('"Lee, A" <a@x.y>, b@x.y', [("Lee, A", "a@x.y"), ("", "b@x.y")]),
        (r'"Ann \"the\" Lee" <ann@x.example>', [('Ann "the" Lee', "ann@x.example")]),
        ("ann@x.example (Ann Lee)", [("Ann Lee", "ann@x.example")]),
        ("ann@x.example (Ann (of) \\(Lee)", [("Ann (of) (Lee", "ann@x.example")]),
        ("Us: a@x.y, B <b@x.y>;, c@x.y", [("", "a@x.y"), ("B", "b@x.y"), ("", "c@x.y")]),
        ("undisclosed-recipients:;", []),
        ("<@a.example,@b.example:ann@x.example>", [("", "ann@x.example")]),
        ('"ann lee"@x.example', [("", '"ann lee"@x.example')]),
        ("Ann Lee ann@x.example", [("Ann Lee", "ann@x.example")]),
        ("ann @ x.example", [("", "ann@x.example")]),
        ("Ann <ann@x.example", [("Ann", "ann@x.example")]),
        ("Ann (oops <ann@x.example>", [("", "ann@x.example")]),
        ('Ann "oops <ann@x.example>', [("", "ann@x.example")]),
        ("=?utf-8?q?Lee,_Ann?= <ann@x.example>", [("=?utf-8?q?Lee=2C_Ann?=", "ann@x.example")]),
        ("a@x.example; b@y.example", [("", "a@x.example"), ("", "b@y.example")]),
        ("", []),
        ("@", []),
        ("<>", []),
    ],
)  # fmt: skip
def test_an_address_list_is_read(value: str, boxes: list[tuple[str, str]]) -> None:
    assert [(box.name, box.address) for box in read_list(value)] == boxes


@pytest.mark.parametrize(
    ("field", "name", "value"),
    [
        ("text/plain; charset=utf-8", "charset", "utf-8"),
        ('text/plain; CHARSET = "utf-8" ; x=y', "charset", "utf-8"),
        (r'x; name="a\"b;c"', "name", 'a"b;c'),
        ("x; name=a b.pdf", "name", "a b.pdf"),
        ("x; name*=utf-8'en'%C3%B5un.pdf", "name", "õun.pdf"),
        ("x; name*0=long; name*1=name; name*2=.pdf", "name", "longname.pdf"),
        ("x; name*0*=utf-8''%C3; name*1*=%B5; name*2=.pdf", "name", "õ.pdf"),
        ("x; name*1=second; name*0=first", "name", "firstsecond"),
        ("x; name*0=first; name*2=third", "name", "first"),
        ("x; name=plain.pdf; name*=utf-8''%C3%B5.pdf", "name", "õ.pdf"),
        ('x; name="open', "name", "open"),
        ("x; name==?utf-8?q?=C3=B5?=.pdf", "name", "õ.pdf"),
        ("x;;; ;name=a", "name", "a"),
        ("x; name*" + "9" * 5_000 + "=a", "name", ""),
        ("x; other=a", "name", ""),
    ],
)
def test_a_parameter_is_read(field: str, name: str, value: str) -> None:
    assert Headers((("content-type", field),)).parameter(name) == value


@fuzzed
@given(st.text(alphabet="ab@.,;:<>()[]\"\\ =?*'%0\udc80ü", max_size=60))
def test_reading_a_field_never_fails(value: str) -> None:
    assert all("@" in box.address for box in read_list(value))
    assert all(isinstance(name, str) for name in read_parameters(value))
