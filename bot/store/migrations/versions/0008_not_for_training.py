"""A resident may object to the use of their messages for training."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("resident", schema=None) as batch_op:
        # The default stays: a gateway of the version before, while it is being replaced, must go on storing residents.
        batch_op.add_column(sa.Column("not_for_training", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("resident", schema=None) as batch_op:
        batch_op.drop_column("not_for_training")
