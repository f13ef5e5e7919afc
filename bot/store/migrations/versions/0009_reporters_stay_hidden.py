"""Whoever gave a tip stays hidden, whatever officers make of it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("case", schema=None) as batch_op:
        # The default stays: what a gateway of the version before opens while it is being replaced may be a tip.
        batch_op.add_column(sa.Column("confidential", sa.Boolean(), nullable=False, server_default=sa.true()))
    case = sa.table(
        "case",
        *(sa.column(name) for name in ("id", "label", "intent", "alarm_message_id")),
        sa.column("confidential", sa.Boolean),
    )
    correction = sa.table("correction", *(sa.column(name) for name in ("case_id", "was", "now")))
    tip = sa.or_(case.c.label == "tip", sa.and_(case.c.label != "urgent_alarm", case.c.intent.like("tip/%")))
    was_tip = sa.exists().where(
        correction.c.case_id == case.c.id, sa.or_(correction.c.was.like("tip/%"), correction.c.now.like("tip/%"))
    )
    # An alarm that began with a message is its resident's own.
    own_alarm = sa.and_(case.c.label == "urgent_alarm", case.c.alarm_message_id.is_not(None))
    op.execute(sa.update(case).values(confidential=sa.false()).where(~sa.or_(tip, sa.and_(was_tip, ~own_alarm))))


def downgrade() -> None:
    with op.batch_alter_table("case", schema=None) as batch_op:
        batch_op.drop_column("confidential")
