"""Topics of chats, where a customer came from before they wrote, and files sent one by one"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("delivery", sa.Column("singly_from", sa.Integer(), nullable=True))
    op.add_column("address", sa.Column("origin", sa.JSON(), nullable=True))
    op.add_column(
        "reach", sa.Column("topic", sa.String(), nullable=False, server_default=sa.text("''"))
    )


def downgrade() -> None:
    op.drop_column("reach", "topic")
    op.drop_column("address", "origin")
    op.drop_column("delivery", "singly_from")
