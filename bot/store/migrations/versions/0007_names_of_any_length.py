"""A page to a group names as many officers as there are; a text of any length is in no index."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("page", schema=None) as batch_op:
        batch_op.drop_constraint("uq_page_case_level_channel_officer", type_="unique")
        batch_op.alter_column("officer", existing_type=sa.String(length=300), type_=sa.Text(), existing_nullable=False)
        batch_op.create_index("ix_page_case_level", ["case_id", "level"], unique=False)


def downgrade() -> None:
    page = sa.table("page", sa.column("officer", sa.String))
    op.execute(sa.update(page).values(officer=sa.func.substr(page.c.officer, 1, 300)))
    with op.batch_alter_table("page", schema=None) as batch_op:
        batch_op.drop_index("ix_page_case_level")
        batch_op.alter_column("officer", existing_type=sa.Text(), type_=sa.String(length=300), existing_nullable=False)
        batch_op.create_unique_constraint(
            "uq_page_case_level_channel_officer", ["case_id", "level", "channel", "officer"]
        )
