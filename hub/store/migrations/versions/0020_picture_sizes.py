"""The sizes of pictures"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("width", "height"):
        op.add_column("attachment", sa.Column(name, sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("attachment") as batch:
        for name in ("height", "width"):
            batch.drop_column(name)
