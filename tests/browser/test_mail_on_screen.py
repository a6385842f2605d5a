"""Mails with several recipients, and what came in without a conversation, on the agents' screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from hub.sandbox import Sandbox
from tests.browser.screens import Desk, stored
from tests.harness import RunningHub, eventually

pytestmark = pytest.mark.browser


def test_an_answer_goes_to_the_copies_that_the_agent_leaves(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    buyer = sandbox.mail.customer("cora@firm.example", "Cora Copy")
    buyer.sends(
        "Two of us read the answers",
        subject="Chairs",
        headers={"Cc": "lee@firm.example, boss@firm.example"},
    )
    desk.opens(stored(hub, "Two of us read the answers")["conversation_id"])
    expect(desk.message("Two of us read the answers")).to_contain_text("boss@firm.example")
    copies = desk.composer.get_by_role("group", name="Copy to")
    expect(copies).to_contain_text("lee@firm.example")
    copies.get_by_role("button", name="No copy to boss@firm.example").click()
    copies.get_by_role("button", name="Add a copy").click()
    copies.get_by_role("textbox", name="Add a copy").fill("desk@firm.example")
    copies.get_by_role("textbox", name="Add a copy").press("Enter")
    desk.says("The chairs leave today")
    message = stored(hub, "The chairs leave today")
    assert message["cc"] == ["mailto:lee@firm.example", "mailto:desk@firm.example"]
    expect(desk.message("The chairs leave today")).to_contain_text("desk@firm.example")


def test_an_agent_opens_what_a_machine_wrote(hub: RunningHub, sandbox: Sandbox, desk: Desk) -> None:
    news = sandbox.mail.customer("noreply@parcels.example", "Parcels")
    news.sends(
        "Our new prices begin in May",
        subject="New prices",
        headers={"Auto-Submitted": "auto-generated"},
    )
    eventually(
        lambda: [item for item in hub.get("/quiet")["items"] if item["subject"] == "New prices"],
        expected="the mail in the quiet list",
    )
    desk.opens()
    desk.page.get_by_role("button", name="Your settings").click()
    desk.page.get_by_role("menuitem", name="Quiet list").click()
    row = desk.page.get_by_role("listitem").filter(has_text="New prices")
    expect(row).to_contain_text("noreply@parcels.example")
    row.get_by_role("button", name="Open New prices").click()
    expect(desk.message("Our new prices begin in May")).to_be_visible()


def test_an_admin_sees_what_came_in_and_became_no_message(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    update = {"update_id": 990_000_001, "purchased_paid_media": {"from": {"id": 5}}}
    sandbox.telegram.sends_again(update)
    entry = eventually(
        lambda: next(iter(hub.get("/journal", status="ignored")["items"]), None),
        expected="an ignored entry",
    )
    desk.page.goto(hub.url)
    settings = desk.page.get_by_role("button", name="New in the journal")
    settings.click()
    desk.page.get_by_role("menuitem", name="Admin").click()
    journal = desk.page.get_by_role("region", name="What came in and became no message")
    journal.get_by_role("button", name="Not used").click()
    expect(journal.get_by_role("listitem").first).to_contain_text(entry["reason"])
    expect(settings).to_have_count(0)


def test_a_mail_that_is_laid_out_is_shown_as_designed_and_fits(
    hub: RunningHub, sandbox: Sandbox, desk: Desk
) -> None:
    shop = sandbox.mail.customer("paul@firm.example", "Paul Page")
    shop.sends(
        "Our plan in words",
        subject="A plan",
        html='<body style="background:#101418;color:#ffffff">'
        '<table width="1000" bgcolor="#203040"><tr>'
        '<td style="background:#b00020;color:#ffffff">Buy now</td><td width="700">the rest</td>'
        '<td>far right</td></tr></table><img src="https://t.example/o.gif" width="1" height="1">',
    )
    desk.opens(stored(hub, "Our plan in words")["conversation_id"])
    mail = desk.timeline.locator("article").filter(has_text="A plan")
    frame = mail.frame_locator("iframe")
    cell = frame.get_by_text("Buy now")
    expect(cell).to_be_visible()
    expect(cell).to_have_css("background-color", "rgb(176, 0, 32)")
    expect(cell).to_have_css("color", "rgb(255, 255, 255)")
    expect(frame.locator("img")).to_have_count(0)
    expect(mail.get_by_role("button", name="Show pictures")).to_have_count(0)
    fits = "(page) => page.scrollWidth <= innerWidth && innerWidth >= 1000"
    assert frame.locator("html").evaluate(fits)
    frame_box, bubble = mail.locator("iframe").bounding_box(), mail.bounding_box()
    assert frame_box is not None and bubble is not None
    assert frame_box["x"] + frame_box["width"] <= bubble["x"] + bubble["width"] + 1
    mail.get_by_role("button", name="Show as text").click()
    expect(mail).to_contain_text("Our plan in words")
