"""What commands print on standard output: JSON for machines, tables for people."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from domain.pages import Page

if TYPE_CHECKING:
    from rich.table import Table

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]

T = TypeVar("T")

# Wider than any table: what is piped on is not broken into lines.
_UNBOUNDED_COLUMNS = 10_000


def print_json(value: object) -> None:
    """One document. Where the output cannot hold every character, they are escaped."""
    escaped = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    print(json.dumps(value, indent=2, ensure_ascii=escaped))


def print_json_line(value: object) -> None:
    """One document of many (NDJSON), there for whoever reads along as soon as it is printed."""
    print(json.dumps(value), flush=True)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """One row a record."""
    from rich.table import Table

    _print_rows(Table(*columns), rows)


def print_page(
    page: Page[T],
    columns: Sequence[str],
    fields_of: Callable[[T], dict[str, Any]],
    *,
    as_json: bool,
) -> None:
    """A piece of a list: every field for machines, these columns for people."""
    items = [fields_of(each) for each in page.items]
    if as_json:
        print_json({"items": items, "next_cursor": page.next_cursor})
        return
    print_table(columns, [[item[column] for column in columns] for item in items])
    if page.next_cursor is not None:
        print(f"More: --cursor {page.next_cursor}")


def print_outcome(said: str, fields: Mapping[str, object], *, as_json: bool) -> None:
    """What a command has done: fields for machines, a sentence for people."""
    if as_json:
        print_json(fields)
    else:
        print(said)


def print_record(fields: Mapping[str, object], *, as_json: bool) -> None:
    """One record; for people a line a field."""
    if as_json:
        print_json(fields)
        return

    from rich.table import Table

    _print_rows(Table(show_header=False), fields.items())


def _print_rows(table: "Table", rows: Iterable[Sequence[object]]) -> None:
    from rich.console import Console
    from rich.text import Text

    for row in rows:
        # Text, or a name like "[red]" would be taken for markup.
        table.add_row(*(Text(readable(value), overflow="fold") for value in row))
    width = None if sys.stdout.isatty() else _UNBOUNDED_COLUMNS
    Console(file=sys.stdout, width=width).print(table)


def readable(value: Any) -> str:
    """One value of a record, for people."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, dict):
        return " ".join(readable(each) for each in value.values() if each is not None)
    return str(value)
