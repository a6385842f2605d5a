"""The recipients of a mail, and where a customer came from"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("to", "cc"):
        op.add_column(
            "message", sa.Column(name, sa.JSON(), nullable=False, server_default=sa.text("'[]'"))
        )
    op.add_column("message", sa.Column("origin", sa.JSON(), nullable=True))


def downgrade() -> None:
    for name in ("origin", "cc", "to"):
        op.drop_column("message", name)
