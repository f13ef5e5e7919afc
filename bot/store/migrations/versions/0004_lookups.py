"""Look-ups: the imported tables of community officers and of registered names."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lookup_table",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("ready", sa.Boolean(), nullable=False),
        sa.Column("imported_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("lookup_table", schema=None) as batch_op:
        batch_op.create_index("ix_lookup_table_kind_ready", ["kind", "ready"], unique=False)

    op.create_table(
        "community_officer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("table_id", sa.Integer(), nullable=False),
        sa.Column("community", sa.String(length=40), nullable=False),
        sa.Column("street", sa.String(length=40), nullable=False),
        sa.Column("first_number", sa.Integer(), nullable=True),
        sa.Column("last_number", sa.Integer(), nullable=True),
        sa.Column("parity", sa.String(length=4), nullable=False),
        sa.Column("officer", sa.String(length=40), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("hours", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(
            ["table_id"],
            ["lookup_table.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("community_officer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_community_officer_table_id"), ["table_id"], unique=False)

    op.create_table(
        "registered_name",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("table_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["table_id"],
            ["lookup_table.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("table_id", "name", name="uq_registered_name_table_name"),
    )


def downgrade() -> None:
    op.drop_table("registered_name")
    with op.batch_alter_table("community_officer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_community_officer_table_id"))

    op.drop_table("community_officer")
    with op.batch_alter_table("lookup_table", schema=None) as batch_op:
        batch_op.drop_index("ix_lookup_table_kind_ready")

    op.drop_table("lookup_table")
