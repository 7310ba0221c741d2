"""`doorward permissions`: the words that roles and API keys are made of."""

from typing import Annotated, Any

import typer

from application.roles.permissions import CreatePermissionCommand, DeletePermissionCommand
from application.roles.queries import ListPermissionsQuery
from domain.access import Actor
from domain.pages import DEFAULT_LIMIT
from domain.roles import Permission
from entrypoints.cli.installation import installation
from entrypoints.cli.options import Cursor, Limit, Yes
from entrypoints.cli.output import AsJson, print_outcome, print_page, print_record
from entrypoints.cli.prompts import confirm_or_refuse, on_terminal

permissions = typer.Typer(help="Permissions.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", show_default=False)]

_COLUMNS = ("name", "description", "built_in")


@permissions.command("list")
def list_permissions(
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    json: AsJson = False,
) -> None:
    """List permissions, the newest first."""
    with installation() as found:
        query = ListPermissionsQuery(actor=Actor.operator(), limit=limit, cursor=cursor)
        page = found.run(found.container.list_permissions().execute(query))
    print_page(page, _COLUMNS, _fields, as_json=json)


@permissions.command()
def create(
    name: Name,
    description: Annotated[str, typer.Option(help="What whoever holds it may do.")] = "",
    json: AsJson = False,
) -> None:
    """Register a permission; `admin` holds it at once."""
    with installation() as found:
        command = CreatePermissionCommand(
            actor=Actor.operator(), name=name, description=description
        )
        permission = found.run(found.container.create_permission().execute(command))
    print_record(_fields(permission), as_json=json)


@permissions.command()
def delete(
    name: Name,
    yes: Yes = False,
    json: AsJson = False,
) -> None:
    """Delete a permission that no other role and no API key holds. On a terminal it asks first."""
    with installation() as found:
        if on_terminal():
            confirm_or_refuse(f"Delete the permission {name}?", yes=yes)
        command = DeletePermissionCommand(actor=Actor.operator(), name=name)
        found.run(found.container.delete_permission().execute(command))
    print_outcome(f"Deleted {name}.", {"name": name, "deleted": True}, as_json=json)


def _fields(permission: Permission) -> dict[str, Any]:
    return {
        "name": permission.name,
        "description": permission.description,
        "built_in": permission.built_in,
    }
