"""What docs/migrating.md says, typed: from a database of another system to a sign-in here."""

import asyncio
import csv
import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import asyncpg
import bcrypt
import pytest
from argon2 import PasswordHasher as Argon2
from sqlalchemy.engine import make_url

from adapters.crypto.passwords import Argon2PasswordHasher
from tests.adapters.crypto.test_stored_hashes import django
from tests.entrypoints.cli.console import PASSWORD, Console
from tests.entrypoints.cli.test_users import signs_in
from tests.storage import postgresql_database

DOCUMENT = Path(__file__).parents[3] / "docs" / "migrating.md"
pytestmark = pytest.mark.usefixtures("data", "real_hashes")

ARGON2 = Argon2(time_cost=1, memory_cost=8, parallelism=1).hash("correct horse")
BCRYPT = bcrypt.hashpw(b"short", bcrypt.gensalt(4)).decode()

FASTAPI_USERS = f"""
CREATE TABLE "user" (
    id CHAR(36) PRIMARY KEY, email VARCHAR(320), hashed_password VARCHAR(1024),
    is_active BOOLEAN, is_superuser BOOLEAN, is_verified BOOLEAN
);
INSERT INTO "user" VALUES
    ('4fb1d1f8-3b7b-4b39-b34f-9c1d3e1d9f01', 'ada@example.com', '{ARGON2}', true, true, true),
    ('4fb1d1f8-3b7b-4b39-b34f-9c1d3e1d9f02', 'bob@example.com', '{BCRYPT}', true, false, false),
    ('4fb1d1f8-3b7b-4b39-b34f-9c1d3e1d9f03', 'eve@example.com', '{BCRYPT}', false, false, true);
"""  # noqa: S608 - tables of the test's own

DJANGO = f"""
CREATE TABLE auth_user (
    id INTEGER PRIMARY KEY, password VARCHAR(128), last_login TIMESTAMP, is_superuser BOOLEAN,
    username VARCHAR(150), first_name VARCHAR(150), last_name VARCHAR(150), email VARCHAR(254),
    is_staff BOOLEAN, is_active BOOLEAN, date_joined TIMESTAMP
);
INSERT INTO auth_user VALUES
    (1, '{django("sha256", "correct horse", iterations=1000)}', NULL, true, 'ada', 'Ada',
     'Lovelace, "Countess"', 'ada@example.com', true, true, '2020-01-02 03:04:05.678901'),
    (2, 'argon2{ARGON2}', NULL, false, 'bob', '', '', 'bob@example.com', false, true,
     '2020-01-03 00:00:00'),
    (3, 'bcrypt${BCRYPT}', NULL, false, 'eve', 'Eve', '', 'eve@example.com', false, false,
     '2020-01-04 00:00:00'),
    (4, '{django("sha1", "short")}', NULL, false, 'grace', 'Grace', 'Hopper', 'grace@example.com',
     false, true, '2020-01-05 00:00:00'),
    (5, '!unusable', NULL, false, 'nobody', '', '', '', false, true, '2020-01-06 00:00:00'),
    (6, '!unusable', NULL, false, 'ldap', 'L', 'D', 'ldap@example.com', false, true,
     '2020-01-07 00:00:00');
"""  # noqa: S608 - as above


@pytest.fixture
def real_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.factories.Argon2PasswordHasher", Argon2PasswordHasher)


def section(heading: str) -> str:
    text = DOCUMENT.read_text(encoding="utf-8")
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def query(heading: str) -> str:
    """What the document hands to psql."""
    found = re.search(
        r"psql .* --csv > accounts\.csv <<'SQL'\n(.*?)\nSQL\n", section(heading), re.DOTALL
    )
    assert found
    return found[1]


def commands(heading: str) -> list[tuple[str, ...]]:
    """What it has typed of `doorward`, without that word."""
    typed = re.findall(r"^doorward (.+)$", section(heading), re.MULTILINE)
    return [tuple(line.split()) for line in typed]


def from_sqlite(tables: str, heading: str) -> None:
    """As `sqlite3 -csv -header` writes it."""
    with closing(sqlite3.connect(":memory:")) as old, Path("accounts.csv").open("w") as out:
        old.executescript(tables)
        cursor = old.execute(query(heading))
        rows = csv.writer(out)
        rows.writerow(column[0] for column in cursor.description)
        rows.writerows(cursor)


def from_postgresql(url: str) -> Callable[[str, str], None]:
    """As `psql --csv` writes it."""
    dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)

    async def copy(tables: str, heading: str) -> None:
        old = await asyncpg.connect(dsn)
        await old.execute(tables)
        await old.copy_from_query(
            query(heading), output=Path("accounts.csv"), format="csv", header=True
        )
        await old.close()

    return lambda tables, heading: asyncio.run(copy(tables, heading))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def exported(request: pytest.FixtureRequest) -> object:
    """Writes accounts.csv from a database of each kind."""
    if request.param == "sqlite":
        yield from_sqlite
        return
    with postgresql_database(request.getfixturevalue("postgresql_url")) as url:
        yield from_postgresql(url)


def test_from_fastapi_users(console: Console, exported: Callable[[str, str], None]) -> None:
    exported(FASTAPI_USERS, "From fastapi-users")
    (command,) = commands("From fastapi-users")

    assert console(*command).out == "Created 3, already there 0.\n"

    ada, bob, eve = (shown(console, f"{name}@example.com") for name in ("ada", "bob", "eve"))
    assert (ada["roles"], ada["email_verified"], ada["name"]) == (["admin", "user"], True, "ada")
    assert (bob["roles"], bob["email_verified"], bob["status"]) == (["user"], False, "active")
    assert eve["status"] == "disabled"
    assert signs_in("ada@example.com", "correct horse")
    assert signs_in("bob@example.com", "short")
    assert not signs_in("eve@example.com", "short")
    assert console(*command).out == "Created 0, already there 3.\n"


def test_from_django(console: Console, exported: Callable[[str, str], None]) -> None:
    exported(DJANGO, "From Django")
    (command,) = commands("From Django")

    assert console(*command).out == "Created 5, already there 0.\n"

    ada, bob = (shown(console, f"{name}@example.com") for name in ("ada", "bob"))
    assert (ada["name"], ada["roles"]) == ('Ada Lovelace, "Countess"', ["admin", "user"])
    assert ada["created_at"] == "2020-01-02T03:04:05.678901Z"
    assert bob["name"] == "bob"
    assert signs_in("ada@example.com", "correct horse")
    assert signs_in("bob@example.com", "correct horse")
    assert not signs_in("eve@example.com", "short")
    assert console("users", "enable", "eve@example.com").code == 0
    assert signs_in("eve@example.com", "short")
    assert signs_in("grace@example.com", "short")
    assert not signs_in("ldap@example.com", "!unusable")


def test_from_another_doorward(console: Console) -> None:
    ada = console.create("ada@example.com", "--role", "admin", name="Ada")
    there, back = commands("From another Doorward")
    (ids,) = commands("Ids")
    assert console(*there).code == 0
    assert console("users", "create", "root@example.com", "--name", "R", "--role", "admin",
                   typed=f"{PASSWORD}\n").code == 0  # fmt: skip
    assert console("users", "delete", "ada@example.com", "--yes").code == 0

    assert console(*back).out == "Created 1, already there 0.\n"

    assert shown(console, "ada@example.com")["id"] == ada["id"]
    assert signs_in("ada@example.com", PASSWORD)
    assert console(*ids).code == 0
    lines = [json.loads(line) for line in Path("ids.ndjson").read_text().splitlines()]
    assert {line["email"]: line["id"] for line in lines}["ada@example.com"] == ada["id"]


def test_the_document_speaks_of_nothing_else() -> None:
    typed = re.findall(r"^doorward (.+)$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    headings = ("From fastapi-users", "From Django", "From another Doorward", "Ids")
    assert len(typed) == sum(len(commands(heading)) for heading in headings)


def shown(console: Console, email: str) -> dict[str, object]:
    found: dict[str, object] = console("users", "show", email, "--json").json
    return found
