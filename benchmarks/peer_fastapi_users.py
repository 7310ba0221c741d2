"""The peer: fastapi-users as its documentation sets it up, `GET /users/me` by bearer token.

Runs in a virtual environment of its own (`requirements-peers.txt`), as its dependencies are older
than ours; so it imports nothing of this tree. Nothing else is switched on.
"""

import os
import uuid
from collections.abc import AsyncIterator
from typing import Any

from fastapi import Depends, FastAPI
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin, schemas
from fastapi_users.authentication import AuthenticationBackend, BearerTransport, JWTStrategy
from fastapi_users_db_sqlalchemy import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

SECRET = os.environ["PEER_SECRET"]


class Base(DeclarativeBase):
    """The peer's tables."""


class User(SQLAlchemyBaseUserTableUUID, Base):
    """The library's own columns."""


class Manager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    """No hook is used."""

    reset_password_token_secret = SECRET
    verification_token_secret = SECRET


engine = create_async_engine(os.environ["PEER_DATABASE_URL"], pool_size=20, max_overflow=10)
sessions = async_sessionmaker(engine, expire_on_commit=False)


async def _session() -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


async def _users(session: AsyncSession = Depends(_session)) -> AsyncIterator[Any]:
    yield SQLAlchemyUserDatabase(session, User)


async def _manager(users: Any = Depends(_users)) -> AsyncIterator[Manager]:
    yield Manager(users)


backend = AuthenticationBackend(
    name="jwt",
    transport=BearerTransport(tokenUrl="login"),
    get_strategy=lambda: JWTStrategy(secret=SECRET, lifetime_seconds=3600),
)
api = FastAPIUsers[User, uuid.UUID](_manager, [backend])
app = FastAPI()
app.include_router(
    api.get_users_router(schemas.BaseUser[uuid.UUID], schemas.BaseUserUpdate), prefix="/users"
)


@app.post("/setup/{count}")
async def setup(count: int) -> list[str]:
    """Makes the table and `count` users, and answers a token of each."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    made = [
        User(id=uuid.uuid4(), email=f"peer{number}@example.com", hashed_password="x")
        for number in range(count)
    ]
    async with sessions() as session:
        session.add_all(made)
        await session.commit()
    strategy = backend.get_strategy()
    return [await strategy.write_token(user) for user in made]
