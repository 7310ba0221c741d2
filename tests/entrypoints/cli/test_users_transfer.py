"""`doorward users export` and `import`: there and back, and what is told of bad lines."""

import asyncio
import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from adapters.crypto.passwords import Argon2PasswordHasher
from domain.access import Actor
from domain.sessions import InvalidApiKey
from tests.adapters.crypto.test_stored_hashes import OPENWALL, django
from tests.application.api_keys.keys import call_with
from tests.application.users.test_importing import give
from tests.entrypoints.cli.console import PASSWORD, Console, Ended
from tests.entrypoints.cli.test_users import signs_in
from tests.storage import open_database
from tests.worlds import open_world

pytestmark = pytest.mark.usefixtures("data")


@pytest.fixture
def real_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.factories.Argon2PasswordHasher", Argon2PasswordHasher)
    monkeypatch.setenv("DOORWARD_HASH_CONCURRENCY", "1")


def execute(url: str, statement: str, **parameters: object) -> None:
    async def run() -> None:
        async with open_database(url) as database, database.writing() as connection:
            await connection.execute(text(statement), parameters)
            await connection.commit()

    asyncio.run(run())


def lines_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def emails(console: Console) -> set[str]:
    page = console("users", "list", "--limit", "100", "--json").json
    return {user["email"] for user in page["items"]}


def faults(ended: Ended) -> list[tuple[int, str]]:
    assert ended.code == 1
    return [(fault["line"], fault["code"]) for fault in json.loads(ended.out)["faults"]]


def test_there_and_back(console: Console, anywhere: str) -> None:
    ada = console.create("ada@example.com", "--role", "admin", name="Ada Ł")
    bob = console.create("bob@example.com", "--email-verified")
    console("users", "disable", "bob@example.com")
    bob = console("users", "show", "bob@example.com", "--json").json
    out, again = Path("out.ndjson"), Path("again.ndjson")

    assert console("users", "export", "--with-secrets", "--output", str(out)).out == (
        "Exported 2 accounts.\n"
    )
    first, second = lines_of(out)
    assert {name: first[name] for name in ada} == ada
    assert {name: second[name] for name in bob} == bob
    assert first["password_hash"].startswith("memory$")
    assert first["api_keys"] == []

    for email in emails(console):
        # By hand: the last administrator is not deleted.
        execute(anywhere, "DELETE FROM users WHERE email = :email", email=email)
    ended = console("users", "import", str(out), "--json").json
    assert ended == {"created": 2, "already_there": 0, "refused": 0, "faults": []}
    assert console("users", "export", "--with-secrets", "--output", str(again)).code == 0
    assert again.read_bytes() == out.read_bytes()
    assert signs_in("ada@example.com", PASSWORD)
    assert not signs_in("bob@example.com", PASSWORD)
    assert console("users", "import", str(out)).out == "Created 0, already there 2.\n"


def test_without_secrets_on_standard_output(console: Console) -> None:
    ada = console.create("ada@example.com", name="Ада \U0001f600")

    ended = console("users", "export")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.isascii()
    assert [json.loads(line) for line in ended.out.splitlines()] == [ada]


def test_keys_come_along(console: Console, anywhere: str) -> None:
    key = {
        "public_id": "0Az",
        "secret_digest": "ab" * 32,
        "name": "Deployment",
        "scopes": ["items:read", "orders:refund"],
        "rate_limit": 60,
        "created_at": "2020-01-01T00:00:00Z",
        "expires_at": "2100-01-01T00:00:00Z",
        "revoked_at": "2020-01-02T00:00:00.500000Z",
    }
    line = json.dumps({"email": "ada@example.com", "api_keys": [key]})
    assert console("users", "import", "-", typed=line).code == 0

    exported = console("users", "export", "--with-secrets").out

    assert json.loads(exported)["api_keys"] == [key]
    assert "secret_digest" not in console("users", "export").out
    execute(anywhere, "DELETE FROM users")
    assert console("users", "import", "-", typed=exported).code == 0
    assert json.loads(console("users", "export", "--with-secrets").out)["api_keys"] == [key]


def test_a_key_opens_the_installation_it_came_along_to(console: Console) -> None:
    ada = console.create("ada@example.com")
    options = ("--name", "Report", "--scope", "items:read", "--rate-limit", "5", "--json")
    key = console("api-keys", "create", "ada@example.com", *options).json["key"]
    line = json.loads(console("users", "export", "--with-secrets").out)

    async def call_elsewhere() -> Actor:
        async with open_world("memory://") as elsewhere:
            elsewhere.clock.advance((datetime.now(UTC) - elsewhere.clock.now()).total_seconds())
            with pytest.raises(InvalidApiKey):
                await call_with(elsewhere, key)
            assert (await give(elsewhere, line)).created == 1
            return await call_with(elsewhere, key)

    caller = asyncio.run(call_elsewhere())
    assert str(caller.user_id) == ada["id"]
    assert caller.permissions == {"items:read"}
    assert caller.rate_limit == 5


@pytest.mark.parametrize("was_there", [False, True])
@pytest.mark.parametrize("option", ["--with-secrets", "--json"])
def test_the_file_is_its_owners_alone(console: Console, was_there: bool, option: str) -> None:
    out = Path("out.ndjson")
    if was_there:
        out.write_text("of yesterday")
        out.chmod(0o644)
    console.create("ada@example.com")

    assert console("users", "export", option, "--output", str(out)).code == 0

    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert len(lines_of(out)) == 1
    assert [path.name for path in Path().iterdir() if "part" in path.name] == []


def test_a_file_that_cannot_be_finished_is_not_there(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    console.create("ada@example.com")
    out = Path("out.ndjson")
    out.write_text("of yesterday")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        ended = console("users", "export", "--output", str(out))

    assert ended.refusal() == "No space left on device"
    assert out.read_text() == "of yesterday"
    assert [path.name for path in Path().iterdir() if "part" in path.name] == []
    assert "No such file" in console("users", "export", "--output", "gone/out").refusal()
    assert "no file" in console("users", "export", "--output", "/dev/null").refusal()


def test_bad_lines_are_named_and_never_shown(console: Console, anywhere: str) -> None:
    secret = "quicksilver"
    bad = [
        "{" + secret,
        json.dumps({"email": secret}),
        json.dumps({"email": "x@example.com", "password_hash": secret}),
        json.dumps({"email": "x@example.com", "password_hash": "$2b$31$" + "." * 53}),
        json.dumps({"email": "x@example.com", secret: 1}),
        json.dumps({"email": "x@example.com", "roles": [secret]}),
        json.dumps({"email": "x@example.com", "name": f"{secret}\x00"}),
        json.dumps({"email": "ADA@example.com", "name": secret}),
        '"' + secret * 1_000_000 + '"',
    ]
    good = [json.dumps({"email": f"{name}@example.com"}) for name in ("ada", "bob")]
    Path("in.jsonl").write_text("\n".join([good[0], *bad, good[1]]))

    ended = console("users", "import", "in.jsonl", "--json")

    assert faults(ended) == [
        (2, "not_json"),
        (3, "invalid_email"),
        (4, "unknown_password_hash"),
        (5, "unknown_password_hash"),
        (6, "unknown_field"),
        (7, "unknown_role"),
        (8, "invalid_name"),
        (9, "duplicate_email"),
        (10, "line_too_long"),
    ]
    assert secret not in ended.out + ended.err
    told = ended.err.splitlines()
    assert told[1] == "line 3: email: This is not an e-mail address."
    assert told[-1] == "9 of 11 lines were left out; mend them and give the file again"
    assert len(told) == 10
    assert emails(console) == {"ada@example.com", "bob@example.com"}


def test_a_hash_that_costs_too_much_is_named(console: Console, real_hashes: None) -> None:
    line = json.dumps({"email": "x@example.com", "password_hash": "$2b$31$" + "." * 53})

    ended = console("users", "import", "-", "--json", typed=line)

    assert faults(ended) == [(1, "too_costly_password_hash")]
    assert emails(console) == set()


def test_people_with_foreign_hashes_sign_in_and_get_new_ones(
    console: Console, real_hashes: None
) -> None:
    rows = ["email,password_hash", f"ada@example.com,{OPENWALL}"]
    rows.append(f"bob@example.com,{django('sha256', 'short')}")
    assert console("users", "import", "-", "--format", "csv", typed="\r\n".join(rows)).code == 0
    for email, password in (("ada@example.com", "U*U"), ("bob@example.com", "short")):
        assert not signs_in(email, f"{password}x")
        assert signs_in(email, password)
    for line in console("users", "export", "--with-secrets").out.splitlines():
        assert json.loads(line)["password_hash"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert signs_in("ada@example.com", "U*U")


def test_csv_by_its_name(console: Console) -> None:
    Path("in.CSV").write_bytes(
        b"\xef\xbb\xbfname,email,roles,status\r\n"
        b'"Ada, L",ada@example.com,user admin,active\r\n'
        b"Bob,bob@example.com\r\n"
        b"Eve,eve@example.com,,gone\r\n"
    )

    ended = console("users", "import", "in.CSV", "--json")

    assert faults(ended) == [(3, "wrong_column_count"), (4, "invalid_choice")]
    assert console("users", "show", "ada@example.com", "--json").json["name"] == "Ada, L"


def test_a_file_is_named_that_is_there_and_says_what_it_is(console: Console) -> None:
    assert "--format" in console("users", "import", "accounts").refusal(2)
    assert console("users", "import", "gone.csv").refusal() == (
        "No such file or directory: gone.csv"
    )
    Path("folder.csv").mkdir()
    assert console("users", "import", "folder.csv").refusal() == "Is a directory: folder.csv"
    Path("bad.csv").write_text("email,quicksilver\n")
    refusal = console("users", "import", "bad.csv").refusal()
    assert refusal.startswith("line 1: column 2 is none of: ")
    assert "quicksilver" not in refusal


def test_an_empty_file_is_done(console: Console) -> None:
    for typed in ("", "\n\n", "\ufeff"):
        ended = console("users", "import", "-", typed=typed)
        assert (ended.code, ended.out) == (0, "Created 0, already there 0.\n")


def test_faults_are_all_told_and_a_thousand_summed_up(console: Console) -> None:
    ended = console("users", "import", "-", "--json", typed="{\n" * 1203)

    summary = json.loads(ended.out)
    assert (summary["refused"], len(summary["faults"])) == (1203, 1000)
    assert ended.err.count("line ") == 1203


def test_long_lines_make_small_batches(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entrypoints.cli.users.importing._BATCH_BYTES", 100)
    monkeypatch.setattr("entrypoints.cli.users.importing.BATCH_LINES", 3)
    lines = [json.dumps({"email": f"user{n}@example.com"}) for n in range(7)]
    lines.insert(2, lines[0])

    ended = console("users", "import", "-", "--json", typed="\n".join(lines))

    assert faults(ended) == [(3, "duplicate_email")]
    assert len(emails(console)) == 7
