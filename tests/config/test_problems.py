"""What is wrong with a file is said at once, by line and path, in plain words, without secrets."""

import textwrap
from pathlib import Path

import pytest

from hub.config import load_config, parse_config
from hub.errors import ConfigError
from tests.config.conftest import Problems


def toy(options: str) -> str:
    """A file with one toy; its options are in line 4 and after."""
    body = textwrap.indent(textwrap.dedent(options), "    ")
    return f"connectors:\n  t:\n    kind: toy\n{body}\n"


def test_all_problems_come_at_once_in_the_order_of_their_lines(problems: Problems) -> None:
    text = """\
connectors:
  mybot:
    kind: toy
    tokn: "${TOY_TOKEN}"
    box: {host: mail.example, prot: 993}
  other: {kind: telgram}
teams:
  support: {members: [nobody], hours: offise}
hours:
  office: {timezone: Europe/Talin, mon-fri: "9-5"}
routing:
  - {name: rest, team: suport}
"""
    assert problems(text, {"TOY_TOKEN": "x"}) == [
        "connectors.yaml:4: connectors.mybot.tokn: unknown key, did you mean token?",
        "connectors.yaml:5: connectors.mybot.box.prot: unknown key, did you mean port?",
        "connectors.yaml:6: connectors.other.kind: unknown kind, did you mean telegram?",
        "connectors.yaml:8: teams.support.members[0]: must be an email address",
        "connectors.yaml:8: teams.support.hours: unknown hours, did you mean office?",
        "connectors.yaml:10: hours.office.timezone: must be a time zone such as Europe/Tallinn",
        "connectors.yaml:10: hours.office.mon-fri: "
        'must be hours such as "09:00-17:00", a list of such, or closed',
        "connectors.yaml:12: routing[0].team: unknown team, did you mean support?",
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("token: x\nbox: {host: a, port: many}",
         "5: connectors.t.box.port: must be a whole number"),
        ("token: x\nbox: {host: a, port: 0}", "5: connectors.t.box.port: must be 1 or more"),
        ("token: x\nbox: {host: a, port: 99999}",
         "5: connectors.t.box.port: must be 65535 or less"),
        ("token: x\nbox: {}", "5: connectors.t.box.host: missing. The server's name"),
        ("token: x\nbox: a",
         "5: connectors.t.box: must have keys of its own, such as {key: value}"),
        ("token: x\nmode: pull", "5: connectors.t.mode: must be polling or webhook"),
        ("token: x\nseconds: often", "5: connectors.t.seconds: must be a number"),
        ("token: x\nloud: maybe", "5: connectors.t.loud: must be true or false"),
        ("token: x\nsites: one", "5: connectors.t.sites: must be a list, such as [a, b]"),
        ("token: x\nlabel: [a]", "5: connectors.t.label: must be text"),
        ("token: x\nlabel:", "5: connectors.t.label: has no value; it must be text"),
        ("token: x\npair: box", "2: connectors.t: needs box or hook"),
        ("token: x\nbug: y", "2: connectors.t: the code that checks this failed (RuntimeError)"),
        ("loud: true", "2: connectors.t.token: missing. The toy's token"),
        ("token: x\nzzzzzz: 1", "5: connectors.t.zzzzzz: unknown key; there are kind, enabled, "
         "label, media_hosts, token, mode, number, seconds, loud, sites, box, hook, bug, pair"),
        ("token: x\ntoken: y", "5: connectors.t.token: written twice, first in line 4"),
        ("token: x\n<<: {loud: true}",
         "5: connectors.t.<<: merging is not understood here: write the keys out"),
        ("token: !secret x", "4: connectors.t.token: a value that starts with ! needs quotes"),
        ("token: x\n? [a]\n: 1", "5: connectors.t: a key must be plain text"),
    ],
)  # fmt: skip
def test_each_mistake_has_its_sentence(options: str, expected: str, problems: Problems) -> None:
    assert problems(toy(options)) == [f"connectors.yaml:{expected}"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1: must have sections, at least connectors:"),
        ("- a", "1: must have sections, at least connectors:"),
        ("teams: {}", "1: has no connectors: section"),
        ("connectors: [a]", "1: connectors: must have a name and options for each connector"),
        ("connectors: {t: }", "1: connectors.t: must have options, at least kind:"),
        ("connectors: {T 1: {kind: webchat}}",
         "1: connectors.T 1: a connector's name has small letters, digits, - and _ only"),
        ("connectors: {t: {label: x}}",
         "1: connectors.t.kind: missing; the kinds are broken, email, messenger, sms, telegram, "
         "toy, webchat"),
        ("connectors: {t: {kind: fax}}",
         "1: connectors.t.kind: unknown kind; there are broken, email, messenger, sms, telegram, "
         "toy, webchat"),
        ("connectors: {}\nconectors: {}", "2: conectors: unknown key, did you mean connectors?"),
        ("connectors: {}\nteams: {a: {overflow: a}}", "2: teams.a.overflow: must be another team"),
        ("connectors: {}\nsla: {a: {within: o}}",
         "2: sla.a.within: unknown hours; there is none yet"),
        ("connectors: {}\nsla: {a: {resolve: 5}}", "2: sla.a.resolve: must be a duration with its "
         "unit, such as 90s, 5m, 2h or 7d"),
        ("connectors: {}\nrouting: [{sla: vip}]",
         "2: routing[0].sla: unknown policy; there is none yet"),
        ("connectors: {shop: {kind: webchat}}\nrouting:\n- when: {connector: [shop, shp]}",
         "3: routing[0].when.connector[1]: unknown connector, did you mean shop?"),
        ("connectors: {}\nrouting: [{when: {kind: fax}}]", "2: routing[0].when.kind: unknown kind "
         "of channel; there are broken, email, messenger, sms, telegram, toy, webchat"),
        ("connectors: {}\nrouting: [{when: {outside_hours: o}}]",
         "2: routing[0].when.outside_hours: unknown hours; there is none yet"),
        ("connectors: {}\nagents: {a@b.example: {teams: [x]}}",
         "2: agents.a@b.example.teams[0]: unknown team; there is none yet"),
        ("connectors: {}\nassignment: {capacity: {weights: {emial: 1}}}",
         "2: assignment.capacity.weights.emial: unknown kind of channel, did you mean email?"),
        ("connectors: {}\nreplies: {queued: 'Number {place}'}",
         "2: replies.queued: has a placeholder that nothing fills; it may have {position}, {wait}"),
        ("connectors: {}\nreplies: {offline: 'Back {'}", "2: replies.offline: has a brace without "
         "its other half; write {{ and }} for the sign"),
        ("connectors: {}\nreplies: {greeting: {english: Hi}}",
         "2: replies.greeting.english: must be a language tag such as en, ar or pt-BR"),
        ("connectors: {}\nlimits: {visitor_messages_burst: 0}",
         "2: limits.visitor_messages_burst: must be 1 or more"),
        ("connectors: {}\nhours: {o: {mon-fry: closed}}",
         "2: hours.o.mon-fry: unknown key, did you mean mon-fri?"),
        ("connectors: {}\nhours: {o: {holidays: [tomorrow]}}",
         "2: hours.o.holidays[0]: must be a day such as 2026-12-24"),
    ],
)  # fmt: skip
def test_each_section_has_its_sentences(text: str, expected: str, problems: Problems) -> None:
    assert problems(text) == [f"connectors.yaml:{expected}"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("connectors:\n\twebsite: {}", "2: not valid YAML: indent with spaces, not with tabs"),
        ("connectors:\n  a: b: c", "2: not valid YAML: a second colon here; put the value in "
         "quotes, or check the indentation"),
        ("connectors: [1,", "1: not valid YAML: a bracket or brace is opened and never closed"),
        ("connectors:\n  a: 'x", "2: not valid YAML: a quote is opened and never closed"),
        ("connectors:\n  a: @x", "2: not valid YAML: put this value in quotes"),
        ("connectors:\n  a: *x", "2: not valid YAML: a value that starts with * needs quotes"),
        ("connectors: {}\n---\nteams: {}",
         "2: the file may hold one document only: take out the `---`"),
        ("connectors: " + "[" * 5000, "1: nested far too deep"),
        ("connectors: \x00", "1: has characters that YAML does not allow"),
        ('connectors: "\\UFFFFFFFF"', "1: has characters that YAML does not allow"),
    ],
)  # fmt: skip
def test_what_is_not_yaml_is_one_problem(text: str, expected: str, problems: Problems) -> None:
    assert problems(text) == [f"connectors.yaml:{expected}"]


def test_an_alias_inside_itself_is_a_problem(problems: Problems) -> None:
    (problem,) = [line for line in problems("connectors: &a {x: *a}") if "nested" in line]
    assert "nested far too deep" in problem


def test_aliases_of_aliases_do_not_grow_without_end(problems: Problems) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for name, last in zip("bcdefghi", "abcdefgh", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{last}'] * 10)}]")
    assert any("far too long" in line for line in problems("\n".join(lines)))


def test_a_package_that_cannot_be_imported_is_a_problem_of_its_connector(
    problems: Problems,
) -> None:
    (problem,) = problems("connectors: {b: {kind: broken}, w: {kind: webchat}}")
    assert problem.startswith("connectors.yaml:1: connectors.b.kind: the code of this kind cannot")
    assert "no_such_package" in problem


def test_a_misspelt_key_is_not_also_reported_as_missing(problems: Problems) -> None:
    assert problems(toy("tokn: x")) == [
        "connectors.yaml:4: connectors.t.tokn: unknown key, did you mean token?"
    ]


# -- files ----------------------------------------------------------------------------------


def test_a_file_that_is_not_there_says_so() -> None:
    with pytest.raises(ConfigError, match=r"no_such\.yaml:1: there is no such file"):
        load_config("no_such.yaml")


def test_a_directory_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_config(tmp_path)


def test_a_file_in_another_encoding_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_bytes("connectors: {}\n# käsitöö\n".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"c\.yaml:2: must be saved as UTF-8"):
        load_config(file)


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_bytes(b"#" * 1_000_001)
    with pytest.raises(ConfigError, match="larger than 1 MB"):
        load_config(file)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_bytes(b"\xef\xbb\xbfconnectors: {}\r\n")
    assert load_config(file).connectors == {}


# -- secrets --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        "token: [SESAME-OPEN]",
        "token: {a: SESAME-OPEN}",
        "token: x\nnumber: '${SECRET}'",
        "token: x\nmode: '${SECRET}'",
        "token: x\nseconds: '${SECRET}'",
        "token: x\nloud: '${SECRET}'",
        "token: x\nsites: '${SECRET}'",
        "token: x\nbug: '${SECRET}'",
        "token: x\nbox: {host: a, port: '${SECRET}'}",
        "token: x\nbox: '${SECRET}'",
        "token: SESAME-OPEN\nnumber: SESAME-OPEN",
        "token: x\nbox: {host: a, password: SESAME-OPEN}\nnumber: SESAME-OPEN",
        "token: *SESAME-OPEN",
        "token: !SESAME-OPEN x",
        "token: !a!SESAME-OPEN x",
        "token: 'SESAME-OPEN",
        "token: @SESAME-OPEN",
        "token: `SESAME-OPEN",
        "token: SESAME-OPEN: x",
        "token: %SESAME-OPEN",
    ],
)
def test_no_secret_is_in_any_problem(options: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(toy(options), {"SECRET": "SESAME-OPEN"})
    shown = [str(caught.value), repr(caught.value), repr(caught.value.problems)]
    assert not any("SESAME" in text for text in shown)
    assert caught.value.__cause__ is None


def test_no_secret_is_in_a_repr() -> None:
    config = parse_config(toy("token: SESAME-OPEN\nbox: {host: a, password: SESAME-OPEN}"), {})
    assert "SESAME" not in repr(config)
    assert "SESAME" not in str(config.model_dump())
