"""Accounts on the command line: the fields that REST answers with, as JSON or as a table."""

from collections.abc import Sequence
from typing import Any

from domain.users import User
from entrypoints.cli.output import instant, print_json, print_record, print_table

_COLUMNS = ("id", "email", "name", "status", "roles", "created_at")


def user_fields(user: User) -> dict[str, Any]:
    """An account. Never a password, never a hash."""
    return {
        "id": str(user.id),
        "email": user.email.address,
        "email_verified": user.email_verified,
        "name": user.name,
        "kind": user.kind.value,
        "status": user.status.value,
        "roles": sorted(user.roles),
        "created_at": instant(user.created_at),
        "updated_at": instant(user.updated_at),
    }


def print_user(user: User, *, as_json: bool) -> None:
    fields = user_fields(user)
    if as_json:
        print_json(fields)
    else:
        print_record(fields)


def print_users(users: Sequence[User], next_cursor: str | None, *, as_json: bool) -> None:
    items = [user_fields(user) for user in users]
    if as_json:
        print_json({"items": items, "next_cursor": next_cursor})
        return
    print_table(_COLUMNS, [[item[column] for column in _COLUMNS] for item in items])
    if next_cursor is not None:
        print(f"More: --cursor {next_cursor}")
