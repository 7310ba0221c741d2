"""The `doorward` command: its subcommands, and the way in."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn, TextIO

import typer

from domain.text import is_storable
from entrypoints.cli.api_keys import api_keys
from entrypoints.cli.check import check
from entrypoints.cli.endings import Refused, run_to_end
from entrypoints.cli.events import events
from entrypoints.cli.migrate import migrate
from entrypoints.cli.openapi import openapi
from entrypoints.cli.outbox import outbox
from entrypoints.cli.permissions import permissions
from entrypoints.cli.roles import roles
from entrypoints.cli.serve import serve
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
app.command()(serve)
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


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command; None takes the process's own arguments. Always ends in SystemExit."""
    _prepare_streams()
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(run_to_end(lambda: _invoke(given)))


def _invoke(arguments: list[str]) -> object:
    # A byte that is not UTF-8 arrives as a lone surrogate, which no database takes.
    if not all(is_storable(argument) for argument in arguments):
        raise Refused("arguments must be UTF-8 text")
    return app(arguments, prog_name="doorward", standalone_mode=False)


def _prepare_streams() -> None:
    sys.stdout = _usable(sys.stdout)
    sys.stderr = _usable(sys.stderr)


def _usable(stream: TextIO | None) -> TextIO:
    """Takes every character, in a terminal of any encoding; a stream that was closed takes all."""
    if stream is None:
        return open(os.devnull, "w")  # noqa: PTH123 - for the rest of the process
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
    return stream


if __name__ == "__main__":
    run()
