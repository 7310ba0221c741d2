"""`doorward api-keys`: made and shown once, listed, revoked; what `tokens inspect` says of keys."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.entrypoints.cli.console import PASSWORD, Console

pytestmark = pytest.mark.usefixtures("anywhere")

ADA = "ada@example.com"
MEMBERS = [
    *("id", "owner_id", "name", "prefix", "scopes", "rate_limit", "status"),
    *("created_at", "expires_at", "last_used_at"),
]


@pytest.fixture
def ada(console: Console, anywhere: object) -> str:
    created = console("users", "create", ADA, "--name", "Ada", "--json", typed=PASSWORD)
    return str(created.json["id"])


def make(console: Console, *options: str) -> dict[str, Any]:
    made: dict[str, Any] = console(
        "api-keys", "create", ADA, "--name", "Report", *options, "--json"
    ).json
    return made


def listed(console: Console, *options: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = console("api-keys", "list", ADA, *options, "--json").json["items"]
    return items


def test_a_key_is_shown_once(console: Console, ada: str) -> None:
    tomorrow = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    made = make(
        console,
        *("--scope", "items:read", "--scope", "items:write"),
        *("--expires-at", tomorrow.isoformat(), "--rate-limit", "5"),
    )
    assert list(made) == [*MEMBERS, "key"]
    assert (made["owner_id"], made["scopes"]) == (ada, ["items:read", "items:write"])
    assert (made["rate_limit"], made["status"]) == (5, "active")
    assert datetime.fromisoformat(made["expires_at"]) == tomorrow
    assert listed(console) == [{name: made[name] for name in MEMBERS}]
    told = console("api-keys", "list", ada).out
    assert made["prefix"] in told
    assert made["key"] not in told


def test_people_can_copy_the_key_from_a_line_of_its_own(console: Console, ada: str) -> None:
    ended = console("api-keys", "create", ada, "--name", "Report")
    assert (ended.code, ended.err) == (0, "")
    last = ended.out.splitlines()[-1]
    assert last.startswith(listed(console)[0]["prefix"] + "_")
    inspected = console("tokens", "inspect", "--json", typed=last).json
    assert (inspected["sub"], inspected["token_type"]) == (ada, "api_key")
    assert inspected["client_id"] == listed(console)[0]["id"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--scope", "users:write"), "forbidden: Needs users:write."),
        (("--scope", "no:such"), "unknown_permission"),
        (("--rate-limit", "0"), "validation_error"),
        (("--expires-at", "2020-01-01T00:00:00Z"), "validation_error"),
    ],
)
def test_what_a_key_cannot_be_is_refused(
    console: Console, ada: str, options: tuple[str, ...], code: str
) -> None:
    ended = console("api-keys", "create", ADA, "--name", "Report", *options)
    assert ended.refusal().startswith(code)
    assert listed(console) == []


@pytest.mark.parametrize("time", ["tomorrow", "2030-01-01", "2030-01-01T00:00:00", "", "9e9"])
def test_a_time_has_its_offset(console: Console, ada: str, time: str) -> None:
    ended = console("api-keys", "create", ADA, "--name", "Report", "--expires-at", time)
    assert "2030-01-31T12:00:00Z" in ended.refusal(code=2)


def test_keys_are_listed_in_pieces_and_revoked(console: Console, ada: str) -> None:
    ids = [make(console)["id"] for _ in range(3)][::-1]
    first = console("api-keys", "list", ADA, "--limit", "2", "--json").json
    assert [item["id"] for item in first["items"]] == ids[:2]
    assert f"--cursor {first['next_cursor']}" in console("api-keys", "list", ADA, "--limit=2").out
    assert [x["id"] for x in listed(console, "--cursor", first["next_cursor"])] == ids[2:]
    for _ in range(2):
        assert console("api-keys", "revoke", ids[0]).code == 0
    assert [item["status"] for item in listed(console)] == ["revoked", "active", "active"]


def test_keys_of_nobody_are_not_found(console: Console) -> None:
    for arguments in (
        ("list", "nobody@example.com"),
        ("create", str(uuid4()), "--name", "Report"),
        ("revoke", str(uuid4())),
    ):
        assert "not_found" in console("api-keys", *arguments).refusal()


def test_a_dead_key_says_why(console: Console, ada: str) -> None:
    made = make(console)
    text = made["key"]

    def why(given: str) -> str:
        return console("tokens", "inspect", typed=given).refusal()

    assert why(text[:-1]) == "It is not a whole key: part of it is missing, or was mistyped."
    console("users", "disable", ADA)
    assert why(text) == "Its account is disabled."
    console("users", "enable", ADA)
    console("api-keys", "revoke", made["id"])
    assert why(text) == "It was revoked."
    console("users", "delete", ADA, "--yes")
    assert why(text) == "There is no such key; its account may be gone."
