"""What editors are told, and what the documentation says."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.config import config_schema, parse_config
from hub.settings import Settings

DOCS = Path(__file__).parents[2] / "docs/configuration.md"


def definition(document: dict[str, Any], name: str) -> dict[str, Any]:
    """The alternative for one kind."""
    for part in document["properties"]["connectors"]["additionalProperties"]["anyOf"]:
        found = document["$defs"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part
        if found["properties"]["kind"]["const"] == name:
            return found
    raise AssertionError(f"no alternative for {name}")


def properties(part: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key anywhere in the schema, with where it is defined."""
    if isinstance(part, dict):
        for key, inner in part.get("properties", {}).items():
            yield f"{path}.{key}", inner
        for key, inner in part.items():
            yield from properties(inner, f"{path}.{key}" if key != "properties" else path)
    elif isinstance(part, list):
        for inner in part:
            yield from properties(inner, path)


def test_the_schema_is_json() -> None:
    assert json.loads(json.dumps(config_schema())) == config_schema()


def test_every_section_stands_in_it() -> None:
    document = config_schema()
    assert set(document["properties"]) == {
        "connectors", "teams", "hours", "routing", "assignment", "replies", "sla", "agents",
        "canned_replies", "limits",
    }  # fmt: skip
    assert document["required"] == ["connectors"]
    assert document["additionalProperties"] is False


def test_each_kind_is_an_alternative_with_its_own_keys() -> None:
    toy = definition(config_schema(), "toy")
    assert toy["required"] == ["kind", "token"]
    assert toy["additionalProperties"] is False
    assert "loud" in toy["properties"]
    assert "allowed_origins" in definition(config_schema(), "webchat")["properties"]


def test_a_kind_that_cannot_be_imported_is_left_open() -> None:
    assert "additionalProperties" not in definition(config_schema(), "broken")


def test_a_variable_may_stand_for_a_number_a_switch_or_a_choice() -> None:
    toy = definition(config_schema(), "toy")["properties"]
    variable = {"type": "string", "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}"}
    for key in ("seconds", "loud", "mode"):
        assert variable in toy[key]["anyOf"], key
    assert toy["seconds"]["description"] == "How often it looks."


def test_every_reference_leads_somewhere() -> None:
    document = config_schema()
    refs = set(re.findall(r'"#/\$defs/([^"]+)"', json.dumps(document)))
    assert refs <= set(document["$defs"])


def test_every_key_has_a_description() -> None:
    document = config_schema()

    def described(part: dict[str, Any]) -> bool:
        model = document["$defs"].get(part.get("$ref", "").rpartition("/")[2], {})
        return bool(part.get("description") or model.get("description"))

    assert [path for path, inner in properties(document) if not described(inner)] == []


def test_defaults_stand_as_they_are_written_in_the_file() -> None:
    assignment = config_schema()["$defs"]["Assignment"]["properties"]
    assert assignment["sticky"]["default"] == "7d"
    assert assignment["accept_within"]["default"] == "1m30s"


# -- the documentation -------------------------------------------------------------------------


def documented() -> set[str]:
    return set(re.findall(r"^\| `([^`]+)`", DOCS.read_text(), re.MULTILINE))


def keys_of_ours() -> set[str]:
    """Every key of the file, without those that only the other packages' kinds have."""
    document = config_schema()
    others = document["$defs"]
    others.pop("ToyConfig")
    others.pop("Mailbox")
    return {path.rpartition(".")[2] for path, _ in properties(document)}


def test_every_key_stands_in_the_documentation() -> None:
    missing = keys_of_ours() - {name.rpartition(".")[2] for name in documented()}
    assert missing == set()


@pytest.mark.parametrize("name", [*Settings.model_fields])
def test_every_variable_stands_in_the_documentation(name: str) -> None:
    variable = "PORT" if name == "port" else f"HUB_{name.upper()}"
    assert variable in documented()


def test_nothing_is_documented_that_is_not_there() -> None:
    variables = {"PORT", *(f"HUB_{name.upper()}" for name in Settings.model_fields)}
    gone = {name for name in documented() if name.rpartition(".")[2] not in keys_of_ours()}
    assert gone - variables - {"mon-fri"} == set()


def test_the_examples_of_the_documentation_are_right_together() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", DOCS.read_text(), re.DOTALL)
    config = parse_config("\n".join(blocks), {"TELEGRAM_TOKEN": "123456:" + "a" * 35})
    assert len(blocks) >= 6
    assert config.hours["shop"].week[4] == ()
    assert config.routing[2].name == "rest"
    assert config.agents["agent1@example.com"].skills == ("arabic",)
