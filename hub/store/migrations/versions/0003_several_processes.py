"""Several processes: the hub's id, open screens and pages by process, the order of commits"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OWN_COLUMNS = (
    "ALTER TABLE message ADD COLUMN written_by xid8",
    "ALTER TABLE message ADD COLUMN written_in pg_snapshot",
    "ALTER TABLE message ALTER COLUMN written_by SET DEFAULT pg_current_xact_id()",
    "ALTER TABLE message ALTER COLUMN written_in SET DEFAULT pg_current_snapshot()",
)


def upgrade() -> None:
    op.create_table(
        "hub_identity",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hub_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "web_process",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "open_screen",
        sa.Column("process_id", sa.String(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"]),
        sa.PrimaryKeyConstraint("process_id", "agent_id"),
    )
    op.create_index("ix_open_screen_agent_id", "open_screen", ["agent_id"])
    op.create_table(
        "open_page",
        sa.Column("process_id", sa.String(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["visitor_session.id"]),
        sa.PrimaryKeyConstraint("process_id", "session_id"),
    )
    op.create_index("ix_open_page_session_id", "open_page", ["session_id"])
    op.create_table(
        "sign_in_failure",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("ix_sign_in_failure_expires_at", "sign_in_failure", ["expires_at"])
    if op.get_bind().dialect.name == "postgresql":
        for statement in OWN_COLUMNS:
            op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_column("message", "written_in")
        op.drop_column("message", "written_by")
    for table in ("sign_in_failure", "open_page", "open_screen", "web_process", "hub_identity"):
        op.drop_table(table)
