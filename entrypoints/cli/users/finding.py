"""Which account a command means."""

from typing import Annotated
from uuid import UUID

import typer

from application.users.queries import FindUserQuery, GetUserQuery
from domain.access import Actor
from domain.users import User
from entrypoints.cli.installation import Installation

Account = Annotated[str, typer.Argument(metavar="ID-or-EMAIL", show_default=False)]


def find_account(found: Installation, account: str) -> User:
    """By id if it can be one, else by address. Raises NotFound."""
    actor, container = Actor.operator(), found.container
    try:
        user_id = UUID(account)
    except ValueError:
        query = FindUserQuery(actor=actor, email=account)
        return found.run(container.find_user().execute(query))
    return found.run(container.get_user().execute(GetUserQuery(actor=actor, user_id=user_id)))
