"""The people in the copies of mails, by whom a conversation is found"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "participant",
        sa.Column("connector", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"]),
        sa.PrimaryKeyConstraint("connector", "address", "conversation_id", "external_id"),
    )
    op.create_index(
        "ix_participant_message", "participant", ["connector", "address", "external_id"]
    )


def downgrade() -> None:
    op.drop_table("participant")
