"""When an API key got its successor."""

import sqlalchemy as sa
from alembic import op

revision = "0004_api_key_rotation"
down_revision = "0003_indexes_of_lists"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("rotated_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("api_keys", "rotated_at")
