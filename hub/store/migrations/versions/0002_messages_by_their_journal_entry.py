"""Messages by their journal entry, for the list of what came in"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_message_journal", "message", ["journal_id"])


def downgrade() -> None:
    op.drop_index("ix_message_journal", "message")
