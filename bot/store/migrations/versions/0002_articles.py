"""Replies may be articles."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("reply", sa.Column("article", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("reply", "article")
