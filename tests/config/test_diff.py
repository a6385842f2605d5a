"""What would change, without a secret."""

import json
from collections.abc import Callable
from hashlib import sha256

from hub.config import Change, Config, config_changes, config_values

Loaded = Callable[..., Config]


def diff(old: Config, new: Config) -> list[Change]:
    """As the hub compares: what it remembers went through JSON."""
    return config_changes(json.loads(json.dumps(sealed(old))), sealed(new))


def sealed(config: Config) -> dict[str, object]:
    return config_values(config, lambda secret: sha256(secret).hexdigest())


BEFORE = """\
connectors:
  t: {kind: toy, token: SESAME-OLD, box: {host: a, port: 993}}
  gone: {kind: webchat}
hours: {office: {mon-fri: "09:00-17:00"}}
teams: {support: {members: [a@example.com], hours: office}}
routing:
  - {name: one, team: support}
sla: {default: {first_reply: 5m}}
"""
AFTER = """\
connectors:
  t: {kind: toy, token: SESAME-NEW, box: {host: a, port: 143}, loud: true}
  new: {kind: webchat, identity_secret: SESAME-TOO}
hours: {office: {mon-thu: "09:00-17:00", fri: "09:00-13:00"}}
teams: {support: {members: [a@example.com, b@example.com], hours: office}}
routing:
  - {name: one, team: support, priority: high}
  - {name: two}
sla: {}
limits: {sessions_per_minute: 5}
"""


def test_each_difference_has_its_path(loaded: Loaded) -> None:
    changes = diff(loaded(BEFORE), loaded(AFTER))
    assert [str(change) for change in changes] == [
        "~ connectors.t.token: [secret] -> [secret]",
        "~ connectors.t.loud: false -> true",
        "~ connectors.t.box.port: 993 -> 143",
        "+ connectors.new",
        "- connectors.gone",
        "~ teams.support.members: [a@example.com] -> [a@example.com, b@example.com]",
        "~ hours.office.fri: 09:00-17:00 -> 09:00-13:00",
        "~ routing[0].priority: nothing -> high",
        "+ routing[1]",
        "- sla.default",
        "~ limits.sessions_per_minute: 60 -> 5",
    ]


def test_no_secret_is_in_a_difference(loaded: Loaded) -> None:
    assert "SESAME" not in repr(diff(loaded(BEFORE), loaded(AFTER)))
    assert "SESAME" not in json.dumps(sealed(loaded(BEFORE)))


def test_the_same_file_has_no_differences(loaded: Loaded) -> None:
    assert diff(loaded(BEFORE), loaded(BEFORE)) == []


def test_another_way_to_write_it_is_no_difference(loaded: Loaded) -> None:
    other = BEFORE.replace("5m", "300s").replace("mon-fri", "'thu-fri,mon-wed'")
    assert diff(loaded(BEFORE), loaded(other)) == []


def test_turning_a_connector_off_is_one_of_them(loaded: Loaded) -> None:
    on = loaded("connectors: {w: {kind: webchat}}")
    off = loaded("connectors: {w: {kind: webchat, enabled: false}}")
    assert Change("changed", "connectors.w.enabled", "true", "false") in diff(on, off)
