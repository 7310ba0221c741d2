"""The tables, those included that later features fill; their partial indexes are in `schema`."""

from datetime import datetime

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
)

from adapters.sql.column_types import Document, UtcDateTime, code_points

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _when(name: str, *, nullable: bool = False) -> Column[datetime]:
    return Column(name, UtcDateTime, nullable=nullable)


def _owner(name: str) -> "Column[object]":
    """A column that ties a row's life to its account's."""
    return Column(name, Uuid, ForeignKey("users.id", ondelete="CASCADE"), nullable=False)


users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", String(320), nullable=False),
    Column("email_key", String(640), nullable=False, unique=True),
    Column("email_verified", Boolean, nullable=False),
    Column("name", String(200), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    _when("created_at"),
    _when("updated_at"),
    CheckConstraint("kind IN ('human', 'service')", name="kind"),
    CheckConstraint("status IN ('active', 'disabled')", name="status"),
    Index(None, "status", "id"),
)

credentials = Table(
    "credentials",
    metadata,
    # `handle` tells several credentials of one type apart (passkeys); a password's is empty.
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("type", String(16), primary_key=True),
    Column("handle", String(255), primary_key=True),
    Column("secret_hash", Text, nullable=False),
    _when("created_at"),
    _when("updated_at"),
)

identities = Table(
    "identities",
    metadata,
    Column("issuer", String(255), primary_key=True),
    Column("subject", String(255), primary_key=True),
    _owner("user_id"),
    _when("created_at"),
    Index(None, "user_id"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    _owner("user_id"),
    Column("client_id", String(64), nullable=False),
    Column("amr", Document, nullable=False),
    _when("auth_time"),
    Column("ip", String(64)),
    Column("user_agent", String(512)),
    _when("created_at"),
    _when("last_used_at"),
    _when("expires_at"),
    _when("ended_at", nullable=True),
    Column("end_reason", String(32)),
    # The refresh token's family: which generation is live, since when, and what makes its MACs.
    Column("generation", Integer, nullable=False, server_default="0"),
    _when("rotated_at", nullable=True),
    Column("refresh_secret", LargeBinary, nullable=False),
    Column("server_secret_id", String(16), nullable=False),
    Index(None, "user_id", "id"),
    Index(None, "expires_at"),
)

roles = Table(
    "roles",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("description", String(500), nullable=False),
    Column("built_in", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    _when("created_at"),
    _when("updated_at"),
)

permissions = Table(
    "permissions",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("description", String(500), nullable=False),
    Column("built_in", Boolean, nullable=False),
    _when("created_at"),
)

role_permissions = Table(
    "role_permissions",
    metadata,
    Column("role_name", ForeignKey("roles.name", ondelete="CASCADE"), primary_key=True),
    Column("permission_name", ForeignKey("permissions.name"), primary_key=True),
    Index(None, "permission_name"),
)

user_roles = Table(
    "user_roles",
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("role_name", ForeignKey("roles.name"), primary_key=True),
    Index(None, "role_name", "user_id"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("public_id", String(32), nullable=False, unique=True),
    _owner("owner_id"),
    Column("name", String(200), nullable=False),
    Column("secret_digest", LargeBinary, nullable=False),
    Column("scopes", Document, nullable=False),
    Column("rate_limit", Integer),
    _when("created_at"),
    _when("expires_at"),
    _when("last_used_at", nullable=True),
    _when("revoked_at", nullable=True),
    _when("rotated_at", nullable=True),
    Index(None, "owner_id", "id"),
)

items = Table(
    "items",
    metadata,
    Column("id", Uuid, primary_key=True),
    _owner("owner_id"),
    Column("title", code_points(200), nullable=False),
    Column("data", Document, nullable=False),
    Column("version", Integer, nullable=False),
    _when("created_at"),
    _when("updated_at"),
    Index(None, "owner_id", "id", "title"),
)

events = Table(
    "events",
    metadata,
    # No foreign keys: the log outlives what it speaks of.
    Column("id", Uuid, primary_key=True),
    _when("at"),
    Column("kind", String(64), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("actor_type", String(16), nullable=False),
    Column("actor_id", String(64)),
    Column("subject_type", String(16)),
    Column("subject_id", String(64)),
    Column("request_id", String(128)),
    Column("ip", String(64)),
    Column("user_agent", String(512)),
    Column("data", Document, nullable=False),
    # The log is read by time, which ids tell to the millisecond only.
    Index(None, "at", "id"),
    Index(None, "kind", "at", "id"),
    Index(None, "actor_id", "at", "id"),
    Index(None, "subject_id", "at", "id"),
)

links = Table(
    "links",
    metadata,
    Column("id", Uuid, primary_key=True),
    _owner("user_id"),
    Column("purpose", String(16), nullable=False),
    Column("email", String(320), nullable=False),
    _when("created_at"),
    _when("expires_at"),
    _when("used_at", nullable=True),
    Index(None, "user_id", "purpose"),
    Index(None, "expires_at"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("template", String(32), nullable=False),
    # No foreign keys: what is on its way outlives what it speaks of, and then says so.
    Column("user_id", Uuid, nullable=False),
    Column("link_id", Uuid),
    Column("recipient", String(320)),
    _when("created_at"),
    _when("due_at"),
    Column("attempts", Integer, nullable=False),
    _when("leased_until", nullable=True),
    _when("sent_at", nullable=True),
    _when("set_aside_at", nullable=True),
    Column("last_error", String(200)),
    Index(None, "user_id", "template", "created_at"),
    Index(None, "created_at"),
)

jobs = Table(
    "jobs",
    metadata,
    # One row a periodic job: who runs it now, and when it last ran through.
    Column("name", String(32), primary_key=True),
    _when("leased_until"),
    _when("last_run_at", nullable=True),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("scope", String(64), primary_key=True),
    Column("key_digest", LargeBinary, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    _when("leased_until"),
    # Both stay empty: `body` holds the whole answer, sealed.
    Column("status", Integer),
    Column("headers", Document),
    Column("body", LargeBinary),
    _when("created_at"),
    _when("expires_at"),
    Index(None, "expires_at"),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", String(64), primary_key=True),
    Column("algorithm", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("public_jwk", Document),
    Column("sealed_private", LargeBinary, nullable=False),
    _when("created_at"),
    _when("activated_at", nullable=True),
    _when("retired_at", nullable=True),
    CheckConstraint("status IN ('next', 'current', 'retired', 'revoked')", name="status"),
)

heartbeat = Table(
    "heartbeat",
    metadata,
    # One row that the readiness check writes: only a write tells that writing works.
    Column("id", Integer, primary_key=True, autoincrement=False),
    _when("at"),
)
