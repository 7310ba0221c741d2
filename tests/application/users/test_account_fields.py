"""What a line of an import may hold, and what it becomes."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.clock import ManualClock
from adapters.memory.passwords import FastPasswordHasher
from adapters.system.addresses import EmailValidatorNormaliser
from adapters.system.clock import Uuid7Generator
from application.users.account_fields import ACCOUNT_FIELDS, AccountReader
from domain.errors import InvalidField
from domain.transfer import AccountRecord
from domain.users import UserKind, UserStatus

ID = "01980000-0000-7000-8000-000000000000"
HASH = "memory$a hash"
KEY: dict[str, Any] = {
    "public_id": "0Az",
    "secret_digest": "ab" * 32,
    "name": "Deployment",
    "scopes": ["items:read"],
    "rate_limit": 60,
    "created_at": "2020-01-01T00:00:00Z",
    "expires_at": "2100-01-01T00:00:00Z",
    "revoked_at": None,
}
CLOCK = ManualClock()
READER = AccountReader(
    addresses=EmailValidatorNormaliser(),
    hasher=FastPasswordHasher(),
    clock=CLOCK,
    ids=Uuid7Generator(),
)


def read(**fields: object) -> AccountRecord:
    return READER.read({"email": "ada@example.com"} | fields)


def refusal(**fields: object) -> tuple[str, str]:
    with pytest.raises(InvalidField) as raised:
        read(**fields)
    (detail,) = raised.value.details
    return detail.field, detail.code


def test_an_address_is_enough() -> None:
    record = READER.read({"email": "Ada@Example.COM"})
    user = record.user
    assert (user.email.address, user.email.key) == ("Ada@example.com", "ada@example.com")
    assert (user.name, user.kind, user.status) == ("Ada", UserKind.HUMAN, UserStatus.ACTIVE)
    assert (user.email_verified, user.version) == (False, 1)
    assert user.roles == {"user"}
    assert user.created_at == user.updated_at == CLOCK.now()
    assert user.id.version == 7
    assert (record.password_hash, record.api_keys) == (None, ())


def test_everything_is_kept_that_is_given() -> None:
    record = read(
        id=ID,
        email_verified=True,
        name="Ada Lovelace",
        kind="service",
        status="disabled",
        roles=["auditor", "admin"],
        created_at="2020-01-01T00:00:00.123456Z",
        updated_at="2020-02-01T00:00:00Z",
        password_hash=HASH,
        api_keys=[KEY],
    )
    user = record.user
    assert (str(user.id), user.name, user.email_verified) == (ID, "Ada Lovelace", True)
    assert (user.kind, user.status) == (UserKind.SERVICE, UserStatus.DISABLED)
    assert user.roles == {"auditor", "admin"}
    assert user.created_at == datetime(2020, 1, 1, 0, 0, 0, 123456, tzinfo=UTC)
    assert user.updated_at == datetime(2020, 2, 1, tzinfo=UTC)
    assert record.password_hash == HASH
    (key,) = record.api_keys
    assert (key.public_id, key.secret_digest, key.name) == ("0Az", b"\xab" * 32, "Deployment")
    assert key.scopes == {"items:read"}
    assert (key.rate_limit, key.revoked_at) == (60, None)
    assert key.expires_at == datetime(2100, 1, 1, tzinfo=UTC)


def test_null_is_as_good_as_missing() -> None:
    fields = dict.fromkeys(ACCOUNT_FIELDS - {"email"})
    assert read(**fields).user.roles == {"user"}


def test_no_roles_are_no_roles() -> None:
    assert read(roles=[]).user.roles == frozenset()


def test_an_account_that_django_marks_as_without_password_has_none() -> None:
    assert read(password_hash="!Fh3kQ").password_hash is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2020-01-01T12:00:00+02:00", datetime(2020, 1, 1, 10, tzinfo=UTC)),
        ("2020-01-01 12:00:00+00", datetime(2020, 1, 1, 12, tzinfo=UTC)),
        ("2020-01-01 12:00:00.5", datetime(2020, 1, 1, 12, 0, 0, 500_000, tzinfo=UTC)),
        ("2020-01-01", datetime(2020, 1, 1, tzinfo=UTC)),
    ],
)
def test_times_as_databases_write_them(written: str, meant: datetime) -> None:
    assert read(created_at=written).user.created_at == meant


def test_nothing_changes_before_it_is_made() -> None:
    user = read(created_at="2020-02-01", updated_at="2020-01-01").user
    assert user.updated_at == user.created_at


LATER = (CLOCK.now() + timedelta(days=2)).isoformat()


@pytest.mark.parametrize(
    ("field", "values", "code"),
    [
        (
            "email",
            [None, "", "ada", "a@b", "ada@example.com\x00", "\ud800@example.com", 7, ["a@b.dev"],
             "a" * 10_000 + "@example.com", "ada@example.com, bob@example.com"],
            "invalid_email",
        ),
        ("name", ["", " ", "a\x00b", "\ud800", "x" * 201, "a\nb", 7, ["Ada"]], "invalid_name"),
        ("email_verified", ["true", 1, 0, "", []], "invalid_type"),
        ("kind", ["robot", "", 1, "HUMAN"], "invalid_choice"),
        ("status", ["deleted", "", True, {}], "invalid_choice"),
        ("roles", ["user", [1], ["x" * 33], ["a\x00b"], [""], [["user"]], {}, 7], "invalid_roles"),
        ("roles", [[f"role-{n}" for n in range(21)]], "too_many_roles"),
        (
            "id",
            ["", 7, "junk", "00000000-0000-4000-8000-000000000000", ID.upper().replace("-", ""),
             "{" + ID + "}", [ID]],
            "invalid_id",
        ),
        (
            "created_at",
            ["", "yesterday", 1577836800, LATER, "9999-12-31T23:59:59-14:00", "1969-12-31",
             "0001-01-01T00:00:00+14:00", "2020-01-01\x00", []],
            "invalid_time",
        ),
        ("updated_at", [LATER, "", 0], "invalid_time"),
        ("password_hash", ["", "secret", 7, ["memory$"], True], "unknown_password_hash"),
        ("api_keys", [{}, "keys", [7], [KEY | {"more": 1}], [KEY] * 1001], "invalid_api_key"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(field: str, values: list[object], code: str) -> None:
    for value in values:
        assert refusal(**{field: value}) == (field, code), value


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("public_id", ["", "a_b", "x" * 33, 7, None]),
        ("secret_digest", ["ab", "AB" * 32, "xy" * 32, None, 7]),
        ("scopes", ["items:read", ["x" * 65], [7], None, [""], [f"a:{n}" for n in range(101)]]),
        ("rate_limit", [0, -1, True, 1.5, 10_001, "60"]),
        ("created_at", [None]),
        ("expires_at", [None]),
    ],
)
def test_half_a_key_is_refused(field: str, values: list[object]) -> None:
    for value in values:
        assert refusal(api_keys=[KEY | {field: value}]) == ("api_keys", "invalid_api_key"), value
    without = {name: value for name, value in KEY.items() if name != field}
    assert refusal(api_keys=[without]) == ("api_keys", "invalid_api_key")


@pytest.mark.parametrize("field", ["created_at", "expires_at", "revoked_at"])
def test_times_of_keys_are_times(field: str) -> None:
    assert refusal(api_keys=[KEY | {field: "soon"}]) == (f"api_keys.{field}", "invalid_time")


@pytest.mark.parametrize("field", ["password", "hashed_password", "is_admin", "version", ""])
def test_a_field_that_accounts_do_not_have_is_refused(field: str) -> None:
    assert refusal(**{field: None}) == ("line", "unknown_field")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted(ACCOUNT_FIELDS)), json_values))
def test_whatever_a_line_holds_it_is_read_or_refused(fields: dict[str, object]) -> None:
    with suppress(InvalidField):
        assert READER.read(fields).user.email.key
