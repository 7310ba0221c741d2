"""Every list is read from an index, in its order: no sort, whatever it is narrowed to."""

import sqlalchemy as sa
from alembic import op

revision = "0003_indexes_of_lists"
down_revision = "0002_built_in_roles"
branch_labels = None
depends_on = None

_SET_ASIDE = sa.text("set_aside_at IS NOT NULL")

# A longer index serves whatever the shorter one with the same beginning did.
_REPLACED = {
    ("api_keys", ("owner_id",)): ("owner_id", "id"),
    ("events", ("at",)): ("at", "id"),
    ("events", ("kind", "id")): ("kind", "at", "id"),
    ("events", ("actor_id", "id")): ("actor_id", "at", "id"),
    ("events", ("subject_id", "id")): ("subject_id", "at", "id"),
    ("items", ("owner_id", "id")): ("owner_id", "id", "title"),
    ("sessions", ("user_id",)): ("user_id", "id"),
}


def _name(table: str, columns: tuple[str, ...]) -> str:
    return "_".join(("ix", table, *columns))


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # By code points, as SQLite compares: else no index finds what begins with something.
        op.alter_column("items", "title", type_=sa.String(200, collation="C"))
    for (table, before), after in _REPLACED.items():
        op.create_index(_name(table, after), table, list(after))
        op.drop_index(_name(table, before), table)
    op.create_index("ix_users_status_id", "users", ["status", "id"])
    op.create_index(
        "ix_outbox_id", "outbox", ["id"], postgresql_where=_SET_ASIDE, sqlite_where=_SET_ASIDE
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_id", "outbox")
    op.drop_index("ix_users_status_id", "users")
    for (table, before), after in _REPLACED.items():
        op.create_index(_name(table, before), table, list(before))
        op.drop_index(_name(table, after), table)
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("items", "title", type_=sa.String(200))
