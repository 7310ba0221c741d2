"""`doorward users list` and `show`."""

import sys
from dataclasses import replace
from typing import Annotated

import typer

from application.users.queries import ListUsersQuery
from domain.access import Actor
from domain.pages import DEFAULT_LIMIT, MAX_LIMIT, Page
from domain.users import User, UserStatus
from entrypoints.cli.installation import Installation, installation
from entrypoints.cli.options import Cursor, Limit
from entrypoints.cli.output import AsJson, print_page, print_record
from entrypoints.cli.users.finding import Account, find_account
from entrypoints.cli.users.rendering import user_fields

_COLUMNS = ("id", "email", "name", "status", "roles", "created_at")


def show(account: Account, json: AsJson = False) -> None:
    """Show one account."""
    with installation() as found:
        user = find_account(found, account)
    print_record(user_fields(user), as_json=json)


def list_users(
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
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
            page = _all(found, replace(query, limit=MAX_LIMIT))
        else:
            page = found.run(found.container.list_users().execute(query))
    print_page(page, _COLUMNS, user_fields, as_json=json)


def _all(found: Installation, query: ListUsersQuery) -> Page[User]:
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
                return Page(items=tuple(users), next_cursor=None)
            query = replace(query, cursor=page.next_cursor)
