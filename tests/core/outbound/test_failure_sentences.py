"""What an agent reads of a failure is what the hub does after it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import hub.connectors
from hub.errors import (
    ConnectionFailed,
    ContactStopped,
    CredentialsRefused,
    SendError,
    Throttled,
    Unsupported,
)
from hub.outbound import failure_sentences
from hub.outbound.failure_sentences import (
    GIVE_UP_AFTER,
    GIVEN_UP,
    NOT_REPEATED,
    PASSING_CODES,
    TRIED_AGAIN,
    WAITS_FOR_ADMIN,
)
from hub.types import DeliveryStatus
from tests.core.desk import Customer, Desk
from tests.core.steps import says_hello
from tests.core.toys import ToyProvider, a_moment_ago

CLAIMS = (TRIED_AGAIN, WAITS_FOR_ADMIN)


def kinds_of(error: type[SendError]) -> Iterator[type[SendError]]:
    yield error
    for kind in error.__subclasses__():
        yield from kinds_of(kind)


ERRORS = sorted(
    {kind for kind in kinds_of(SendError) if kind.__module__ == "hub.errors"},
    key=lambda kind: kind.__name__,
)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("is_old", [False, True], ids=["today", "after a day"])
def test_a_reason_says_that_it_is_sent_again_where_it_is_and_nowhere_else(
    is_old: bool, kind: type[SendError], desk: Desk, anna: Customer, provider: ToyProvider
) -> None:
    # A long wait, so that the next attempt does not come before the look.
    wait = {} if kind is Unsupported else {"retry_after": timedelta(hours=1)}
    provider.refuses(kind("It did not work", **wait))
    ours = desk.replies(says_hello(anna), "Hi")
    if is_old:
        desk.sets_delivery(ours, created_at=a_moment_ago(hours=25))
    desk.delivers()

    def outcome() -> bool:
        delivery = desk.delivery(ours)
        return delivery.status == "failed" or (
            delivery.status == "queued" and delivery.attempts > 0
        )

    desk.waits_for(outcome)
    delivery = desk.delivery(ours)
    claims_it = any(claim in delivery.reason for claim in CLAIMS)
    assert claims_it is (delivery.status == "queued")
    assert "It did not work." in delivery.reason
    assert (GIVEN_UP in delivery.reason) is (
        delivery.status == "failed"
        and issubclass(kind, Throttled | ConnectionFailed | CredentialsRefused)
    )


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_the_words_come_from_the_decision(kind: type[SendError]) -> None:
    error = kind("It did not work.")
    may_pass = failure_sentences.is_sent_again(error, timedelta(0))
    assert not failure_sentences.is_sent_again(error, GIVE_UP_AFTER)
    assert may_pass is (kind.retryable or kind is CredentialsRefused)
    failed = failure_sentences.failure_reason(error, partly_arrived=False)
    assert (GIVEN_UP in failed) is may_pass
    assert not any(claim in failed for claim in CLAIMS)
    assert (kind.code in PASSING_CODES) is kind.retryable


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_a_failure_that_a_provider_reports_later_is_never_said_to_be_repeated(
    kind: type[SendError], desk: Desk, anna: Customer
) -> None:
    ours = desk.replies(says_hello(anna), "Hi")
    desk.delivers()
    desk.waits_until(ours, "sent")
    desk.reports(
        DeliveryStatus.FAILED,
        external_ids=(desk.message(ours.id).external_id or "",),
        code=kind.code,
        reason="The phone is off.",
    )
    delivery = desk.delivery(ours)
    assert delivery.status == "failed"
    assert (NOT_REPEATED in delivery.reason) is kind.retryable
    assert not any(claim in delivery.reason for claim in CLAIMS)


def test_a_reason_without_words_is_still_a_sentence() -> None:
    assert failure_sentences.failure_reason(ContactStopped(), partly_arrived=False) == (
        "contact_stopped."
    )


# -- connectors ------------------------------------------------------------------------------------

#: Words by which a sentence would say what the hub does next, which no connector knows.
PROMISES = re.compile(
    r"\b(tried again|try again|tries again|retr(?:y|ied)(?!-)|again later|again soon|goes on soon|"
    r"stays in line|waits in line)\b",
    re.IGNORECASE,
)


def sentences_in(folder: Path) -> Iterator[tuple[str, str]]:
    """Every text in the code that is no docstring, with the place where it stands."""
    for path in sorted(folder.rglob("*.py")):
        tree = ast.parse(path.read_text())
        docstrings = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in docstrings
            ):
                yield f"{path.name}:{node.lineno}", node.value


def test_no_sentence_of_a_connector_promises_what_only_the_hub_decides() -> None:
    folder = Path(hub.connectors.__file__).parent
    # Words by which the reports of mail servers are recognised.
    texts = [place for place in sentences_in(folder) if not place[0].startswith("report_words")]
    assert len(texts) > 1000
    assert [place for place in texts if PROMISES.search(place[1])] == []
