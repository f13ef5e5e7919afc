"""Applications in chat; what an alarm was asked, whether it is over, how it was closed; who holds a conversation."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "application",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("resident_id", _id, nullable=False),
        sa.Column("message_id", _id, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("receipt", sa.String(length=32), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("photos", sa.JSON(), nullable=False),
        sa.Column("history", sa.JSON(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"]),
        sa.ForeignKeyConstraint(["resident_id"], ["resident.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("message_id"),
        sa.UniqueConstraint("receipt"),
    )
    with op.batch_alter_table("application") as batch_op:
        batch_op.create_index("ix_application_resident_id", ["resident_id"], unique=False)
        batch_op.create_index("ix_application_state", ["state", "id"], unique=False)
    # Cases that are there already have been asked nothing; the default is for them alone.
    with op.batch_alter_table("case") as batch_op:
        batch_op.add_column(sa.Column("asked", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("resolved_at", sa.DateTime(), nullable=True))
        batch_op.add_column(sa.Column("closed_by", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("disposition", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("closing_word", sa.Text(), nullable=False, server_default=""))
    with op.batch_alter_table("case") as batch_op:
        batch_op.alter_column("asked", server_default=None)
        batch_op.alter_column("closing_word", server_default=None)
    with op.batch_alter_table("resident") as batch_op:
        batch_op.add_column(sa.Column("held_by", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("held_until", sa.DateTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("resident") as batch_op:
        batch_op.drop_column("held_until")
        batch_op.drop_column("held_by")
    with op.batch_alter_table("case") as batch_op:
        for column in ("closing_word", "disposition", "closed_by", "resolved_at", "asked"):
            batch_op.drop_column(column)
    with op.batch_alter_table("application") as batch_op:
        batch_op.drop_index("ix_application_state")
        batch_op.drop_index("ix_application_resident_id")
    op.drop_table("application")
