"""A shared secret of one-time codes is longer when it is sealed; those that are there are sealed at their next use."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_CLEAR, _SEALED = sa.String(length=64), sa.String(length=200)


def upgrade() -> None:
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.alter_column("totp_secret", existing_type=_CLEAR, type_=_SEALED, existing_nullable=True)


def downgrade() -> None:
    # What is sealed does not fit and could not be read: its owners enrol again.
    op.execute("UPDATE account SET totp_secret = NULL, totp_step = NULL WHERE length(totp_secret) > 64")
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.alter_column("totp_secret", existing_type=_SEALED, type_=_CLEAR, existing_nullable=True)
