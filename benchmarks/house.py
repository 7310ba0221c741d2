"""Everything that a run needs, standing side by side: databases, the service, floor and peers."""

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from adapters.crypto.verified_tokens import MAX_TOKENS
from benchmarks import crowd, seed
from benchmarks.processes import OTHER_CORE, Served, application, doorward, on_cores
from tests.servers import postgresql_server, redis_server
from tests.storage import migrate, postgresql_database

SCALE = 10_000
"""The contract's limits times this: each is charged as always, and none is hit."""
LIMITS = {
    "RATE_LIMIT_AUTH": f"{10 * SCALE}/60",
    "RATE_LIMIT_WRITE": f"{60 * SCALE}/60",
    "RATE_LIMIT_READ": f"{300 * SCALE}/60",
}
_FLOOR = "https://floor.example.com"
_PEER_SECRET = "nothing of anybody's is behind this"
_WITH_PASSWORD = 500


@dataclass(frozen=True, kw_only=True)
class Seeds:
    """What requests are made of. `cold_tokens` are more than the service remembers."""

    accounts: list[seed.Account]
    cold_tokens: list[str]
    logins: list[seed.Account]
    administrator: seed.Account
    floor_tokens: list[str]
    crowd: int
    deep_page: int
    deep_cursor: str


@dataclass(frozen=True, kw_only=True)
class Databases:
    """Both URLs, and a folder that ends with the run."""

    database_url: str
    redis_url: str
    folder: Path

    def settings(self) -> dict[str, str]:
        """What a service on these databases is started with."""
        own = {
            "ENVIRONMENT": "production",
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            # Registering is measured to its end, not to a mail; nor is one sent to such addresses.
            "REGISTRATION_CONFIRMATION": "none",
            "MAILER": "smtp",
            "SMTP_URL": "smtp://127.0.0.1:25",
            "MAIL_FROM": "accounts@example.com",
        }
        return own | LIMITS | seed.SETTINGS


@dataclass(frozen=True, kw_only=True)
class House:
    """All of it. `peer` and its tokens are missing where its environment is."""

    databases: Databases
    seeds: Seeds
    doorward: Served
    floor: Served
    bare: Served
    peer: Served | None
    peer_tokens: list[str]


@contextmanager
def databases(folder: Path, *, durable: bool = True) -> Iterator[Databases]:
    """PostgreSQL with the current schema, as it ships, and Redis."""
    with (
        on_cores(OTHER_CORE),
        postgresql_server(durable=durable) as server,
        redis_server() as redis,
        postgresql_database(server) as url,
    ):
        migrate(url)
        yield Databases(database_url=url, redis_url=redis, folder=folder)


@contextmanager
def standing(folder: Path, *, users: int, crowd_size: int, peer_python: str) -> Iterator[House]:
    """The house with `users` accounts, in a crowd of `crowd_size`."""
    with databases(folder) as stores, peer(stores, peer_python, users) as (theirs, tokens):
        keys = FloorKeys()
        seeds = asyncio.run(_sow(stores.database_url, keys, users, crowd_size))
        with (
            doorward(folder, stores.settings()) as ours,
            floor(stores, keys) as least,
            application("benchmarks.bare_fastapi:app", folder, {}) as bare,
        ):
            yield House(
                databases=stores,
                seeds=seeds,
                doorward=ours,
                floor=least,
                bare=bare,
                peer=theirs,
                peer_tokens=tokens,
            )


class FloorKeys:
    """The floor's own keys: RS256, the cheapest to verify; ES256, the cheapest to sign with."""

    def __init__(self) -> None:
        self._read = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._sign = ec.generate_private_key(ec.SECP256R1())

    def environment(self) -> dict[str, str]:
        def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
            return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

        return {"FLOOR_RS256_KEY": pem(self._read), "FLOOR_ES256_KEY": pem(self._sign)}

    def token(self, account: seed.Account) -> str:
        now = int(time.time())
        claims = {"sub": str(account.user.id), "iat": now, "exp": now + 86400}
        return jwt.encode(claims | {"iss": _FLOOR, "aud": _FLOOR}, self._read, algorithm="RS256")


@contextmanager
def floor(stores: Databases, keys: FloorKeys) -> Iterator[Served]:
    url = stores.database_url.replace("+asyncpg", "")
    environment = keys.environment() | {"FLOOR_DATABASE_URL": url}
    with application("benchmarks.floor:app", stores.folder, environment) as served:
        yield served


@contextmanager
def peer(stores: Databases, python: str, users: int) -> Iterator[tuple[Served | None, list[str]]]:
    """On a database of its own; None without a Python that has the peer installed."""
    if not os.access(python, os.X_OK):
        yield None, []
        return
    with postgresql_database(stores.database_url) as url:
        environment = {"PEER_DATABASE_URL": url, "PEER_SECRET": _PEER_SECRET}
        target = "benchmarks.peer_fastapi_users:app"
        with application(target, stores.folder, environment, python=python) as served:
            answer = httpx.post(f"{served.url}/setup/{users}", timeout=300).raise_for_status()
            yield served, answer.json()


async def _sow(url: str, keys: FloorKeys, users: int, crowd_size: int) -> Seeds:
    await crowd.add_accounts(url, crowd_size)
    async with seed.opened(url) as container:
        accounts = await seed.accounts(container, users)
        administrator = await seed.administrator(container)
        logins = await seed.accounts(container, min(users, _WITH_PASSWORD), password=seed.PASSWORD)
        await crowd.add_items(url, [each.user.id for each in accounts])
        await crowd.settle(url)
        deep_page = min(10_000, crowd_size // crowd.PAGE_SIZE)
        return Seeds(
            accounts=accounts,
            cold_tokens=seed.further_tokens(container, accounts, MAX_TOKENS + 2_000),
            logins=logins,
            administrator=administrator,
            floor_tokens=[keys.token(each) for each in accounts],
            crowd=crowd_size,
            deep_page=deep_page,
            deep_cursor=await crowd.cursor_of_page(container, deep_page, administrator.user.id),
        )
