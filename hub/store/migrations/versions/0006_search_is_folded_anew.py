"""Search is folded anew: notes which rows have their former words, for the job to convert"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NOTE = """
INSERT INTO search_refold (name, below)
SELECT 'message_search', id FROM (SELECT max(id) AS id FROM message) AS newest WHERE id > 0
UNION ALL
SELECT 'contact_search', id FROM (SELECT max(id) AS id FROM contact) AS newest WHERE id > 0
"""


def upgrade() -> None:
    op.create_table(
        "search_refold",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("below", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.execute(NOTE)


def downgrade() -> None:
    op.drop_table("search_refold")
