"""Pushes to agents' devices, through a push service that checks what it gets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from hub.accounts import sign_ins
from hub.errors import Invalid
from hub.notifications import notices, push_states, push_subscriptions, push_worker
from hub.notifications.push_requests import PushSender
from hub.notifications.push_subscriptions import MAX_DEVICES, NewSubscription, device_name
from hub.notifications.push_worker import PushWorker
from hub.notifications.settings import (
    Matrix,
    NotificationSettings,
    Places,
    save_settings,
)
from hub.notifications.vapid import VapidKey
from hub.schema.author import Author
from hub.schema.tokens import digest
from hub.store.models import push_states as states
from hub.store.models import push_subscriptions as devices
from tests.core.desk import Customer, Desk, eventually
from tests.push_service import PushService, Subscription

HERE = "http://127.0.0.1:8000"
KEY = VapidKey("the secret of this hub", HERE)


@pytest.fixture(autouse=True)
def _no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push_states, "DELAY", timedelta(0))
    monkeypatch.setattr(push_worker, "RETRY_AFTER", timedelta(milliseconds=20))


@pytest.fixture
def service() -> Iterator[PushService]:
    with PushService() as service:
        yield service


@pytest.fixture
def worker(desk: Desk) -> Iterator[PushWorker]:
    worker = PushWorker(desk.store, PushSender(KEY, HERE))
    worker.start()
    yield worker
    worker.stop()


@pytest.fixture
def liis(desk: Desk) -> Author:
    return desk.hires("Liis")


@pytest.fixture
def customer(desk: Desk) -> Customer:
    return desk.customer("mari", name="Mari")


def signs_in(desk: Desk, agent: Author, token: str) -> str:
    """Opens a session. Returns its proof."""
    agent_id = agent.id or 0
    desk.store.write(lambda tx: sign_ins._open_session(tx, agent_id, token, "csrf"))
    return digest(token)


def subscribes(
    desk: Desk, service: PushService, agent: Author, token: str = "", **fields: str
) -> Subscription:
    """A browser in which the agent has just signed in subscribes."""
    subscription = service.subscribes(KEY.public)
    proof = signs_in(desk, agent, token or subscription.endpoint)
    keys = subscription.json["keys"]
    new = NewSubscription(
        endpoint=subscription.endpoint,
        p256dh=keys["p256dh"],
        auth=keys["auth"],
        proof=proof,
        language="en",
        **fields,
    )
    desk.store.write(lambda tx: push_subscriptions.add_subscription(tx, agent.id or 0, new))
    return subscription


def assigned(desk: Desk, customer: Customer, agent: Author) -> str:
    conversation_id = customer.says("Tere").conversation_id
    desk.changes(conversation_id, assignee_id=agent.id)
    return conversation_id


def due(desk: Desk) -> int:
    return desk.count(states, states.c.due_at.is_not(None))


def is_settled(desk: Desk) -> bool:
    return due(desk) == 0


def sets(desk: Desk, agent: Author, settings: NotificationSettings) -> None:
    desk.store.write(lambda tx: save_settings(tx, agent.id or 0, settings))


def test_a_push_service_that_checks_everything_takes_the_push_and_the_device_reads_it(
    desk: Desk, service: PushService, worker: PushWorker, customer: Customer, liis: Author
) -> None:
    subscription = subscribes(desk, service, liis)
    conversation_id = assigned(desk, customer, liis)
    (push,) = service.waits_for(subscription)
    assert push.content["kind"] == "assigned"
    assert push.content["name"] == "Mari"
    assert push.content["conversation_id"] == conversation_id
    assert push.topic == f"conversation-{conversation_id}"
    assert push.urgency == "high"
    said = customer.says("Kas 🚚 tuleb?")
    push = service.waits_for(subscription, 2)[1]
    assert push.content["text"] == "Kas 🚚 tuleb?"
    assert push.content["message_id"] == said.id
    assert push.ttl > 0
    assert push.topic == f"conversation-{conversation_id}"


def test_no_text_leaves_when_the_agent_hides_it(
    desk: Desk, service: PushService, worker: PushWorker, customer: Customer, liis: Author
) -> None:
    sets(desk, liis, NotificationSettings(hide_text=True))
    subscription = subscribes(desk, service, liis)
    customer.says("salajane")
    desk.changes(desk.only_conversation().id, assignee_id=liis.id)
    (push,) = service.waits_for(subscription)
    assert push.content["hide_text"] is True
    assert "salajane" not in str(push.content)


def test_the_longest_message_and_names_fit_into_a_push(
    desk: Desk, service: PushService, worker: PushWorker, liis: Author
) -> None:
    subscription = subscribes(desk, service, liis)
    customer = desk.customer("long", name="😀" * 500)
    assigned(desk, customer, liis)
    service.waits_for(subscription)
    customer.says("😀" * 5000)
    assert service.waits_for(subscription, 2)[1].content["text"].endswith("…")


def test_what_is_read_before_it_leaves_is_not_pushed_and_what_was_pushed_is_taken_back(
    desk: Desk, service: PushService, customer: Customer, liis: Author
) -> None:
    worker = PushWorker(desk.store, PushSender(KEY, HERE))
    subscription = subscribes(desk, service, liis)
    conversation_id = int(assigned(desk, customer, liis))
    desk.store.write(lambda tx: notices.mark_seen(tx, liis.id or 0, conversation_id))
    worker.run()
    eventually(lambda: is_settled(desk))
    assert service.attempts == 0
    customer.says("Halloo")
    worker.run()
    service.waits_for(subscription)
    eventually(lambda: is_settled(desk))
    desk.store.write(lambda tx: notices.mark_seen(tx, liis.id or 0, conversation_id))
    worker.run()
    taken_back = service.waits_for(subscription, 2)[1]
    assert taken_back.content == {"type": "clear", "conversation_id": str(conversation_id)}
    assert taken_back.topic == f"conversation-{conversation_id}"
    eventually(lambda: desk.count(states) == 0)


def test_nothing_is_pushed_of_what_was_resolved_meanwhile(
    desk: Desk, service: PushService, customer: Customer, liis: Author
) -> None:
    subscription = subscribes(desk, service, liis)
    resolved = assigned(desk, customer, liis)
    jaan = desk.customer("jaan")
    open_id = assigned(desk, jaan, liis)
    for number in range(3):
        jaan.says(f"sõnum {number}")
    desk.changes(resolved, status="resolved")
    PushWorker(desk.store, PushSender(KEY, HERE)).run()
    (push,) = service.waits_for(subscription)
    eventually(lambda: is_settled(desk))
    assert push.content["conversation_id"] == open_id
    assert push.content["text"] == "sõnum 2"
    assert len(subscription.received) == 1


def test_signing_out_ends_pushes_on_this_device_and_on_no_other(
    desk: Desk, service: PushService, worker: PushWorker, customer: Customer, liis: Author
) -> None:
    laptop = subscribes(desk, service, liis, "laptop")
    phone = subscribes(desk, service, liis, "phone")
    desk.store.write(lambda tx: sign_ins.sign_out(tx, "laptop"))
    assigned(desk, customer, liis)
    service.waits_for(phone)
    eventually(lambda: is_settled(desk))
    assert laptop.received == []
    assert desk.count(devices) == 1


@pytest.mark.parametrize("status", [404, 410, 403])
def test_an_endpoint_that_says_it_ended_is_dropped(
    desk: Desk,
    service: PushService,
    worker: PushWorker,
    customer: Customer,
    liis: Author,
    status: int,
) -> None:
    subscription = subscribes(desk, service, liis)
    subscription.answers_once(status)
    assigned(desk, customer, liis)
    eventually(lambda: desk.count(devices) == 0)
    assert desk.count(states) == 0
    customer.says("veel")
    assert service.attempts == 1


def test_a_push_that_failed_is_sent_again_and_one_that_is_refused_is_not(
    desk: Desk, service: PushService, worker: PushWorker, customer: Customer, liis: Author
) -> None:
    subscription = subscribes(desk, service, liis)
    subscription.answers_once(503)
    subscription.answers_once(429)
    assigned(desk, customer, liis)
    service.waits_for(subscription)
    assert service.attempts == 3
    subscription.answers_once(413)
    customer.says("keeldutud")
    service.waits_for_attempts(4)
    eventually(lambda: is_settled(desk))
    assert len(subscription.received) == 1


def test_a_service_that_asks_to_wait_is_left_alone_until_then(
    desk: Desk, service: PushService, customer: Customer, liis: Author
) -> None:
    subscription = subscribes(desk, service, liis)
    subscription.answers_once(429, **{"Retry-After": "600"})
    assigned(desk, customer, liis)
    worker = PushWorker(desk.store, PushSender(KEY, HERE))
    worker.run()

    def is_postponed() -> bool:
        with desk.store.read() as connection:
            row = connection.execute(select(states)).one()
        lease = push_states.LEASE + timedelta(seconds=30)
        now = desk.store.write(lambda tx: tx.now)
        return row.due_at is not None and row.due_at > now + lease

    eventually(is_postponed)


def test_pushes_of_quiet_hours_wait_for_their_end_as_one(
    desk: Desk, service: PushService, customer: Customer, liis: Author
) -> None:
    now = desk.store.write(lambda tx: tx.now)
    sets(desk, liis, NotificationSettings(muted_until=now + timedelta(hours=3)))
    subscription = subscribes(desk, service, liis)
    assigned(desk, customer, liis)
    customer.says("öösel")
    worker = PushWorker(desk.store, PushSender(KEY, HERE))
    worker.run()

    def waits() -> bool:
        with desk.store.read() as connection:
            (due_at,) = connection.execute(select(states.c.due_at)).scalars()
        return bool(due_at == now + timedelta(hours=3))

    eventually(waits)
    assert service.attempts == 0
    sets(desk, liis, NotificationSettings())
    desk.store.write(lambda tx: tx.execute(update(states).values(due_at=tx.now)).rowcount)
    worker.run()
    (push,) = service.waits_for(subscription)
    assert push.content["text"] == "öösel"


def test_a_kind_that_is_not_pushed_sends_nothing(
    desk: Desk, service: PushService, customer: Customer, liis: Author
) -> None:
    sets(desk, liis, NotificationSettings(kinds=Matrix(assigned=Places(push=False))))
    subscribes(desk, service, liis)
    assigned(desk, customer, liis)
    assert desk.count(states) == 0


def test_two_workers_push_once(
    desk: Desk, service: PushService, customer: Customer, liis: Author
) -> None:
    subscription = subscribes(desk, service, liis)
    assigned(desk, customer, liis)
    workers = [PushWorker(desk.store, PushSender(KEY, HERE)) for _ in range(2)]
    threads = [threading.Thread(target=worker.run) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    service.waits_for(subscription)
    eventually(lambda: is_settled(desk))
    assert len(subscription.received) == 1


def test_a_test_is_pushed_at_once_whatever_the_hour(
    desk: Desk, service: PushService, worker: PushWorker, liis: Author
) -> None:
    now = desk.store.write(lambda tx: tx.now)
    sets(desk, liis, NotificationSettings(muted_until=now + timedelta(hours=3)))
    subscription = subscribes(desk, service, liis)
    with desk.store.read() as connection:
        (device,) = push_subscriptions.valid_subscriptions(connection, liis.id or 0)
    desk.store.write(lambda tx: push_states.mark_due(tx, [device.id], push_states.TEST))
    worker._timer.wake()
    (push,) = service.waits_for(subscription)
    assert push.content["type"] == "test"


def test_a_further_device_takes_the_place_of_the_oldest(
    desk: Desk, service: PushService, liis: Author
) -> None:
    added = [subscribes(desk, service, liis, f"device {n}") for n in range(MAX_DEVICES + 2)]
    with desk.store.read() as connection:
        kept = push_subscriptions.valid_subscriptions(connection, liis.id or 0)
    assert [device.endpoint for device in kept] == [each.endpoint for each in added[2:]]


def test_another_agent_on_the_same_browser_takes_its_pushes_over(
    desk: Desk, service: PushService, worker: PushWorker, customer: Customer, liis: Author
) -> None:
    subscription = subscribes(desk, service, liis)
    keys = subscription.json["keys"]
    proof = signs_in(desk, desk.agent, "another sign-in")
    new = NewSubscription(subscription.endpoint, keys["p256dh"], keys["auth"], proof)
    desk.store.write(lambda tx: push_subscriptions.add_subscription(tx, desk.agent.id or 0, new))
    assigned(desk, customer, liis)
    eventually(lambda: is_settled(desk))
    assert subscription.received == []


# -- addresses and keys --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://192.168.0.9/push",
        "https://10.0.0.1/push",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/push",
        "https://[fd00::1]/push",
        "https://127.0.0.1:9/push",
        "http://push.example.com/x",
    ],
)
def test_nothing_is_sent_into_a_private_network(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(*_: object, **__: object) -> None:
        raise AssertionError("it connected")

    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    monkeypatch.setattr(
        "hub.notifications.push_requests.socket.getaddrinfo",
        lambda host, port, **_: [
            (0, 0, 0, "", (host.replace("push.example.com", "8.8.8.8"), port))
        ],
    )
    sender = PushSender(VapidKey("secret", "https://hub.example"), "https://hub.example")
    keys = PushService().subscribes("").json["keys"]
    result = sender.send(endpoint, keys["p256dh"], keys["auth"], {}, topic="t", urgency="high")
    assert result.outcome == "gone"


@pytest.mark.parametrize(
    ("endpoint", "p256dh", "auth", "field"),
    [
        ("ftp://push.example/x", None, None, "endpoint"),
        ("https://user:word@push.example/x", None, None, "endpoint"),
        ("https://push.example:99999/x", None, None, "endpoint"),
        ("https://push.example/a b", None, None, "endpoint"),
        (None, "AAAA", None, "keys.p256dh"),
        (None, "BA" + "A" * 85, None, "keys.p256dh"),
        (None, None, "c2hvcnQ", "keys.auth"),
    ],
)
def test_a_subscription_that_cannot_be_one_is_refused(
    desk: Desk, liis: Author, endpoint: str | None, p256dh: str | None, auth: str | None, field: str
) -> None:
    sample = PushService().subscribes("").json
    new = NewSubscription(
        endpoint=endpoint or "https://push.example/x",
        p256dh=p256dh or sample["keys"]["p256dh"],
        auth=auth or sample["keys"]["auth"],
        proof="",
    )
    with pytest.raises(Invalid) as refused:
        desk.store.write(lambda tx: push_subscriptions.add_subscription(tx, liis.id or 0, new))
    assert refused.value.field == field


def test_the_key_is_the_same_for_the_same_secret_and_another_for_another() -> None:
    assert VapidKey("one", HERE).public == VapidKey("one", "https://hub.example").public
    assert VapidKey("one", HERE).public != VapidKey("two", HERE).public


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            "Firefox on Linux",
        ),
        (
            "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/126.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        ("curl/8", ""),
    ],
)
def test_a_device_is_named_by_its_browser_and_system(user_agent: str, name: str) -> None:
    assert device_name(user_agent) == name
