"""`doorward roles` and `doorward permissions`: the same rules and records as over REST."""

import pytest

from domain.roles import BUILT_IN_PERMISSIONS
from tests.entrypoints.cli.console import Console
from tests.entrypoints.cli.test_users import log_of_operators

pytestmark = pytest.mark.usefixtures("anywhere")
NOT_FOUND = "not_found: There is no such record."
ROLE_MEMBERS = ["name", "description", "permissions", "built_in", "created_at", "updated_at"]


def test_a_role_is_written_and_goes_again(console: Console, anywhere: str) -> None:
    created = console(
        *("roles", "create", "cashier", "--description", "At the till."),
        *("--permission", "items:write", "--permission", "items:read", "--json"),
    ).json
    assert list(created) == ROLE_MEMBERS
    assert created["permissions"] == ["items:read", "items:write"]
    assert (created["description"], created["built_in"]) == ("At the till.", False)

    renamed = console("roles", "update", "cashier", "--description", "New", "--json").json
    assert (renamed["description"], renamed["permissions"]) == ("New", created["permissions"])
    fewer = console("roles", "update", "cashier", "--permission", "items:read", "--json").json
    assert (fewer["description"], fewer["permissions"]) == ("New", ["items:read"])
    assert console("roles", "update", "cashier", "--none", "--json").json["permissions"] == []

    items = console("roles", "list", "--json").json["items"]
    assert [item["name"] for item in items] == ["cashier", "user", "admin"]
    table = console("roles", "list", "--limit", "1").out
    assert "cashier" in table
    assert "More: --cursor" in table

    assert console("roles", "delete", "cashier", "--json").json == {
        "name": "cashier",
        "deleted": True,
    }
    assert console("roles", "delete", "cashier").refusal() == NOT_FOUND
    assert console("roles", "update", "cashier", "--none").refusal() == NOT_FOUND
    assert log_of_operators(anywhere) == [
        "role.created",
        *["role.updated"] * 3,
        "role.deleted",
    ]


def test_a_permission_is_registered_and_goes_again(console: Console) -> None:
    created = console(
        "permissions", "create", "orders:refund", "--description", "Give money back.", "--json"
    ).json
    assert created == {
        "name": "orders:refund",
        "description": "Give money back.",
        "built_in": False,
    }
    listed = console("permissions", "list", "--limit", "100", "--json").json["items"]
    assert [item["name"] for item in listed] == [
        "orders:refund",
        *sorted(BUILT_IN_PERMISSIONS, reverse=True),
    ]
    admin = next(
        role for role in console("roles", "list", "--json").json["items"] if role["name"] == "admin"
    )
    assert admin["permissions"] == sorted({*BUILT_IN_PERMISSIONS, "orders:refund"})
    assert "orders:refund" in console("permissions", "list").out
    assert "orders:refund" in console("permissions", "delete", "orders:refund").out
    assert console("permissions", "delete", "orders:refund").refusal() == NOT_FOUND


def test_what_is_refused_is_said_in_one_line(console: Console) -> None:
    console.create("ada@example.com", "--role", "admin")
    console("permissions", "create", "orders:refund")
    console("roles", "create", "cashier", "--permission", "orders:refund")
    console("users", "set-roles", "ada@example.com", "--role", "admin", "--role", "cashier")
    for command, said in (
        (("roles", "create", "cashier"), "already_exists: "),
        (("roles", "create", "Cashier"), "validation_error: A role's name"),
        (("roles", "create", "x" * 100_000), "validation_error: A role's name"),
        (("roles", "create", "clerk", "--permission", "a:b"), "unknown_permission: "),
        (("roles", "create", "clerk", "--description", "a\nb"), "validation_error: A description"),
        (("roles", "delete", "cashier"), "role_in_use: "),
        (("roles", "delete", "user"), "role_in_use: "),
        (("roles", "update", "admin", "--none"), "conflict: The role admin"),
        (("permissions", "create", "orders:refund"), "already_exists: "),
        (("permissions", "create", "users:own"), "validation_error: Permissions with this"),
        (("permissions", "create", "orders"), "validation_error: A permission is named"),
        (("permissions", "delete", "orders:refund"), "permission_in_use: "),
        (("permissions", "delete", "users:read"), "permission_in_use: "),
    ):
        assert console(*command).refusal().startswith(said), command


def test_an_update_says_what_is_to_change(console: Console) -> None:
    assert "--none" in console("roles", "update", "user").refusal(2)
    both = ("roles", "update", "user", "--none", "--permission", "items:read")
    assert "--none" in console(*both).refusal(2)


@pytest.mark.parametrize("noun", ["roles", "permissions"])
def test_on_a_terminal_a_deletion_asks_first(console: Console, noun: str) -> None:
    name = {"roles": "cashier", "permissions": "orders:refund"}[noun]
    console(noun, "create", name)
    kept = console(noun, "delete", name, typed="n\n", on_terminal=True)
    assert kept.code == 1
    assert console(noun, "delete", name, typed="y\n", on_terminal=True).code == 0
    console(noun, "create", name)
    assert console(noun, "delete", name, "--yes", on_terminal=True).code == 0
