"""Every command there is, with arguments it can run with."""

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from entrypoints.cli.commands import app

COMMANDS: dict[str, tuple[str, ...]] = {
    "serve": (),
    "migrate": (),
    "check": (),
    "openapi": (),
    "users create": ("ada@example.com", "--name", "Ada"),
    "users list": (),
    "users show": ("ada@example.com",),
    "users update": ("ada@example.com", "--name", "Ada"),
    "users disable": ("ada@example.com",),
    "users enable": ("ada@example.com",),
    "users delete": ("ada@example.com", "--yes"),
    "users set-roles": ("ada@example.com", "--role", "user"),
    "users set-password": ("ada@example.com",),
    "users export": (),
    "users import": ("accounts.ndjson",),
    "sessions list": ("ada@example.com",),
    "sessions revoke": ("--user", "ada@example.com"),
    "api-keys create": ("ada@example.com", "--name", "Report", "--scope", "items:read"),
    "api-keys list": ("ada@example.com",),
    "api-keys revoke": ("01a1fe3a-08d4-7692-9e76-50a24350b4b5",),
    "roles list": (),
    "roles create": ("cashier", "--permission", "items:read"),
    "roles update": ("cashier", "--none"),
    "roles delete": ("cashier",),
    "permissions list": (),
    "permissions create": ("orders:refund", "--description", "Give money back."),
    "permissions delete": ("orders:refund",),
    "tokens inspect": (),
    "signing-keys list": (),
    "events list": (),
    "outbox list": (),
    "outbox retry": (),
    "worker": (),
    "signing-keys rotate": (),
    "signing-keys retire": ("a-kid",),
    "signing-keys revoke": ("a-kid", "--yes"),
}

NEED_DATA = sorted(COMMANDS.keys() - {"serve", "migrate", "openapi"})
"""What refuses to run where nothing has been set up."""


def words(command: str) -> tuple[str, ...]:
    """The command line of one of them, without `doorward`."""
    return (*command.split(), *COMMANDS[command])


def registered_commands() -> set[str]:
    """The names of all commands that the program has."""
    return set(_names(get_command(app), ()))


def _names(command: Any, path: tuple[str, ...]) -> Iterator[str]:
    children = getattr(command, "commands", None)
    if children is None:
        yield " ".join(path)
        return
    for name, child in children.items():
        yield from _names(child, (*path, name))
