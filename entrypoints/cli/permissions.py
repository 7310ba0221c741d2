"""`doorward permissions`: the words that roles and API keys are made of."""

from typing import Annotated, Any

import typer

from application.roles.permissions import CreatePermissionCommand, DeletePermissionCommand
from application.roles.queries import ListPermissionsQuery
from domain.access import Actor
from domain.pages import DEFAULT_LIMIT, MAX_LIMIT
from domain.roles import Permission
from entrypoints.cli.installation import installation
from entrypoints.cli.output import AsJson, print_json, print_record, print_table
from entrypoints.cli.prompts import confirm_or_refuse, on_terminal

permissions = typer.Typer(
    help="Permissions.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)

Name = Annotated[str, typer.Argument(metavar="NAME", show_default=False)]

_COLUMNS = ("name", "description", "built_in")


@permissions.command("list")
def list_permissions(
    limit: Annotated[
        int, typer.Option(min=1, max=MAX_LIMIT, help="How many at most.")
    ] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | None, typer.Option(help="Go on where an earlier list ended.", show_default=False)
    ] = None,
    json: AsJson = False,
) -> None:
    """List permissions, the newest first."""
    with installation() as found:
        query = ListPermissionsQuery(actor=Actor.operator(), limit=limit, cursor=cursor)
        page = found.run(found.container.list_permissions().execute(query))
    items = [_fields(permission) for permission in page.items]
    if json:
        print_json({"items": items, "next_cursor": page.next_cursor})
        return
    print_table(_COLUMNS, [[item[column] for column in _COLUMNS] for item in items])
    if page.next_cursor is not None:
        print(f"More: --cursor {page.next_cursor}")


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
    if json:
        print_json(_fields(permission))
    else:
        print_record(_fields(permission))


@permissions.command()
def delete(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: AsJson = False,
) -> None:
    """Delete a permission that no other role and no API key holds. On a terminal it asks first."""
    with installation() as found:
        if on_terminal():
            confirm_or_refuse(f"Delete the permission {name}?", yes=yes)
        command = DeletePermissionCommand(actor=Actor.operator(), name=name)
        found.run(found.container.delete_permission().execute(command))
    if json:
        print_json({"name": name, "deleted": True})
    else:
        print(f"Deleted {name}.")


def _fields(permission: Permission) -> dict[str, Any]:
    return {
        "name": permission.name,
        "description": permission.description,
        "built_in": permission.built_in,
    }
