"""What people are called"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hub.phones import readable

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NAMED = "UPDATE contact SET called = name WHERE root_id = id AND name <> ''"
#: Of a nameless root: what the oldest linked record with a name is called, and where it is reached.
NAMELESS = """
SELECT root.id,
  (SELECT told.name FROM contact told WHERE told.id = (
     SELECT min(one.id) FROM contact one WHERE one.root_id = root.id AND one.name <> '')) AS name,
  (SELECT reached.path FROM address reached WHERE reached.id = (
     SELECT min(at.id) FROM address at JOIN contact one ON one.id = at.contact_id
     WHERE one.root_id = root.id AND at.scheme IN ('tel', 'mailto'))) AS path
FROM contact root WHERE root.root_id = root.id AND root.name = ''
"""


def upgrade() -> None:
    with op.batch_alter_table("contact") as batch_op:
        batch_op.add_column(sa.Column("called", sa.Text(), nullable=False, server_default=""))
    connection = op.get_bind()
    connection.execute(sa.text(NAMED))
    found = [
        {"row": row.id, "called": row.name or readable(row.path or "")}
        for row in connection.execute(sa.text(NAMELESS))
        if row.name or row.path
    ]
    if found:
        connection.execute(sa.text("UPDATE contact SET called = :called WHERE id = :row"), found)


def downgrade() -> None:
    with op.batch_alter_table("contact") as batch_op:
        batch_op.drop_column("called")
