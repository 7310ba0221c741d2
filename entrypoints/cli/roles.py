"""`doorward roles`: named sets of permissions."""

from typing import Annotated, Any

import typer

from application.roles.administration import (
    CreateRoleCommand,
    DeleteRoleCommand,
    UpdateRoleCommand,
)
from application.roles.queries import GetRoleQuery, ListRolesQuery
from domain.access import Actor
from domain.instants import write_instant
from domain.pages import DEFAULT_LIMIT
from domain.roles import Role
from entrypoints.cli.endings import WrongUsage
from entrypoints.cli.installation import installation
from entrypoints.cli.options import Cursor, Limit, Yes
from entrypoints.cli.output import AsJson, print_outcome, print_page, print_record
from entrypoints.cli.prompts import confirm_or_refuse, on_terminal

roles = typer.Typer(help="Roles.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", show_default=False)]
Permissions = Annotated[
    list[str] | None,
    typer.Option(
        "--permission", help="A permission it is to hold; may be given again.", show_default=False
    ),
]

_COLUMNS = ("name", "description", "permissions", "built_in")


@roles.command("list")
def list_roles(
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    json: AsJson = False,
) -> None:
    """List roles, the newest first."""
    with installation() as found:
        query = ListRolesQuery(actor=Actor.operator(), limit=limit, cursor=cursor)
        page = found.run(found.container.list_roles().execute(query))
    print_page(page, _COLUMNS, _fields, as_json=json)


@roles.command()
def create(
    name: Name,
    permission: Permissions = None,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    json: AsJson = False,
) -> None:
    """Create a role."""
    with installation() as found:
        command = CreateRoleCommand(
            actor=Actor.operator(),
            name=name,
            description=description,
            permissions=frozenset(permission or ()),
        )
        role = found.run(found.container.create_role().execute(command))
    print_record(_fields(role), as_json=json)


@roles.command()
def update(
    name: Name,
    permission: Permissions = None,
    none: Annotated[bool, typer.Option("--none", help="Take every permission out.")] = False,
    description: Annotated[
        str | None, typer.Option(help="What it is for.", show_default=False)
    ] = None,
    json: AsJson = False,
) -> None:
    """Give a role exactly these permissions, or another description; the rest stays."""
    if permission and none:
        raise WrongUsage(
            "name every permission with --permission, or take them all out with --none"
        )
    if not permission and not none and description is None:
        raise WrongUsage("say what is to change: --permission, --none or --description")
    actor = Actor.operator()
    with installation() as found:
        query = GetRoleQuery(actor=actor, name=name)
        before = found.run(found.container.get_role().execute(query))
        command = UpdateRoleCommand(
            actor=actor,
            name=name,
            description=before.description if description is None else description,
            permissions=frozenset(permission or ()) if permission or none else before.permissions,
            if_version=before.version,
        )
        role = found.run(found.container.update_role().execute(command))
    print_record(_fields(role), as_json=json)


@roles.command()
def delete(
    name: Name,
    yes: Yes = False,
    json: AsJson = False,
) -> None:
    """Delete a role that nobody has. On a terminal it asks first."""
    with installation() as found:
        if on_terminal():
            confirm_or_refuse(f"Delete the role {name}?", yes=yes)
        command = DeleteRoleCommand(actor=Actor.operator(), name=name)
        found.run(found.container.delete_role().execute(command))
    print_outcome(f"Deleted {name}.", {"name": name, "deleted": True}, as_json=json)


def _fields(role: Role) -> dict[str, Any]:
    return {
        "name": role.name,
        "description": role.description,
        "permissions": sorted(role.permissions),
        "built_in": role.built_in,
        "created_at": write_instant(role.created_at),
        "updated_at": write_instant(role.updated_at),
    }
