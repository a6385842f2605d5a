"""The rules on disk can be tried before they are live."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.config import Config, parse_config
from hub.router.preview import Question, preview_decision
from tests.harness import RunningHub

FILE = """\
connectors:
  website: {kind: webchat}
hours:
  office: {timezone: Europe/Tallinn, mon-fri: "09:00-17:00"}
teams:
  sales: {hours: office}
  support: {}
sla:
  default: {first_reply: 5m}
  vip: {first_reply: 1m}
routing:
  - {name: pricing page, when: {page: "*/pricing*"}, team: sales, priority: high}
  - {name: arabic, when: {language: [ar, fa]}, skills: [arabic], team: support}
  - {name: vip, when: {contact: {plan: gold}}, priority: urgent, sla: vip}
"""
#: A Monday; Tallinn is two hours ahead in winter.
MONDAY = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
SUNDAY = datetime(2026, 1, 4, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def config() -> Config:
    return parse_config(FILE, {})


def test_the_preview_names_the_rule_and_the_conditions_that_failed_before(config: Config) -> None:
    asked = Question(connector="website", text="hello there", contact={"plan": "gold"})
    found = preview_decision(config, asked, MONDAY)
    assert (found.rule, found.priority, found.sla) == ("vip", "urgent", "vip")
    assert [(step.rule, step.failed) for step in found.steps] == [
        ("pricing page", "page"),
        ("arabic", "language"),
        ("vip", None),
    ]


def test_without_a_matching_rule_any_agent_may_answer_under_the_default_policy(
    config: Config,
) -> None:
    found = preview_decision(config, Question(connector="website", text="hello there"), MONDAY)
    assert (found.rule, found.team, found.priority, found.sla) == (None, None, "normal", "default")


def test_the_preview_says_when_a_closed_team_opens(config: Config) -> None:
    asked = Question(connector="website", page="https://shop.example/pricing/", at=SUNDAY)
    found = preview_decision(config, asked, MONDAY)
    assert (found.team, found.team_open) == ("sales", False)
    assert found.opens_at == datetime(2026, 1, 5, 7, 0, tzinfo=UTC)
    assert preview_decision(config, asked.model_copy(update={"at": None}), MONDAY).team_open


def test_the_language_is_told_from_the_text(config: Config) -> None:
    asked = Question(connector="website", text="مرحبا، أريد أن أعرف أين وصل طلبي من فضلكم")
    found = preview_decision(config, asked, MONDAY)
    assert (found.language, found.rule, found.skills) == ("ar", "arabic", ("arabic",))


def test_a_connector_that_is_not_in_the_file_is_said_to_be_missing(config: Config) -> None:
    assert preview_decision(config, Question(connector="fax"), MONDAY).problem == (
        "There is no connector 'fax' in the file."
    )


def route(tmp_path: Path, file: str, *messages: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "connectors.yaml").write_text(file)
    (tmp_path / "messages").write_text("\n".join(messages))
    return subprocess.run(
        [sys.executable, "-m", "hub", "route", "--dry-run", "messages"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.slow
def test_the_command_prints_a_decision_for_each_line(tmp_path: Path) -> None:
    done = route(
        tmp_path,
        FILE,
        '{"connector": "website", "text": "hi", "page": "https://shop.example/pricing"}',
        "",
        '{"connector": "website", "text": "hi", "at": "2026-01-04T08:00:00Z"}',
    )
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["rule"] for line in done.stdout.splitlines()] == ["pricing page", None]


@pytest.mark.slow
def test_a_wrong_line_is_named_and_the_others_are_decided(tmp_path: Path) -> None:
    done = route(tmp_path, FILE, '{"text": "hi"}', "not json", '{"connector": "website"}')
    assert done.returncode == 1
    assert [line.split(": ")[0] for line in done.stderr.splitlines()] == [
        "messages:1",
        "messages:2",
    ]
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.slow
def test_a_wrong_file_is_told_with_every_problem(tmp_path: Path) -> None:
    done = route(tmp_path, FILE.replace("team: sales", "team: sale"), '{"connector": "website"}')
    assert done.returncode == 1
    assert "connectors.yaml:12: routing[0].team" in done.stderr


@pytest.mark.servers
def test_the_api_tries_the_file_on_disk_before_it_is_in_force(tmp_path: Path) -> None:
    with RunningHub(tmp_path, "connectors: {website: {kind: webchat}}\n") as hub:
        hub.config.write_text(FILE)
        asked = {"connector": "website", "text": "hi", "page": "https://shop.example/pricing"}
        found = hub.post("/routing/preview", asked, status=200)
        assert (found["rule"], found["team"], found["priority"]) == (
            "pricing page",
            "sales",
            "high",
        )
        hub.config.write_text(FILE.replace("team: sales", "team: sale"))
        refused = hub.request("POST", "/routing/preview", json=asked)
        assert refused.status_code == 409
        assert "did you mean sales?" in refused.json()["problems"][0]


def test_the_rules_can_be_tried_with_where_a_customer_came_from() -> None:
    config = parse_config(
        "connectors: {page: {kind: messenger, page_id: '1', page_access_token: a, app_secret: b,"
        " verify_token: c}}\n"
        "teams: {sales: {}, press: {}}\n"
        "routing:\n"
        "  - {name: spring ads, when: {origin: {kind: ad, ref: spring*}}, team: sales}\n"
        "  - {name: any other, when: {origin: {}}, team: press}\n",
        {},
    )
    asked = Question.model_validate(
        {"connector": "page", "origin": {"kind": "ad", "title": "Boots", "ref": "Spring-2"}}
    )
    assert preview_decision(config, asked, MONDAY).team == "sales"
    asked = Question.model_validate({"connector": "page", "origin": {"kind": "story"}})
    found = preview_decision(config, asked, MONDAY)
    assert (found.team, found.steps[0].failed) == ("press", "origin")
    assert preview_decision(config, Question(connector="page"), MONDAY).team is None
