"""The audit log is found by who, what and when without reading all of it. Indexes alone: its triggers stay."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_INDEXES = {"actor": ["actor", "id"], "action": ["action", "id"], "at": ["at"]}


def upgrade() -> None:
    for name, columns in _INDEXES.items():
        op.create_index(f"ix_audit_entry_{name}", "audit_entry", columns)


def downgrade() -> None:
    for name in _INDEXES:
        op.drop_index(f"ix_audit_entry_{name}", "audit_entry")
