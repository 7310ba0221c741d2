"""`doorward events`: the audit log, as it is and as it grows."""

import time
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer

from application.events.following import EventTail
from application.events.listing import ListEventsQuery
from domain.access import Actor
from domain.events import Event, EventFilter, EventKind
from domain.instants import write_instant
from domain.pages import DEFAULT_LIMIT
from entrypoints.cli.endings import WrongUsage, on_one_line
from entrypoints.cli.installation import Installation, installation
from entrypoints.cli.options import Cursor, Limit, time_option
from entrypoints.cli.output import AsJson, print_json_line, print_page, readable

events = typer.Typer(help="The audit log.", no_args_is_help=True)

_COLUMNS = ("at", "kind", "outcome", "actor", "subject", "ip")
_POLL_SECONDS = 1.0


@events.command("list")
def list_events(
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    kind: Annotated[EventKind | None, typer.Option(help="Only events of this kind.")] = None,
    actor: Annotated[
        UUID | None, typer.Option(help="Only acts of this account or key.", show_default=False)
    ] = None,
    subject: Annotated[
        str | None, typer.Option(metavar="ID", help="Only acts on this record.", show_default=False)
    ] = None,
    since: Annotated[datetime | None, time_option("Then or later.")] = None,
    until: Annotated[datetime | None, time_option("Before then.")] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what happens, until Ctrl-C.")
    ] = False,
    json: AsJson = False,
) -> None:
    """List the audit log, the newest first; with --follow the newest last, and on."""
    where = EventFilter(
        kind=kind,
        actor_id=str(actor) if actor else None,
        subject_id=subject,
        since=since,
        until=until,
    )
    if follow and (cursor is not None or until is not None):
        raise WrongUsage("--follow has no end: leave out --cursor and --until")
    with installation() as found:
        if follow:
            _follow(found, where, limit, as_json=json)
        else:
            _list(found, where, limit, cursor, as_json=json)


def _list(
    found: Installation, where: EventFilter, limit: int, cursor: str | None, *, as_json: bool
) -> None:
    query = ListEventsQuery(actor=Actor.operator(), where=where, limit=limit, cursor=cursor)
    page = found.run(found.container.list_events().execute(query))
    print_page(page, _COLUMNS, _fields, as_json=as_json)


def _follow(found: Installation, where: EventFilter, limit: int, *, as_json: bool) -> None:
    tail = EventTail(events=found.container.list_events(), actor=Actor.operator(), where=where)
    batch = found.run(tail.begin(limit))
    while True:
        for fields in map(_fields, batch):
            if as_json:
                print_json_line(fields)
            else:
                line = "  ".join(readable(fields[column]) for column in _COLUMNS)
                print(on_one_line(line), flush=True)
        time.sleep(_POLL_SECONDS)
        batch = found.run(tail.more())


def _fields(event: Event) -> dict[str, Any]:
    return {
        "id": str(event.id),
        "at": write_instant(event.at),
        "kind": event.kind.value,
        "outcome": event.outcome.value,
        "actor": {"type": event.actor.type, "id": event.actor.id},
        "subject": (
            {"type": event.subject.type, "id": event.subject.id} if event.subject else None
        ),
        "request_id": event.request_id,
        "ip": event.ip,
        "user_agent": event.user_agent,
        "data": dict(event.data),
    }
