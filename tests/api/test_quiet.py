"""`/api/v1/quiet`, with mails of machines."""

from __future__ import annotations

import requests

from tests.api.test_resources import word
from tests.harness import RunningHub


def post_mail(hub: RunningHub, *lines: str) -> None:
    response = requests.post(
        f"{hub.url}/webhooks/letters",
        data="\r\n".join([*lines, "", "All disks are full."]).encode(),
        headers={"Authorization": "Bearer letters-secret", "Content-Type": "message/rfc822"},
        timeout=30,
    )
    assert response.status_code == 200


def test_what_a_machine_wrote_is_listed_and_opened_once(hub: RunningHub) -> None:
    name = word()
    sender = f"From: backup-{name}@disks.example"
    post_mail(hub, sender, f"Subject: Report {name}", "Auto-Submitted: auto-generated")
    (item,) = [each for each in hub.get("/quiet")["items"] if name in each["subject"]]
    assert set(item) == {"id", "connector", "sender", "subject", "reason", "received_at"}
    assert item["sender"] == f"mailto:backup-{name}@disks.example"
    answer = hub.request("POST", f"/quiet/{item['id']}/open")
    assert answer.status_code == 201
    conversation = answer.json()
    assert conversation["last_message"]["text"] == "All disks are full."
    assert item["id"] not in {each["id"] for each in hub.get("/quiet")["items"]}
    again = hub.request("POST", f"/quiet/{item['id']}/open")
    assert (again.status_code, again.json()["id"]) == (200, conversation["id"])


def test_a_quiet_message_that_never_was_is_not_found(hub: RunningHub) -> None:
    assert hub.request("POST", "/quiet/999999/open").status_code == 404
