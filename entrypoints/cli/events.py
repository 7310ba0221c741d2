"""`doorward events`: the audit log, as it is and as it grows."""

import time
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer

from application.events.following import EventTail
from application.events.listing import ListEventsQuery
from domain.access import Actor
from domain.events import Event, EventFilter, EventKind, Party
from domain.instants import parse_instant
from domain.pages import DEFAULT_LIMIT, MAX_LIMIT
from entrypoints.cli.endings import WrongUsage, on_one_line
from entrypoints.cli.installation import Installation, installation
from entrypoints.cli.output import AsJson, instant, print_json, print_json_line, print_table

events = typer.Typer(
    help="The audit log.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_COLUMNS = ("at", "kind", "outcome", "actor", "subject", "ip")
_POLL_SECONDS = 1.0


def _instant(text: str) -> datetime:
    try:
        return parse_instant(text)
    except ValueError:
        raise typer.BadParameter("write it like 2030-01-01T12:00:00Z") from None


@events.command("list")
def list_events(
    limit: Annotated[
        int, typer.Option(min=1, max=MAX_LIMIT, help="How many at most.")
    ] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | None, typer.Option(help="Go on where an earlier list ended.", show_default=False)
    ] = None,
    kind: Annotated[EventKind | None, typer.Option(help="Only events of this kind.")] = None,
    actor: Annotated[
        UUID | None, typer.Option(help="Only acts of this account or key.", show_default=False)
    ] = None,
    subject: Annotated[
        str | None, typer.Option(metavar="ID", help="Only acts on this record.", show_default=False)
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(parser=_instant, metavar="TIME", help="Then or later.", show_default=False),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(parser=_instant, metavar="TIME", help="Before then.", show_default=False),
    ] = None,
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
    if as_json:
        items = [_fields(event) for event in page.items]
        print_json({"items": items, "next_cursor": page.next_cursor})
        return
    print_table(_COLUMNS, [_cells(event) for event in page.items])
    if page.next_cursor is not None:
        print(f"More: --cursor {page.next_cursor}")


def _follow(found: Installation, where: EventFilter, limit: int, *, as_json: bool) -> None:
    tail = EventTail(events=found.container.list_events(), actor=Actor.operator(), where=where)
    batch = found.run(tail.begin(limit))
    while True:
        for event in batch:
            if as_json:
                print_json_line(_fields(event))
            else:
                print(on_one_line("  ".join(_cells(event))), flush=True)
        time.sleep(_POLL_SECONDS)
        batch = found.run(tail.more())


def _cells(event: Event) -> tuple[str, ...]:
    return (
        instant(event.at),
        event.kind.value,
        event.outcome.value,
        _name(event.actor),
        _name(event.subject) if event.subject else "-",
        event.ip or "-",
    )


def _name(party: Party) -> str:
    return f"{party.type} {party.id}" if party.id else party.type


def _fields(event: Event) -> dict[str, Any]:
    return {
        "id": str(event.id),
        "at": instant(event.at),
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
