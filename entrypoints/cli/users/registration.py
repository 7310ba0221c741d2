"""`doorward users create`."""

from typing import Annotated

import typer

from application.users.registration import RegisterUserCommand
from domain.access import Actor
from entrypoints.cli.installation import installation
from entrypoints.cli.output import AsJson, print_record
from entrypoints.cli.prompts import read_new_password
from entrypoints.cli.users.rendering import user_fields
from entrypoints.cli.users.role_names import role_names


def create(
    email: Annotated[str, typer.Argument(metavar="EMAIL", show_default=False)],
    name: Annotated[str, typer.Option(help="What the person is called.", show_default=False)],
    role: Annotated[
        list[str] | None,
        typer.Option(help="A role on top of `user`; may be given again.", show_default=False),
    ] = None,
    email_verified: Annotated[
        bool, typer.Option("--email-verified", help="Vouch for the address.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Create an account. The password comes from the terminal, or one line of standard input."""
    with installation() as found:
        command = RegisterUserCommand(
            actor=Actor.operator(),
            email=email,
            name=name,
            password=read_new_password(email),
            roles=role_names(role),
            email_verified=email_verified,
        )
        user = found.run(found.container.register_user().execute(command))
    # Only strangers get no account to see.
    if user is not None:
        print_record(user_fields(user), as_json=json)
