"""`doorward outbox`: messages that could not be delivered, and another try for them."""

from typing import Annotated, Any
from uuid import UUID

import typer

from application.outbox import ListMessagesQuery, RetryMessagesCommand
from domain.access import Actor
from domain.instants import write_instant
from domain.outbox import OutboxMessage
from domain.pages import DEFAULT_LIMIT
from entrypoints.cli.installation import installation
from entrypoints.cli.options import Cursor, Limit
from entrypoints.cli.output import AsJson, print_outcome, print_page

outbox = typer.Typer(
    help="Messages that were set aside after their last try.", no_args_is_help=True
)

_COLUMNS = ("id", "template", "user_id", "attempts", "set_aside_at", "last_error")


@outbox.command("list")
def list_messages(
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    json: AsJson = False,
) -> None:
    """List messages that were set aside, the newest first."""
    query = ListMessagesQuery(actor=Actor.operator(), limit=limit, cursor=cursor)
    with installation() as found:
        page = found.run(found.container.list_messages().execute(query))
    print_page(page, _COLUMNS, _fields, as_json=json)


@outbox.command("retry")
def retry_messages(
    message_id: Annotated[
        UUID | None,
        typer.Argument(metavar="[ID]", help="One message; all if left out.", show_default=False),
    ] = None,
    json: AsJson = False,
) -> None:
    """Make messages that were set aside due again, with all their tries."""
    command = RetryMessagesCommand(actor=Actor.operator(), message_id=message_id)
    with installation() as found:
        count = found.run(found.container.retry_messages().execute(command))
    print_outcome(f"Due again: {count}", {"retried": count}, as_json=json)


def _fields(message: OutboxMessage) -> dict[str, Any]:
    return {
        "id": str(message.id),
        "template": message.template.value,
        "user_id": str(message.user_id),
        "attempts": message.attempts,
        "created_at": write_instant(message.created_at),
        "set_aside_at": write_instant(message.set_aside_at) if message.set_aside_at else None,
        "last_error": message.last_error,
    }
