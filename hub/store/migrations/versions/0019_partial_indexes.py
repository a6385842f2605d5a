"""Indexes of a few rows have no others on PostgreSQL either, where an empty database got them whole

With all conversations in it, the index of the merged ones looks to PostgreSQL like the way to the
others: to nearly all rows of the table.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_conversation_merged": ("conversation", "merged_into_id", "merged_into_id IS NOT NULL"),
    "ix_message_uncleaned_html": ("message", "id", "NOT html_is_clean"),
}


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for name, (table, column, where) in _INDEXES.items():
        op.drop_index(name, table)
        op.create_index(name, table, [column], postgresql_where=sa.text(where))


def downgrade() -> None:
    """The indexes of before have more rows and serve the same queries."""
