"""HTML that came in before it was cleaned at arrival: hidden until a job has cleaned it."""

from __future__ import annotations

from sqlalchemy import select, update

from hub.conversations import views
from hub.store.models import messages
from hub.transport.html_of_old_messages import HtmlOfOldMessages
from tests.core.desk import Desk

RAW = "<p>Hi</p><script>alert(1)</script>"


def test_old_html_is_not_shown_before_it_is_clean(desk: Desk) -> None:
    desk.posts(
        {"key": "1", "from": "anna", "text": "Hi"}, {"key": "2", "from": "bob", "text": "Yo"}
    )
    with desk.store.read() as connection:
        first, second = connection.execute(select(messages.c.id).order_by(messages.c.id)).scalars()
    desk.store.write(
        lambda tx: tx.execute(update(messages).values(html=RAW, html_is_clean=False)) and None
    )
    with desk.store.read() as connection:
        assert views.get_message(connection, first).html == ""
    job = HtmlOfOldMessages(desk.store)
    job.run()
    job.run()
    with desk.store.read() as connection:
        for message_id in (first, second):
            assert views.get_message(connection, message_id).html == "<p>Hi</p>"
