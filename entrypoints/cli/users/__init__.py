"""`doorward users`: the accounts."""

import typer

from entrypoints.cli.users.administration import (
    delete,
    disable,
    enable,
    set_password,
    set_roles,
    update,
)
from entrypoints.cli.users.exporting import export
from entrypoints.cli.users.importing import import_users
from entrypoints.cli.users.queries import list_users, show
from entrypoints.cli.users.registration import create

users = typer.Typer(help="Accounts.", no_args_is_help=True)
users.command()(create)
users.command("list")(list_users)
users.command()(show)
users.command()(update)
users.command()(disable)
users.command()(enable)
users.command()(delete)
users.command("set-roles")(set_roles)
users.command("set-password")(set_password)
users.command()(export)
users.command("import")(import_users)
