"""Lists of one agent's and one team's conversations in all statuses come from an index"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_conversation_assignee_activity": ["assignee_id", "last_activity_at", "id"],
    "ix_conversation_team_activity": ["team_id", "last_activity_at", "id"],
}


def upgrade() -> None:
    for name, columns in _INDEXES.items():
        op.create_index(name, "conversation", columns)


def downgrade() -> None:
    for name in _INDEXES:
        op.drop_index(name, "conversation")
