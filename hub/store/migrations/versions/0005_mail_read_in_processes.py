"""HTML that is cleaned once, when it comes in; marks of what is being processed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "message",
        sa.Column("html_is_clean", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    # A job cleans these after the start, newest first.
    op.execute("UPDATE message SET html_is_clean = false WHERE html <> ''")
    op.create_index(
        "ix_message_uncleaned_html",
        "message",
        ["id"],
        sqlite_where=sa.text("NOT html_is_clean"),
        postgresql_where=sa.text("NOT html_is_clean"),
    )
    op.create_table(
        "intake_mark",
        sa.Column("connector", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("connector", "digest", "owner"),
    )


def downgrade() -> None:
    op.drop_table("intake_mark")
    op.drop_index("ix_message_uncleaned_html", "message")
    op.drop_column("message", "html_is_clean")
