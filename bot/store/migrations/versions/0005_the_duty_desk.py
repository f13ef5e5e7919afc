"""The duty desk: policies and their deadlines, roster changes, desks, notes, accounts, the audit log."""

from urllib.parse import urlsplit

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("totp_secret", sa.String(length=64), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(), nullable=True),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index("ix_audit_entry_case", ["case_id", "id"], unique=False)

    op.create_table(
        "channel_quota",
        sa.Column("channel", sa.String(length=300), nullable=False),
        sa.Column("whole_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("channel"),
    )
    op.create_table(
        "desk_presence",
        sa.Column("client", sa.String(length=64), nullable=False),
        sa.Column("officer", sa.String(length=64), nullable=False),
        sa.Column("audible", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("client"),
    )
    with op.batch_alter_table("desk_presence", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_desk_presence_officer"), ["officer"], unique=False)

    op.create_table(
        "erasure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "shift_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(), nullable=False),
        sa.Column("ends_at", sa.DateTime(), nullable=False),
        sa.Column("officer", sa.String(length=64), nullable=True),
        sa.Column("instead_of", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("uid", sa.String(length=200), nullable=True),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("uid"),
    )
    with op.batch_alter_table("shift_change", schema=None) as batch_op:
        batch_op.create_index("ix_shift_change_ends_at", ["ends_at"], unique=False)

    op.create_table(
        "sign_in",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    with op.batch_alter_table("sign_in", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_account_id"), ["account_id"], unique=False)

    op.create_table(
        "note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["case.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("note", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_note_case_id"), ["case_id"], unique=False)

    op.create_table(
        "correction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("was", sa.String(length=64), nullable=False),
        sa.Column("now", sa.String(length=64), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["case.id"],
        ),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["message.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("correction", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_correction_case_id"), ["case_id"], unique=False)

    with op.batch_alter_table("case", schema=None) as batch_op:
        batch_op.add_column(sa.Column("policy", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("acted_at", sa.DateTime(), nullable=True))
        batch_op.add_column(sa.Column("assigned_to", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("offered_to", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("joined", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(
            sa.Column("merged_into_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.add_column(sa.Column("on_hold", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("referred_to", sa.String(length=16), nullable=True))
        batch_op.drop_index(batch_op.f("ix_case_state_label"))
        batch_op.create_index("ix_case_state_label", ["state", "label", "id"], unique=False)
        batch_op.create_index("ix_case_state_updated", ["state", "updated_at"], unique=False)
        batch_op.create_index("ix_case_opened_at", ["opened_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_merged_into_id"), ["merged_into_id"], unique=False)

    op.create_index("ix_message_received_at", "message", ["received_at", "id"], unique=False)
    held = sa.text("held_until IS NOT NULL")
    op.create_index(
        "ix_resident_held_until", "resident", ["held_until"], unique=False, postgresql_where=held, sqlite_where=held
    )

    with op.batch_alter_table("escalation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("step", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("kind", sa.String(length=16), server_default="climb", nullable=False))

    with op.batch_alter_table("page", schema=None) as batch_op:
        batch_op.add_column(sa.Column("priority", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("receipt", sa.String(length=64), nullable=True))
        batch_op.create_index(batch_op.f("ix_page_receipt"), ["receipt"], unique=False)
        batch_op.add_column(sa.Column("kind", sa.String(length=16), server_default="alarm", nullable=False))
        batch_op.alter_column(
            "officer", existing_type=sa.VARCHAR(length=64), type_=sa.String(length=300), existing_nullable=False
        )
        batch_op.drop_constraint(batch_op.f("uq_page_case_level_channel"), type_="unique")
        batch_op.drop_index(batch_op.f("ix_page_state_due"))
        batch_op.create_index("ix_page_state_due", ["state", "priority", "due_at"], unique=False)
        batch_op.create_unique_constraint(
            "uq_page_case_level_channel_officer", ["case_id", "level", "channel", "officer"]
        )

    with op.batch_alter_table("reply", schema=None) as batch_op:
        batch_op.add_column(sa.Column("picture", sa.String(length=64), nullable=True))
        batch_op.create_index("ix_reply_picture", ["picture"], unique=False)

    with op.batch_alter_table("media", schema=None) as batch_op:
        batch_op.create_index("ix_media_sha256", ["sha256"], unique=False)

    # Rows that were there had to get a value; new ones get theirs from the models.
    for table, column in (
        ("case", "joined"),
        ("case", "on_hold"),
        ("escalation", "step"),
        ("escalation", "kind"),
        ("page", "priority"),
        ("page", "kind"),
    ):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.alter_column(column, server_default=None)
    _name_channels()


def _name_channels() -> None:
    """Pages held their channel's address, with its keys; now they hold its name (`bot/addresses.py`).

    Those to two addresses on one host get names of their own, so that no two pages become the same.
    """
    page = sa.table("page", sa.column("channel", sa.String))
    connection, names = op.get_bind(), set()
    addresses = connection.scalars(sa.select(page.c.channel).where(page.c.channel.like("webhook+%")).distinct())
    for address in sorted(addresses):
        parts = urlsplit(address)
        name = base = f"webhook@{parts.hostname}" + (f":{parts.port}" if parts.port else "")
        number = 1
        while name in names:
            number += 1
            name = f"{base}#{number}"
        names.add(name)
        connection.execute(sa.update(page).where(page.c.channel == address).values(channel=name))


def downgrade() -> None:
    op.drop_index("ix_resident_held_until", table_name="resident")
    op.drop_index("ix_message_received_at", table_name="message")
    with op.batch_alter_table("media", schema=None) as batch_op:
        batch_op.drop_index("ix_media_sha256")

    with op.batch_alter_table("reply", schema=None) as batch_op:
        batch_op.drop_index("ix_reply_picture")
        batch_op.drop_column("picture")

    with op.batch_alter_table("page", schema=None) as batch_op:
        batch_op.drop_constraint("uq_page_case_level_channel_officer", type_="unique")
        batch_op.drop_index("ix_page_state_due")
        batch_op.create_index(batch_op.f("ix_page_state_due"), ["state", "due_at"], unique=False)
        batch_op.create_unique_constraint(batch_op.f("uq_page_case_level_channel"), ["case_id", "level", "channel"])
        batch_op.alter_column(
            "officer", existing_type=sa.String(length=300), type_=sa.VARCHAR(length=64), existing_nullable=False
        )
        batch_op.drop_index(batch_op.f("ix_page_receipt"))
        batch_op.drop_column("receipt")
        batch_op.drop_column("kind")
        batch_op.drop_column("priority")

    with op.batch_alter_table("escalation", schema=None) as batch_op:
        batch_op.drop_column("kind")
        batch_op.drop_column("step")

    with op.batch_alter_table("case", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_case_merged_into_id"))
        batch_op.drop_index("ix_case_opened_at")
        batch_op.drop_index("ix_case_state_updated")
        batch_op.drop_index("ix_case_state_label")
        batch_op.create_index(batch_op.f("ix_case_state_label"), ["state", "label"], unique=False)
        batch_op.drop_column("referred_to")
        batch_op.drop_column("on_hold")
        batch_op.drop_column("merged_into_id")
        batch_op.drop_column("joined")
        batch_op.drop_column("offered_to")
        batch_op.drop_column("assigned_to")
        batch_op.drop_column("acted_at")
        batch_op.drop_column("policy")

    with op.batch_alter_table("correction", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_correction_case_id"))

    op.drop_table("correction")
    with op.batch_alter_table("note", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_note_case_id"))

    op.drop_table("note")
    with op.batch_alter_table("sign_in", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_in_account_id"))

    op.drop_table("sign_in")
    with op.batch_alter_table("shift_change", schema=None) as batch_op:
        batch_op.drop_index("ix_shift_change_ends_at")

    op.drop_table("shift_change")
    op.drop_table("erasure")
    with op.batch_alter_table("desk_presence", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_desk_presence_officer"))

    op.drop_table("desk_presence")
    op.drop_table("channel_quota")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_entry_case")

    op.drop_table("audit_entry")
    op.drop_table("account")
