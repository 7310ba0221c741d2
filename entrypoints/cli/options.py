"""What several commands let themselves be told in the same words."""

from datetime import datetime
from typing import Annotated, Any

import typer

from domain.instants import parse_instant
from domain.pages import MAX_LIMIT

Limit = Annotated[int, typer.Option(min=1, max=MAX_LIMIT, help="How many at most.")]
Cursor = Annotated[
    str | None, typer.Option(help="Go on where an earlier list ended.", show_default=False)
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def time_option(about: str) -> Any:
    """An instant, as RFC 3339 writes it."""
    return typer.Option(parser=_read_instant, metavar="TIME", help=about, show_default=False)


def _read_instant(text: str) -> datetime:
    try:
        return parse_instant(text)
    except ValueError:
        raise typer.BadParameter("write it like 2030-01-31T12:00:00Z") from None
