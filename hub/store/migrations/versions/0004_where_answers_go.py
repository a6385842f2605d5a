"""Where answers go"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

AS_HEARD = """
UPDATE conversation SET answer_connector = last_inbound_connector,
  answer_address_id = last_inbound_address_id
WHERE last_inbound_address_id IS NOT NULL
"""
#: A link has overwritten where the customer was heard: the conversation's own messages tell better.
AS_BEFORE_LINK = """
UPDATE conversation SET (answer_connector, answer_address_id) = (
  SELECT own.connector, own.address_id FROM message AS own
  WHERE own.conversation_id = conversation.id AND own.direction = 'in' AND own.type = 'message'
  ORDER BY own.id DESC LIMIT 1)
WHERE id IN (SELECT merged_into_id FROM conversation AS merged WHERE merged_into_id IS NOT NULL)
  AND EXISTS (SELECT 1 FROM message AS own WHERE own.conversation_id = conversation.id
    AND own.direction = 'in' AND own.type = 'message')
"""


def upgrade() -> None:
    with op.batch_alter_table("conversation") as batch_op:
        batch_op.add_column(sa.Column("answer_address_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("answer_connector", sa.String(), nullable=True))
    op.execute(AS_HEARD)
    op.execute(AS_BEFORE_LINK)


def downgrade() -> None:
    with op.batch_alter_table("conversation") as batch_op:
        batch_op.drop_column("answer_connector")
        batch_op.drop_column("answer_address_id")
