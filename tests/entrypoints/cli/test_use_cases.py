"""The world of operators is closed: what they need is a command, and every command is known."""

from pathlib import Path
from typing import Any

from dependency_injector import providers

from config.container import Container
from tests.entrypoints.cli.commands import COMMANDS, registered_commands

FOR_OPERATORS = {
    "ensure_signing_keys": ("serve",),
    "rotate_signing_keys_if_due": ("serve",),
    "list_messages": ("outbox list",),
    "retry_messages": ("outbox retry",),
    "deliver_messages": ("worker",),
    "purge_expired": ("worker",),
    "list_signing_keys": ("signing-keys list",),
    "rotate_signing_keys": ("signing-keys rotate",),
    "retire_signing_key": ("signing-keys retire",),
    "revoke_signing_key": ("signing-keys revoke",),
    "ensure_administrator": ("serve",),
    "register_user": ("users create",),
    "get_user": ("users show",),
    "find_user": ("users show",),
    "list_users": ("users list",),
    "export_users": ("users export",),
    "import_users": ("users import",),
    "update_user": ("users update", "users disable", "users enable"),
    "set_user_roles": ("users set-roles",),
    "delete_user": ("users delete",),
    "set_password": ("users set-password",),
    "list_events": ("events list",),
    "list_sessions": ("sessions list",),
    "end_session": ("sessions revoke",),
    "end_user_sessions": ("sessions revoke",),
    "create_api_key": ("api-keys create",),
    "list_api_keys": ("api-keys list",),
    "revoke_api_key": ("api-keys revoke",),
    "list_roles": ("roles list",),
    "get_role": ("roles update",),
    "create_role": ("roles create",),
    "update_role": ("roles update",),
    "delete_role": ("roles delete",),
    "list_permissions": ("permissions list",),
    "create_permission": ("permissions create",),
    "delete_permission": ("permissions delete",),
    "introspect_token": ("tokens inspect",),
    "explain_token": ("tokens inspect",),
}
"""The container's name of a use case -> the commands that reach it."""

NOT_FOR_OPERATORS = {
    "check_health": "the server's own state; `check` looks at what a command can see",
    "measure_outbox": "a number of the metrics page; `outbox list` shows the messages themselves",
    "authenticate_token": "a caller's credential",
    "authenticate_api_key": "a caller's credential",
    "get_api_key": "the list shows the same",
    "rotate_api_key": "its owner's own act, who gets the new key",
    "record_denial": "of a caller over HTTP",
    "sign_in": "a person's own act",
    "sign_out": "a person's own act",
    "refresh_session": "a person's own act",
    "end_other_sessions": "a person's own act",
    "revoke_token": "its holder's own act",
    "forgot_password": "a person's own act",
    "reset_password": "a person's own act",
    "verify_email": "a person's own act",
    "resend_verification": "a person's own act",
    "change_email": "a person's own act",
    "reauthenticate": "a person's own act",
    "change_password": "a person's own act",
    "create_item": "applications' records, which no operator keeps",
    "get_item": "applications' records, which no operator keeps",
    "list_items": "applications' records, which no operator keeps",
    "update_item": "applications' records, which no operator keeps",
    "delete_item": "applications' records, which no operator keeps",
    "get_own_account": "a person's own act",
    "update_own_account": "a person's own act",
    "delete_own_account": "a person's own act",
}
"""The container's name of a use case -> why no command needs it."""


def _use_cases() -> set[str]:
    found: dict[str, Any] = {
        name: provider.provides
        for name, provider in Container.providers.items()
        if isinstance(provider, providers.Singleton)
    }
    return {
        name
        for name, made_by in found.items()
        if made_by.__module__.startswith("application.") and hasattr(made_by, "execute")
    }


def test_every_use_case_is_on_one_of_the_lists() -> None:
    listed = FOR_OPERATORS.keys() | NOT_FOR_OPERATORS.keys()

    assert sorted(_use_cases() - listed) == []


def test_the_lists_hold_no_use_case_that_is_gone() -> None:
    listed = FOR_OPERATORS.keys() | NOT_FOR_OPERATORS.keys()

    assert sorted(listed - _use_cases()) == []


def test_the_lists_do_not_overlap() -> None:
    lists = (FOR_OPERATORS, NOT_FOR_OPERATORS)
    assert len(set().union(*lists)) == sum(len(each) for each in lists)


def test_every_operator_use_case_has_its_commands() -> None:
    wanted = {command for commands in FOR_OPERATORS.values() for command in commands}

    assert wanted <= registered_commands()


def test_every_command_is_known_to_this_suite() -> None:
    assert registered_commands() == COMMANDS.keys()


def test_every_command_is_in_the_documents() -> None:
    text = (Path(__file__).parents[3] / "docs" / "cli.md").read_text()

    assert [name for name in sorted(COMMANDS) if f"`doorward {name}" not in text] == []
