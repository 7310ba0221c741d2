"""`doorward users list` and `show`."""

import sys
from dataclasses import replace
from typing import Annotated

import typer

from application.users.queries import ListUsersQuery
from domain.access import Actor
from domain.pages import DEFAULT_LIMIT, MAX_LIMIT
from domain.users import User, UserStatus
from entrypoints.cli.installation import Installation, installation
from entrypoints.cli.output import AsJson
from entrypoints.cli.users.finding import Account, find_account
from entrypoints.cli.users.rendering import print_user, print_users


def show(account: Account, json: AsJson = False) -> None:
    """Show one account."""
    with installation() as found:
        user = find_account(found, account)
    print_user(user, as_json=json)


def list_users(
    limit: Annotated[
        int, typer.Option(min=1, max=MAX_LIMIT, help="How many at most.")
    ] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | None, typer.Option(help="Go on where an earlier list ended.", show_default=False)
    ] = None,
    email: Annotated[str | None, typer.Option(help="Only this address.")] = None,
    status: Annotated[UserStatus | None, typer.Option(help="Only accounts in this status.")] = None,
    role: Annotated[str | None, typer.Option(help="Only accounts with this role.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="To the end of the list, whatever --limit says.")
    ] = False,
    json: AsJson = False,
) -> None:
    """List accounts, the newest first."""
    query = ListUsersQuery(
        actor=Actor.operator(), limit=limit, cursor=cursor, email=email, status=status, role=role
    )
    with installation() as found:
        if everything:
            users, next_cursor = _all(found, replace(query, limit=MAX_LIMIT)), None
        else:
            page = found.run(found.container.list_users().execute(query))
            users, next_cursor = list(page.items), page.next_cursor
    print_users(users, next_cursor, as_json=json)


def _all(found: Installation, query: ListUsersQuery) -> list[User]:
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    users: list[User] = []
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.completed} accounts"),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    ) as progress:
        task = progress.add_task("accounts", total=None)
        while True:
            page = found.run(found.container.list_users().execute(query))
            users += page.items
            progress.update(task, completed=len(users))
            if page.next_cursor is None:
                return users
            query = replace(query, cursor=page.next_cursor)
