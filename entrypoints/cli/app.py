"""The `doorward` command: its subcommands, and what its exit codes mean."""

import sys

import click
import typer

from config.settings import ConfigurationError
from domain.errors import DomainError
from entrypoints.cli.openapi import openapi
from entrypoints.cli.outbox import outbox
from entrypoints.cli.serve import serve
from entrypoints.cli.worker import worker

app = typer.Typer(
    name="doorward",
    help="Accounts and access: users, sign-in, tokens.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(serve)
app.command()(worker)
app.command()(openapi)
app.add_typer(outbox, name="outbox")


@app.callback()
def _root() -> None:
    """Accounts and access: users, sign-in, tokens."""


def run() -> None:
    """Exit codes: 0 done, 1 refused or failed (one line each), 2 wrong usage, 130 interrupted."""
    try:
        sys.exit(app(standalone_mode=False))
    except ConfigurationError as error:
        _fail(*error.faults)
    except DomainError as error:
        _fail(error.message)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)


def _fail(*lines: str) -> None:
    for line in lines:
        print(line, file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    run()
