"""What commands print on standard output: JSON for machines, tables for people."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]

# Wider than any table: what is piped on is not broken into lines.
_UNBOUNDED_COLUMNS = 10_000


def print_json(value: object) -> None:
    """One document. Where the output cannot hold every character, they are escaped."""
    escaped = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    print(json.dumps(value, indent=2, ensure_ascii=escaped))


def print_json_line(value: object) -> None:
    """One document of many (NDJSON), there for whoever reads along as soon as it is printed."""
    print(json.dumps(value), flush=True)


def instant(at: datetime) -> str:
    """RFC 3339, UTC, `Z`."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """One row a record."""
    from rich.table import Table

    table = Table(*columns)
    _print_rows(table, rows)


def print_record(fields: Mapping[str, object]) -> None:
    """One record, a line a field."""
    from rich.table import Table

    table = Table(show_header=False)
    _print_rows(table, fields.items())


def _print_rows(table: "Table", rows: Iterable[Sequence[object]]) -> None:
    from rich.console import Console
    from rich.text import Text

    for row in rows:
        # Text, or a name like "[red]" would be taken for markup.
        table.add_row(*(Text(_readable(value), overflow="fold") for value in row))
    width = None if sys.stdout.isatty() else _UNBOUNDED_COLUMNS
    Console(file=sys.stdout, width=width).print(table)


def _readable(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value)
    return str(value)
