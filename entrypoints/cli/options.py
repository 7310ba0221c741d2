"""What several commands let themselves be told in the same words."""

from typing import Annotated

import typer

from domain.pages import MAX_LIMIT

Limit = Annotated[int, typer.Option(min=1, max=MAX_LIMIT, help="How many at most.")]
Cursor = Annotated[
    str | None, typer.Option(help="Go on where an earlier list ended.", show_default=False)
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
