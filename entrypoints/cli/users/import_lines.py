"""Files of accounts, line by line: NDJSON and CSV, whatever stands in them, in bounded memory."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from application.users.account_fields import ACCOUNT_FIELDS
from application.users.importing import ImportLine
from domain.errors import ErrorDetail
from domain.transfer import LineFault
from entrypoints.cli.endings import Refused

LONGEST_LINE_BYTES = 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_COLUMNS = ACCOUNT_FIELDS - {"api_keys"}
_FLAGS = dict.fromkeys(("true", "t", "1", "yes"), True) | dict.fromkeys(
    ("false", "f", "0", "no"), False
)


class FileFormat(StrEnum):
    NDJSON = "ndjson"
    CSV = "csv"


@dataclass(frozen=True, kw_only=True)
class ReadLine:
    """A line that is not blank: what it tells, or why it tells nothing."""

    content: ImportLine | LineFault
    size: int
    """Bytes of the file that it takes."""


class _Unreadable(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.detail = ErrorDetail(field="line", code=code, message=message)


@dataclass(frozen=True)
class _Physical:
    number: int
    text: bytes | None
    """Without its end; None where it is too long."""
    size: int


def read_lines(stream: BinaryIO, form: FileFormat) -> Iterator[ReadLine]:
    """Raises Refused where a CSV file's header is at fault: then no line of it means anything."""
    lines = _physical(stream)
    columns = _header(lines) if form is FileFormat.CSV else ()
    for line in lines:
        if line.text is not None and not line.text.strip():
            continue
        content: ImportLine | LineFault
        try:
            text = _decoded(line)
            fields = _csv_fields(text, columns) if columns else _json_fields(text)
            content = ImportLine(number=line.number, fields=fields)
        except _Unreadable as error:
            content = LineFault(line=line.number, detail=error.detail)
        yield ReadLine(content=content, size=line.size)


def _physical(stream: BinaryIO) -> Iterator[_Physical]:
    number = 0
    while raw := stream.readline(LONGEST_LINE_BYTES + len(b"\r\n")):
        number += 1
        text = raw.removesuffix(b"\n").removesuffix(b"\r")
        if len(text) <= LONGEST_LINE_BYTES:
            text = text.removeprefix(_BOM) if number == 1 else text
            yield _Physical(number, text, len(raw))
        else:
            yield _Physical(number, None, len(raw) + _skipped(stream, raw))


def _skipped(stream: BinaryIO, last: bytes) -> int:
    """How many bytes follow to the line's end, which is then behind."""
    size = 0
    while last and not last.endswith(b"\n"):
        last = stream.readline(LONGEST_LINE_BYTES)
        size += len(last)
    return size


def _decoded(line: _Physical) -> str:
    if line.text is None:
        message = f"A line has at most {LONGEST_LINE_BYTES} bytes."
        raise _Unreadable("line_too_long", message)
    try:
        return line.text.decode("utf-8")
    except UnicodeDecodeError:
        raise _Unreadable("not_utf8", "This is not UTF-8.") from None


def _json_fields(text: str) -> Mapping[str, object]:
    try:
        value = json.loads(text, object_pairs_hook=_each_once)
    except (ValueError, RecursionError):
        raise _Unreadable("not_json", "This is not JSON.") from None
    if not isinstance(value, dict):
        raise _Unreadable("not_json", "This is not a JSON object.")
    return value


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise _Unreadable("not_json", "A field is there twice.")
    return fields


def _header(lines: Iterable[_Physical]) -> tuple[str, ...]:
    first = next(iter(lines), None)
    try:
        cells = _cells(_decoded(first)) if first else []
    except _Unreadable as error:
        raise Refused(f"line 1: {error}") from None
    columns = tuple(cell.strip().lower() for cell in cells)
    for number, column in enumerate(columns, start=1):
        if column not in _COLUMNS:
            known = ", ".join(sorted(_COLUMNS))
            raise Refused(f"line 1: column {number} is none of: {known}")
    if len(set(columns)) < len(columns):
        raise Refused("line 1: a column is there twice")
    if "email" not in columns:
        raise Refused("line 1: there is no column email; columns are separated by commas")
    return columns


def _csv_fields(text: str, columns: tuple[str, ...]) -> Mapping[str, object]:
    cells = _cells(text)
    if len(cells) != len(columns):
        raise _Unreadable("wrong_column_count", f"There are {len(columns)} columns.")
    filled = zip(columns, cells, strict=True)
    return {column: _value(column, cell) for column, cell in filled if cell != ""}


def _cells(text: str) -> list[str]:
    """RFC 4180, but for values that hold a line's end: no field of an account does."""
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error:
        raise _Unreadable("not_csv", "Quotes do not match on this line.") from None


def _value(column: str, cell: str) -> object:
    if column == "email_verified":
        return _FLAGS.get(cell.strip().lower(), cell)
    if column == "roles":
        return cell.replace(",", " ").replace(";", " ").split()
    return cell
