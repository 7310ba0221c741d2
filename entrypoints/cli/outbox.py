"""`doorward outbox`: messages that could not be delivered, and another try for them."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from application.outbox import ListMessagesQuery, RetryMessagesCommand
from application.ports.storage import SchemaState
from config.container import Container, close, container_for
from config.logging import configure_logging
from config.settings import ConfigurationError, load_settings
from domain.access import Actor
from domain.outbox import OutboxMessage
from domain.pages import MAX_LIMIT

outbox = typer.Typer(help="Messages that were set aside after their last try.")

AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable, on standard output.")]

T = TypeVar("T")


@outbox.command("list")
def list_messages(as_json: AsJson = False) -> None:
    """List messages that were set aside, newest first."""
    messages = _run(_all_messages)
    if as_json:
        print(json.dumps([_plain(message) for message in messages], indent=2))
        return
    table = Table("Id", "Message", "Account", "Tries", "Set aside", "Why")
    for message in messages:
        plain = _plain(message)
        names = ("id", "template", "user_id", "attempts", "set_aside_at", "last_error")
        table.add_row(*(str(plain[name]) for name in names))
    Console().print(table)


@outbox.command("retry")
def retry_messages(
    message_id: Annotated[
        UUID | None, typer.Argument(metavar="[ID]", help="One message; all if left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make messages that were set aside due again, with all their tries."""

    async def retry(container: Container) -> int:
        command = RetryMessagesCommand(actor=Actor.operator(), message_id=message_id)
        count: int = await container.retry_messages().execute(command)
        return count

    count = _run(retry)
    print(json.dumps({"retried": count}) if as_json else f"Due again: {count}")


async def _all_messages(container: Container) -> list[OutboxMessage]:
    found: list[OutboxMessage] = []
    cursor: str | None = None
    while True:
        query = ListMessagesQuery(actor=Actor.operator(), limit=MAX_LIMIT, cursor=cursor)
        page = await container.list_messages().execute(query)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


def _plain(message: OutboxMessage) -> dict[str, Any]:
    return {
        "id": str(message.id),
        "template": message.template.value,
        "user_id": str(message.user_id),
        "attempts": message.attempts,
        "created_at": _instant(message.created_at),
        "set_aside_at": _instant(message.set_aside_at) if message.set_aside_at else None,
        "last_error": message.last_error,
    }


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _run(work: Callable[[Container], Awaitable[T]]) -> T:
    """On the configured storage, which must have been set up before."""
    settings = load_settings()
    configure_logging(settings)
    if settings.storage == "memory":
        raise ConfigurationError(("DOORWARD_DATABASE_URL: memory:// is seen by no other process",))

    async def main() -> T:
        container = container_for(settings)
        try:
            # Whoever looks at an installation does not begin one.
            container.server_secret()
            if await container.storage().schema_state() is not SchemaState.CURRENT:
                raise ConfigurationError(("the database is not set up: run `doorward migrate`",))
            return await work(container)
        finally:
            await close(container)

    return asyncio.run(main())
