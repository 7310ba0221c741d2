"""What a sign-in asks, in SQL."""

from typing import Any

from sqlalchemy import and_, select

from adapters.sql.backoff import sign_in_failures
from adapters.sql.credentials import IS_PASSWORD
from adapters.sql.engine import Database
from adapters.sql.fixed_statements import FixedStatement, parameter
from adapters.sql.hot_statements import HotStatement
from adapters.sql.tables import credentials, users
from adapters.sql.users import ROLE_NAMES, user_from_row
from application.ports.passwords import PasswordLogin
from application.ports.sign_ins import SignInFacts, SignInLookup
from domain.backoff import FailedSignIns

# One row whatever there is, so that each of the two may be missing.
_asked = select(
    parameter("email_key", users.c.email_key.type).label("email_key"),
    parameter("tag", sign_in_failures.c.tag.type).label("tag"),
).subquery("asked")
_FACTS = FixedStatement(
    select(
        users,
        ROLE_NAMES,
        credentials.c.secret_hash,
        sign_in_failures.c.failures,
        sign_in_failures.c.last_try_at,
    ).select_from(
        _asked.outerjoin(users, users.c.email_key == _asked.c.email_key)
        .outerjoin(credentials, and_(credentials.c.user_id == users.c.id, IS_PASSWORD))
        .outerjoin(sign_in_failures, sign_in_failures.c.tag == _asked.c.tag)
    )
)


class SqlSignInLookup(SignInLookup):
    def __init__(self, primary: Database) -> None:
        self._facts = HotStatement(primary, _FACTS)

    async def find(self, email_key: str, tag: bytes) -> SignInFacts:
        (row,) = await self._facts.rows(email_key=email_key, tag=tag)
        return SignInFacts(login=_login(row), failed=_failed(row))


def _login(row: Any) -> PasswordLogin | None:
    if row.id is None:
        return None
    return PasswordLogin(user=user_from_row(row), password_hash=row.secret_hash)


def _failed(row: Any) -> FailedSignIns | None:
    if row.failures is None:
        return None
    return FailedSignIns(count=row.failures, last_try_at=row.last_try_at)
