"""`doorward sessions`: where accounts are signed in."""

from typing import Annotated, Any
from uuid import UUID

import typer

from application.sessions.ending import EndSessionCommand, EndUserSessionsCommand
from application.sessions.listing import ListSessionsQuery
from domain.access import Actor
from domain.instants import write_instant
from domain.pages import MAX_LIMIT
from domain.sessions import Session
from entrypoints.cli.endings import WrongUsage
from entrypoints.cli.installation import installation
from entrypoints.cli.output import AsJson, print_json, print_table
from entrypoints.cli.users.finding import Account, find_account

sessions = typer.Typer(help="Signed-in devices.", no_args_is_help=True)

_COLUMNS = ("id", "ip", "user_agent", "created_at", "last_used_at", "expires_at")


@sessions.command("list")
def list_sessions(account: Account, json: AsJson = False) -> None:
    """List the live sessions of an account, the newest first."""
    with installation() as found:
        query = ListSessionsQuery(
            actor=Actor.operator(),
            user_id=find_account(found, account).id,
            limit=MAX_LIMIT,
        )
        page = found.run(found.container.list_sessions().execute(query))
    items = [_fields(session) for session in page.items]
    if json:
        print_json({"items": items, "next_cursor": page.next_cursor})
    else:
        print_table(_COLUMNS, [[item[column] for column in _COLUMNS] for item in items])


@sessions.command()
def revoke(
    session_id: Annotated[
        UUID | None, typer.Argument(metavar="[SESSION-ID]", show_default=False)
    ] = None,
    user: Annotated[
        str | None,
        typer.Option(
            metavar="ID-or-EMAIL", help="All sessions of this account.", show_default=False
        ),
    ] = None,
) -> None:
    """End a session, or all sessions of an account."""
    if (session_id is None) == (user is None):
        raise WrongUsage("give either a session's id or --user")
    actor = Actor.operator()
    with installation() as found:
        container = found.container
        if session_id is not None:
            end_one = EndSessionCommand(actor=actor, session_id=session_id)
            found.run(container.end_session().execute(end_one))
        elif user is not None:
            end_all = EndUserSessionsCommand(actor=actor, user_id=find_account(found, user).id)
            found.run(container.end_user_sessions().execute(end_all))


def _fields(session: Session) -> dict[str, Any]:
    return {
        "id": str(session.id),
        "client_id": session.client_id,
        "ip": session.ip,
        "user_agent": session.user_agent,
        "auth_time": write_instant(session.auth_time),
        "created_at": write_instant(session.created_at),
        "last_used_at": write_instant(session.last_used_at),
        "expires_at": write_instant(session.expires_at),
    }
