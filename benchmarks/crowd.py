"""Rows by the million and rows by the account, which the database makes by itself."""

from dataclasses import asdict
from uuid import UUID

from sqlalchemy import text

from adapters.sql.engine import Database, PoolSettings
from config.container import Container
from domain.access import Actor, ActorKind
from domain.users import UserFilter

PAGE_SIZE = 50

_ACCOUNTS = """
    INSERT INTO users (id, email, email_key, email_verified, name, kind, status, version,
        created_at, updated_at)
    SELECT uuidv7(make_interval(secs => n - :count - 60)), 'crowd' || n || '@example.com',
        'crowd' || n || '@example.com', true, 'Somebody', 'human', 'active', 1, now(), now()
    FROM generate_series(1, :count) AS n
"""
# As every account has, so that a page costs the same wherever it is.
_ROLES = """
    INSERT INTO user_roles (user_id, role_name) SELECT id, 'user' FROM users WHERE name = 'Somebody'
"""
_ITEMS = """
    INSERT INTO items (id, owner_id, title, data, version, created_at, updated_at)
    SELECT id, id, 'A title', '{"colour": "blue"}', 1, now(), now()
    FROM users WHERE id = ANY(:owners)
"""
_PLACE = "SELECT id FROM users ORDER BY id DESC OFFSET :before LIMIT 1"


async def add_accounts(database_url: str, count: int) -> None:
    """`count` accounts that nobody ever signs in to, older than all others."""
    await _execute(database_url, _ACCOUNTS.replace(":count", str(int(count))))
    await _execute(database_url, _ROLES)


async def add_items(database_url: str, owners: list[UUID]) -> None:
    """One item for each account, under the account's own id."""
    await _execute(database_url, _ITEMS, {"owners": owners})


async def settle(database_url: str) -> None:
    """What the server would do by itself sooner or later, in the middle of a measurement."""
    await _execute(database_url, "VACUUM ANALYZE")
    await _execute(database_url, "CHECKPOINT")


async def cursor_of_page(container: Container, number: int, caller: UUID) -> str:
    """What pages before would have named; reading them all takes too long."""
    async with container.database().reading() as connection:
        before = (number - 1) * PAGE_SIZE - 1
        position: UUID = (await connection.execute(text(_PLACE), {"before": before})).scalar_one()
    return container.cursors().encode(
        position,
        listing="users",
        filters=asdict(UserFilter()),
        actor=Actor(kind=ActorKind.USER, user_id=caller),
    )


async def _execute(
    database_url: str, statement: str, parameters: dict[str, object] | None = None
) -> None:
    database = Database(database_url, PoolSettings(statement_timeout_seconds=600))
    try:
        # Reading is autocommit, which VACUUM asks for.
        async with database.reading() as connection:
            await connection.execute(text(statement), parameters or {})
    finally:
        await database.close()
