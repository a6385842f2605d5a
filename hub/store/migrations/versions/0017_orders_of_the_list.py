"""Lists by waiting time, by what is due and by priority; files are found by their names"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_conversation_waiting": (["waiting_since", "id"], "waiting_since IS NOT NULL"),
    "ix_conversation_due": (["due_at", "id"], "due_at IS NOT NULL"),
    "ix_conversation_priority": (["priority", "last_activity_at", "id"], "priority != 'normal'"),
}
_FILE_SEARCH = {
    "sqlite": ("CREATE VIRTUAL TABLE file_search USING fts5(body, content='', detail='none')",),
    "postgresql": (
        "CREATE TABLE file_search (rowid bigint PRIMARY KEY, body tsvector NOT NULL)",
        "CREATE INDEX ix_file_search ON file_search USING gin (body)",
    ),
}
#: The first time of three that is set, or none.
_FIRST_DUE = """
UPDATE conversation SET due_at = (
  SELECT min(due) FROM (
    SELECT first_reply_due AS due UNION ALL SELECT next_reply_due UNION ALL SELECT resolve_due
  ) AS dues
) WHERE sla IS NOT NULL AND sla_paused_at IS NULL
"""
_FILES_TO_INDEX = """
INSERT INTO search_refold (name, below)
SELECT 'file_search', id FROM (SELECT max(id) AS id FROM attachment) AS newest WHERE id > 0
"""


def upgrade() -> None:
    op.add_column("conversation", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(_FIRST_DUE)
    for name, (columns, condition) in _INDEXES.items():
        where = sa.text(condition)
        op.create_index(name, "conversation", columns, sqlite_where=where, postgresql_where=where)
    for statement in _FILE_SEARCH[op.get_bind().dialect.name]:
        op.execute(statement)
    op.execute(_FILES_TO_INDEX)


def downgrade() -> None:
    op.execute("DELETE FROM search_refold WHERE name = 'file_search'")
    op.execute("DROP TABLE file_search")
    for name in _INDEXES:
        op.drop_index(name, "conversation")
    op.drop_column("conversation", "due_at")
