"""Failed sign-ins in a row, and the addresses from which accounts were signed in to."""

import sqlalchemy as sa
from alembic import op

revision = "0005_sign_in_backoff"
down_revision = "0004_api_key_rotation"
branch_labels = None
depends_on = None

_WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "sign_in_failures",
        sa.Column("tag", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_try_at", _WHEN, nullable=False),
        sa.PrimaryKeyConstraint("tag", name="pk_sign_in_failures"),
    )
    op.create_index("ix_sign_in_failures_last_try_at", "sign_in_failures", ["last_try_at"])
    op.create_table(
        "known_addresses",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("last_signed_in_at", _WHEN, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_known_addresses_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "address", name="pk_known_addresses"),
    )
    op.create_index(
        "ix_known_addresses_last_signed_in_at", "known_addresses", ["last_signed_in_at"]
    )


def downgrade() -> None:
    op.drop_table("known_addresses")
    op.drop_table("sign_in_failures")
