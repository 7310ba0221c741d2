"""One account as a file tells of it: which fields there are, and what each may hold."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from application.ports.addresses import AddressNormaliser
from application.ports.clock import Clock, IdGenerator
from application.ports.passwords import HashVerdict, PasswordHasher
from domain.addresses import EmailAddress, InvalidEmailAddress
from domain.api_keys import MAX_RATE_LIMIT, MAX_SCOPES
from domain.errors import ErrorDetail, InvalidField
from domain.roles import USER_ROLE
from domain.text import is_plain_text
from domain.transfer import MAX_KEYS, AccountRecord, KeyRecord
from domain.users import User, UserKind, UserStatus, check_name, check_role_count

ACCOUNT_FIELDS = frozenset(
    {
        *("id", "email", "email_verified", "name", "kind", "status", "roles"),
        *("created_at", "updated_at", "password_hash", "api_keys"),
    }
)
_KEY_FIELDS = frozenset(
    {
        *("public_id", "secret_digest", "name", "scopes", "rate_limit"),
        *("created_at", "expires_at", "revoked_at"),
    }
)
_LONGEST_ADDRESS = 320
_LONGEST_ROLE = 32
_LONGEST_SCOPE = 64
_PUBLIC_ID = re.compile(r"[0-9A-Za-z]{1,32}")
_SHA256_HEX = re.compile(r"[0-9a-f]{64}")
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCKS_DIFFER = timedelta(days=1)
_NO_PASSWORD_MARK = "!"  # noqa: S105 - how Django marks an account that has none

_VERDICTS = {
    HashVerdict.UNKNOWN: "This is no whole hash of a kind that verifies here.",
    HashVerdict.TOO_COSTLY: "This hash costs more to verify than is allowed.",
}

E = TypeVar("E", bound=StrEnum)


class AccountReader:
    """Turns fields into an account. Times, ids and names that are missing are filled in."""

    def __init__(
        self,
        *,
        addresses: AddressNormaliser,
        hasher: PasswordHasher,
        clock: Clock,
        ids: IdGenerator,
    ) -> None:
        self._addresses = addresses
        self._hasher = hasher
        self._clock = clock
        self._ids = ids

    def read(self, fields: Mapping[str, object]) -> AccountRecord:
        """Raises InvalidField; whether roles exist is not known here."""
        if not fields.keys() <= ACCOUNT_FIELDS:
            raise refused("line", "unknown_field", "There is a field that accounts do not have.")
        email = self._address(fields.get("email"))
        created_at = self._past(fields.get("created_at"), "created_at") or self._clock.now()
        updated_at = self._past(fields.get("updated_at"), "updated_at") or created_at
        user = User(
            id=self._id(fields.get("id")),
            email=email,
            email_verified=_flag(fields.get("email_verified"), "email_verified"),
            name=_name(fields.get("name"), otherwise=email.local_part),
            kind=_choice(fields.get("kind"), "kind", UserKind, UserKind.HUMAN),
            status=_choice(fields.get("status"), "status", UserStatus, UserStatus.ACTIVE),
            roles=_roles(fields.get("roles")),
            version=1,
            created_at=created_at,
            updated_at=max(created_at, updated_at),
        )
        return AccountRecord(
            user=user,
            password_hash=self._password_hash(fields.get("password_hash")),
            api_keys=self._keys(fields.get("api_keys")),
        )

    def _address(self, value: object) -> EmailAddress:
        if not isinstance(value, str) or len(value) > _LONGEST_ADDRESS:
            raise InvalidEmailAddress
        return self._addresses.normalise(value)

    def _id(self, value: object) -> UUID:
        if value is None:
            return self._ids.new_id()
        try:
            found = UUID(value if isinstance(value, str) else "")
        except ValueError:
            found = None
        if found is None or found.version != 7 or str(found) != value:
            raise refused("id", "invalid_id", "An id is a UUID of version 7, in lower case.")
        return found

    def _password_hash(self, value: object) -> str | None:
        if value is None or (isinstance(value, str) and value.startswith(_NO_PASSWORD_MARK)):
            return None
        verdict = HashVerdict.UNKNOWN
        if isinstance(value, str):
            verdict = self._hasher.appraise(value)
            if verdict is HashVerdict.USABLE:
                return value
        raise refused("password_hash", f"{verdict}_password_hash", _VERDICTS[verdict])

    def _past(self, value: object, field: str) -> datetime | None:
        at = _instant(value, field)
        if at is not None and not _EARLIEST <= at <= self._clock.now() + _CLOCKS_DIFFER:
            raise _no_time(field)
        return at

    def _keys(self, value: object) -> tuple[KeyRecord, ...]:
        if value is None:
            return ()
        if not isinstance(value, list) or len(value) > MAX_KEYS:
            raise _no_key()
        return tuple(self._key(each) for each in value)

    def _key(self, value: object) -> KeyRecord:
        if not isinstance(value, dict) or value.keys() != _KEY_FIELDS:
            raise _no_key()
        created_at = self._past(value["created_at"], "api_keys.created_at")
        expires_at = _instant(value["expires_at"], "api_keys.expires_at")
        if created_at is None or expires_at is None:
            raise _no_key()
        return KeyRecord(
            id=self._ids.new_id(),
            public_id=_matching(_PUBLIC_ID, value["public_id"]),
            secret_digest=bytes.fromhex(_matching(_SHA256_HEX, value["secret_digest"])),
            name=_name(value["name"], otherwise=""),
            scopes=_scopes(value["scopes"]),
            rate_limit=_limit(value["rate_limit"]),
            created_at=created_at,
            expires_at=expires_at,
            revoked_at=self._past(value["revoked_at"], "api_keys.revoked_at"),
        )


def refused(field: str, code: str, message: str) -> InvalidField:
    """What is wrong with one field; never what it holds."""
    return InvalidField(ErrorDetail(field=field, code=code, message=message))


def _no_time(field: str) -> InvalidField:
    message = "A time is written as in 2026-01-31T12:00:00Z, and has passed where it tells of one."
    return refused(field, "invalid_time", message)


def _no_key() -> InvalidField:
    return refused("api_keys", "invalid_api_key", "This is no API key as exports describe it.")


def _flag(value: object, field: str) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    raise refused(field, "invalid_type", "This is either true or false.")


def _name(value: object, *, otherwise: str) -> str:
    if value is None:
        return check_name(otherwise)
    return check_name(value if isinstance(value, str) else "")


def _choice(value: object, field: str, choices: type[E], default: E) -> E:
    if value is None:
        return default
    for choice in choices:
        if value == choice.value:
            return choice
    raise refused(field, "invalid_choice", f"This is one of: {', '.join(choices)}.")


def _roles(value: object) -> frozenset[str]:
    if value is None:
        return frozenset({USER_ROLE})
    roles = _words(value, _LONGEST_ROLE)
    if roles is None:
        raise refused("roles", "invalid_roles", "Roles are a list of names.")
    check_role_count(roles)
    return roles


def _scopes(value: object) -> frozenset[str]:
    scopes = _words(value, _LONGEST_SCOPE)
    if scopes is None or len(scopes) > MAX_SCOPES:
        raise _no_key()
    return scopes


def _words(value: object, longest: int) -> frozenset[str] | None:
    """None for anything but a list of words."""
    if not isinstance(value, list):
        return None
    words = [each for each in value if isinstance(each, str) and 1 <= len(each) <= longest]
    if len(words) != len(value) or not all(map(is_plain_text, words)):
        return None
    return frozenset(words)


def _matching(pattern: re.Pattern[str], value: object) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _no_key()
    return value


def _limit(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_RATE_LIMIT:
        raise _no_key()
    return value


def _instant(value: object, field: str) -> datetime | None:
    """ISO 8601 as databases and languages write it; without a zone it is UTC."""
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value if isinstance(value, str) else "")
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _no_time(field) from None
