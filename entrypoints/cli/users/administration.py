"""`doorward users update`, `disable`, `enable`, `delete`, `set-roles` and `set-password`."""

from typing import Annotated

import typer

from application.users.administration import (
    DeleteUserCommand,
    SetPasswordCommand,
    SetUserRolesCommand,
    UpdateUserCommand,
)
from domain.access import Actor
from domain.users import UserStatus
from entrypoints.cli.endings import WrongUsage
from entrypoints.cli.installation import installation
from entrypoints.cli.options import Yes
from entrypoints.cli.output import AsJson, print_outcome, print_record
from entrypoints.cli.prompts import confirm_or_refuse, read_new_password
from entrypoints.cli.users.finding import Account, find_account
from entrypoints.cli.users.rendering import user_fields
from entrypoints.cli.users.role_names import role_names


def update(
    account: Account,
    name: Annotated[str, typer.Option(help="What the person is called.", show_default=False)],
    json: AsJson = False,
) -> None:
    """Change an account's name."""
    _change(account, name=name, as_json=json)


def disable(account: Account, json: AsJson = False) -> None:
    """Keep an account from signing in, and end its sessions."""
    _change(account, status=UserStatus.DISABLED, as_json=json)


def enable(account: Account, json: AsJson = False) -> None:
    """Let a disabled account sign in again."""
    _change(account, status=UserStatus.ACTIVE, as_json=json)


def _change(
    account: str, *, as_json: bool, name: str | None = None, status: UserStatus | None = None
) -> None:
    with installation() as found:
        command = UpdateUserCommand(
            actor=Actor.operator(),
            user_id=find_account(found, account).id,
            name=name,
            status=status,
        )
        user = found.run(found.container.update_user().execute(command))
    print_record(user_fields(user), as_json=as_json)


def delete(
    account: Account,
    yes: Yes = False,
    json: AsJson = False,
) -> None:
    """Delete an account and all that belongs to it; the audit log keeps its id."""
    with installation() as found:
        user = find_account(found, account)
        confirm_or_refuse(f"Delete {user.email.address} for good?", yes=yes)
        command = DeleteUserCommand(actor=Actor.operator(), user_id=user.id)
        found.run(found.container.delete_user().execute(command))
    outcome = {"id": str(user.id), "deleted": True}
    print_outcome(f"Deleted {user.email.address}.", outcome, as_json=json)


def set_roles(
    account: Account,
    role: Annotated[
        list[str] | None,
        typer.Option(help="A role it is to have; may be given again.", show_default=False),
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="Take every role away.")] = False,
    json: AsJson = False,
) -> None:
    """Give an account exactly these roles."""
    if bool(role) is none:
        raise WrongUsage("name every role with --role, or take them all away with --none")
    with installation() as found:
        command = SetUserRolesCommand(
            actor=Actor.operator(),
            user_id=find_account(found, account).id,
            roles=role_names(role),
        )
        user = found.run(found.container.set_user_roles().execute(command))
    print_record(user_fields(user), as_json=json)


def set_password(account: Account, json: AsJson = False) -> None:
    """Set a new password and end all sessions of the account."""
    with installation() as found:
        user = find_account(found, account)
        command = SetPasswordCommand(
            actor=Actor.operator(),
            user_id=user.id,
            password=read_new_password(user.email.address),
        )
        found.run(found.container.set_password().execute(command))
    said = f"Set the password of {user.email.address}; its sessions have ended."
    print_outcome(said, user_fields(user), as_json=json)
