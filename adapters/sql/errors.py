"""From database errors to domain errors: the one place that knows both."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy.exc import (
    DatabaseError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from domain.errors import ConcurrentChange, DomainError, Unavailable
from domain.roles import AlreadyExists
from domain.sessions import InvalidCredentials
from domain.users import EmailAlreadyRegistered

_log = logging.getLogger("doorward.sql")

UNIQUE_VIOLATIONS: dict[str, type[DomainError]] = {
    "uq_users_email_key": EmailAlreadyRegistered,
    "uq_api_keys_public_id": ConcurrentChange,
    "uq_signing_keys_current": ConcurrentChange,
    "uq_signing_keys_next": ConcurrentChange,
    "pk_roles": AlreadyExists,
    "pk_permissions": AlreadyExists,
    "pk_identities": AlreadyExists,
}
"""Every constraint that a request can run into. Primary keys that are fresh UUIDs cannot be."""

# SQLite names the columns, not the constraint.
_SQLITE_UNIQUE = {
    "users.email_key": "uq_users_email_key",
    "api_keys.public_id": "uq_api_keys_public_id",
    # Of the two that this may be, both mean the same.
    "signing_keys.status": "uq_signing_keys_current",
    "index 'uq_signing_keys_current'": "uq_signing_keys_current",
    "index 'uq_signing_keys_next'": "uq_signing_keys_next",
    "roles.name": "pk_roles",
    "permissions.name": "pk_permissions",
    "identities.issuer, identities.subject": "pk_identities",
}
MISSING_VALUES: dict[str, type[DomainError]] = {"sessions.user_id": InvalidCredentials}
"""What an insert that looked a value up, and found none, is refused with."""
_SQLITE_NOT_NULL_FAILED = re.compile(r"NOT NULL constraint failed: (.+)$", re.MULTILINE)
_SQLITE_UNIQUE_FAILED = re.compile(r"UNIQUE constraint failed: (.+)$", re.MULTILINE)

# PostgreSQL's classes of "not now": connection trouble, no entry, no such database, resources,
# operator intervention, and the transaction's own bad luck (serialisation failure, deadlock); and a
# schema that is not there yet, which readiness reports. PostgreSQL manual, appendix A.
_TRANSIENT_STATES = ("08", "28", "3D000", "53", "57", "40", "25006", "55P03", "42P01", "42703")

# Of these, what ends a connection or a transaction for reasons that may be gone in a moment.
_INTERRUPTED_STATES = ("08", "40", "57P01", "57P02")


@contextmanager
def translated(*, foreign_key: type[DomainError] | None = None) -> Iterator[None]:
    """Raises the domain's word for whatever the database refuses; bugs pass through unchanged.

    `foreign_key` is what a broken reference means in this statement: giving a role that is not
    there and deleting one that is in use break the same constraint.
    """
    try:
        yield
    except IntegrityError as error:
        refused = _integrity(_driver_error(error), str(error.orig), foreign_key)
        if refused is None:
            raise
        raise refused() from error
    except PoolTimeoutError as error:
        raise Unavailable from error
    except DBAPIError as error:
        if not _is_transient(error):
            raise
        _log.warning("database unavailable: %s", type(error.orig).__name__)
        raise Unavailable from error
    except _unreachable() as error:
        # What does not pass through SQLAlchemy's wrapping.
        _log.warning("database unreachable: %s", type(error).__name__)
        raise Unavailable from error
    except _asyncpg().PostgresError as error:
        # Of a statement that went to the driver as it is, or of a connection that was refused.
        refused = _integrity(error, "", foreign_key)
        if refused is None and not _is_transient_state(error):
            raise
        if refused is not None:
            raise refused() from error
        _log.warning("database unavailable: %s", type(error).__name__)
        raise Unavailable from error


def is_interrupted(error: Unavailable) -> bool:
    """Whether the database broke off what it had begun: another connection may go through with it.

    A connection that dropped, a conflict that this transaction lost, and a plan that a change of
    the schema has voided (the dialect forgets its plans when it sees the first one). Neither a
    server that cannot be reached nor one that took too long: that would double the wait.
    """
    cause = error.__cause__
    if isinstance(cause, DBAPIError):
        if cause.connection_invalidated:
            return True
        cause = _driver_error(cause)
    elif isinstance(cause, _broken_connection()):
        return True
    if isinstance(cause, _asyncpg().InvalidCachedStatementError):
        return True
    state = getattr(cause, "sqlstate", None)
    return state is not None and str(state).startswith(_INTERRUPTED_STATES)


@cache
def _asyncpg() -> Any:
    # Looked for when there is an error to name: on SQLite mostly never.
    import asyncpg

    return asyncpg


def _unreachable() -> tuple[type[Exception], ...]:
    return OSError, *_broken_connection()


def _broken_connection() -> tuple[type[Exception], ...]:
    driver = _asyncpg()
    # The last one is how it fails when the server's farewell crosses a statement.
    return driver.PostgresConnectionError, driver.InterfaceError, driver.InternalClientError


def _driver_error(error: DBAPIError) -> BaseException | None:
    return error.orig.__cause__ if error.orig else None


def _integrity(
    cause: BaseException | None, text: str, foreign_key: type[DomainError] | None
) -> type[DomainError] | None:
    """By asyncpg's error, or by what SQLite says."""
    if isinstance(cause, _asyncpg().UniqueViolationError):
        return UNIQUE_VIOLATIONS.get(str(getattr(cause, "constraint_name", "")))
    if unique := _SQLITE_UNIQUE_FAILED.search(text):
        return UNIQUE_VIOLATIONS.get(_SQLITE_UNIQUE.get(unique[1], ""))
    if isinstance(cause, _asyncpg().NotNullViolationError):
        return MISSING_VALUES.get(f"{cause.table_name}.{cause.column_name}")
    if missing := _SQLITE_NOT_NULL_FAILED.search(text):
        return MISSING_VALUES.get(missing[1])
    if isinstance(cause, _asyncpg().ForeignKeyViolationError) or "FOREIGN KEY" in text:
        return foreign_key
    return None


def _is_transient(error: DBAPIError) -> bool:
    cause = _driver_error(error)
    if error.connection_invalidated or isinstance(cause, _asyncpg().InvalidCachedStatementError):
        return True
    if getattr(error.orig, "sqlstate", None) is not None:
        return _is_transient_state(error.orig)
    # SQLite's own word for a file that is damaged, or no database, has no class below this one.
    return isinstance(error, OperationalError | InterfaceError) or type(error) is DatabaseError


def _is_transient_state(error: BaseException | None) -> bool:
    if isinstance(error, _asyncpg().InvalidCachedStatementError):
        return True
    return str(getattr(error, "sqlstate", None)).startswith(_TRANSIENT_STATES)
