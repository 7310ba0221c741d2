"""The subcommands of `doorward`, as Typer reads their arguments."""

from typing import Annotated

import typer

from entrypoints.cli import serve as serving
from entrypoints.cli.api_keys import api_keys
from entrypoints.cli.check import check
from entrypoints.cli.endings import WrongUsage
from entrypoints.cli.events import events
from entrypoints.cli.migrate import migrate
from entrypoints.cli.openapi import openapi
from entrypoints.cli.outbox import outbox
from entrypoints.cli.permissions import permissions
from entrypoints.cli.roles import roles
from entrypoints.cli.sessions import sessions
from entrypoints.cli.signing_keys import signing_keys
from entrypoints.cli.tokens import tokens
from entrypoints.cli.users import users
from entrypoints.cli.worker import worker
from entrypoints.version import VERSION

app = typer.Typer(
    name="doorward",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on.", show_default=False)
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", show_default=False)] = None,
    workers: Annotated[
        int | None, typer.Option(help="How many processes serve.", show_default=False)
    ] = None,
) -> None:
    """Set up what is missing, then run the HTTP service."""
    serving.serve(host=host, port=port, workers=workers)


app.command()(worker)
app.command()(migrate)
app.command()(check)
app.command()(openapi)
app.add_typer(users, name="users")
app.add_typer(sessions, name="sessions")
app.add_typer(api_keys, name="api-keys")
app.add_typer(roles, name="roles")
app.add_typer(permissions, name="permissions")
app.add_typer(tokens, name="tokens")
app.add_typer(signing_keys, name="signing-keys")
app.add_typer(events, name="events")
app.add_typer(outbox, name="outbox")


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"doorward {VERSION}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the release."),
    ] = False,
) -> None:
    """Accounts and access: users, sign-in, tokens."""


def invoke(arguments: list[str]) -> object:
    """Runs one of them. Raises WrongUsage, and whatever the command does."""
    try:
        return app(arguments, prog_name="doorward", standalone_mode=False)
    except typer.TyperException as error:
        raise WrongUsage(_explained(error), error.exit_code) from None


def _explained(error: typer.TyperException) -> str:
    """Empty where the help text has been printed instead."""
    message = " ".join(error.format_message().split()).removesuffix(".")
    command = getattr(getattr(error, "ctx", None), "command_path", None)
    hint = f" Try '{command} --help'." if command else ""
    return f"{message}.{hint}" if message else ""
