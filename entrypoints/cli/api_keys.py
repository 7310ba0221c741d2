"""`doorward api-keys`: keys for calls between servers."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer

from application.api_keys.issuing import CreateApiKeyCommand
from application.api_keys.queries import ListApiKeysQuery
from application.api_keys.revoking import RevokeApiKeyCommand
from domain.access import Actor
from domain.api_keys import ApiKey
from domain.instants import write_instant
from domain.pages import DEFAULT_LIMIT
from entrypoints.cli.installation import installation
from entrypoints.cli.options import Cursor, Limit, time_option
from entrypoints.cli.output import AsJson, print_json, print_page, print_record
from entrypoints.cli.users.finding import Account, find_account

api_keys = typer.Typer(help="Keys for calls between servers.", no_args_is_help=True)

_COLUMNS = ("id", "name", "prefix", "scopes", "status", "expires_at", "last_used_at")


@api_keys.command()
def create(
    account: Account,
    name: Annotated[str, typer.Option(help="What the key is for.", show_default=False)],
    scope: Annotated[
        list[str] | None,
        typer.Option(help="A permission of the account; may be given again.", show_default=False),
    ] = None,
    expires_at: Annotated[
        datetime | None,
        time_option("When it ends, as in 2030-01-31T12:00:00Z; 90 days from now if left out."),
    ] = None,
    rate_limit: Annotated[
        int | None,
        typer.Option(
            help="Calls in 60 seconds; the account's limits if left out.", show_default=False
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Make a key for an account, and show it this once."""
    with installation() as found:
        command = CreateApiKeyCommand(
            actor=Actor.operator(),
            owner_id=find_account(found, account).id,
            name=name,
            scopes=frozenset(scope or ()),
            expires_at=expires_at,
            rate_limit=rate_limit,
        )
        issued = found.run(found.container.create_api_key().execute(command))
    fields = _fields(issued.key, issued.key.created_at)
    if json:
        print_json({**fields, "key": issued.text})
        return
    print_record(fields, as_json=False)
    # Outside the table, where no terminal is too narrow for it to be copied.
    print("The key, which is not shown again:")
    print(issued.text)


@api_keys.command("list")
def list_api_keys(
    account: Account,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    json: AsJson = False,
) -> None:
    """List the keys of an account in every status, the newest first."""
    with installation() as found:
        query = ListApiKeysQuery(
            actor=Actor.operator(),
            owner_id=find_account(found, account).id,
            limit=limit,
            cursor=cursor,
        )
        page = found.run(found.container.list_api_keys().execute(query))
        now = found.container.clock().now()
    print_page(page, _COLUMNS, lambda key: _fields(key, now), as_json=json)


@api_keys.command()
def revoke(
    api_key_id: Annotated[UUID, typer.Argument(metavar="API-KEY-ID", show_default=False)],
) -> None:
    """Revoke a key: it is refused from its next call on."""
    with installation() as found:
        command = RevokeApiKeyCommand(actor=Actor.operator(), key_id=api_key_id)
        found.run(found.container.revoke_api_key().execute(command))


def _fields(key: ApiKey, at: datetime) -> dict[str, Any]:
    """A key. Never its secret."""
    return {
        "id": str(key.id),
        "owner_id": str(key.owner_id),
        "name": key.name,
        "prefix": key.prefix,
        "scopes": sorted(key.scopes),
        "rate_limit": key.rate_limit,
        "status": key.status_at(at).value,
        "created_at": write_instant(key.created_at),
        "expires_at": write_instant(key.expires_at),
        "last_used_at": write_instant(key.last_used_at) if key.last_used_at else None,
    }
