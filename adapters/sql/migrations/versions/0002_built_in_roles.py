"""The roles and permissions that ship, and what the service keeps for its own running."""

import sqlalchemy as sa
from alembic import op

revision = "0002_built_in_roles"
down_revision = "0001_initial_schema"
branch_labels = None
depends_on = None

_WHEN = sa.DateTime(timezone=True)

_PERMISSIONS = {
    "users:read": "See every account.",
    "users:write": "Create, change, disable and delete accounts.",
    "roles:read": "See roles and permissions.",
    "roles:write": "Create, change and delete roles and permissions.",
    "roles:assign": "Give roles to accounts and take them away.",
    "api_keys:admin": "See and revoke everybody's API keys.",
    "items:read": "Read one's own items.",
    "items:write": "Create, change and delete one's own items.",
    "items:admin": "Read and change everybody's items.",
    "events:read": "Read the audit log.",
    "tokens:introspect": "Ask whether a token or key is alive and what it grants.",
}
_ROLES = {
    "admin": ("Holds every permission.", list(_PERMISSIONS)),
    "user": ("Every new account.", ["items:read", "items:write"]),
}


def upgrade() -> None:
    _seed_roles()
    op.create_table(
        "heartbeat",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", _WHEN, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_heartbeat"),
    )
    op.create_table(
        "jobs",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("leased_until", _WHEN, nullable=False),
        sa.Column("last_run_at", _WHEN),
        sa.PrimaryKeyConstraint("name", name="pk_jobs"),
    )
    heartbeat = sa.table("heartbeat", sa.column("id"), sa.column("at"))
    op.execute(sa.insert(heartbeat).values(id=1, at=sa.func.current_timestamp()))


def _seed_roles() -> None:
    now = sa.func.current_timestamp()
    permissions = sa.table(
        "permissions", *map(sa.column, ("name", "description", "built_in", "created_at"))
    )
    roles = sa.table(
        "roles",
        *map(sa.column, ("name", "description", "built_in", "version", "created_at", "updated_at")),
    )
    held = sa.table("role_permissions", sa.column("role_name"), sa.column("permission_name"))
    # One statement a table: SQLite's clock goes on between two, and lists are by these instants.
    op.execute(
        sa.insert(permissions).values(
            [
                {
                    "name": name,
                    "description": description,
                    "built_in": sa.true(),
                    "created_at": now,
                }
                for name, description in _PERMISSIONS.items()
            ]
        )
    )
    op.execute(
        sa.insert(roles).values(
            [
                {
                    "name": name,
                    "description": description,
                    "built_in": sa.true(),
                    "version": 1,
                    "created_at": now,
                    "updated_at": now,
                }
                for name, (description, _) in _ROLES.items()
            ]
        )
    )
    op.execute(
        sa.insert(held).values(
            [
                {"role_name": name, "permission_name": permission}
                for name, (_, names) in _ROLES.items()
                for permission in names
            ]
        )
    )


def downgrade() -> None:
    op.drop_table("jobs")
    op.drop_table("heartbeat")
    # Whoever goes back to an empty schema has no users left to hold these.
    for table in ("user_roles", "role_permissions", "roles", "permissions"):
        op.execute(sa.delete(sa.table(table)))
