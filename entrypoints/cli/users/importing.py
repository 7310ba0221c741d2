"""`doorward users import`."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from application.users.importing import (
    BATCH_LINES,
    AddressesSeen,
    ImportLine,
    ImportUsersCommand,
)
from domain.access import Actor
from domain.transfer import LineFault
from entrypoints.cli.endings import Refused, WrongUsage, complain
from entrypoints.cli.installation import Installation, installation
from entrypoints.cli.output import AsJson, print_outcome
from entrypoints.cli.users.import_lines import FileFormat, ReadLine, read_lines
from entrypoints.cli.users.progress import counting

_BATCH_BYTES = 2 * 1024 * 1024
_FAULTS_TOLD_AT_THE_END = 1000
_FORMATS = {
    ".ndjson": FileFormat.NDJSON,
    ".jsonl": FileFormat.NDJSON,
    ".json": FileFormat.NDJSON,
    ".csv": FileFormat.CSV,
}


@dataclass
class _Tally:
    """What has become of the lines so far."""

    created: int = 0
    already_there: int = 0
    refused: int = 0
    bytes_read: int = 0
    faults: list[LineFault] = field(default_factory=list)

    @property
    def lines(self) -> int:
        return self.created + self.already_there + self.refused

    def note(self, faults: tuple[LineFault, ...]) -> None:
        self.refused += len(faults)
        self.faults += faults[: _FAULTS_TOLD_AT_THE_END - len(self.faults)]
        for fault in faults:
            complain(f"line {fault.line}: {fault.detail.field}: {fault.detail.message}")


def import_users(
    source: Annotated[
        str,
        typer.Argument(metavar="FILE|-", help="`-` is standard input.", show_default=False),
    ],
    form: Annotated[
        FileFormat | None,
        typer.Option(
            "--format",
            help="What the file is, where its name does not end in .ndjson, .jsonl, .json or .csv.",
            show_default=False,
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Create the accounts of a file. Those whose address is known stay as they are."""
    chosen = form or _format_of(source)
    tally = _Tally()
    with installation() as found, _opened(source) as stream:
        size = _size(stream)
        with counting("lines", total=size) as progress:
            seen = AddressesSeen()
            for batch in _batches(read_lines(stream, chosen)):
                _import(found, batch, seen, tally)
                progress(tally.lines, tally.bytes_read)
    said = f"Created {tally.created}, already there {tally.already_there}."
    print_outcome(said, _summary(tally), as_json=json)
    if tally.refused:
        raise Refused(
            f"{tally.refused} of {tally.lines} lines were left out; "
            "mend them and give the file again"
        )


def _import(found: Installation, batch: list[ReadLine], seen: AddressesSeen, tally: _Tally) -> None:
    contents = [line.content for line in batch]
    command = ImportUsersCommand(
        actor=Actor.operator(),
        lines=[each for each in contents if isinstance(each, ImportLine)],
        seen=seen,
    )
    done = found.run(found.container.import_users().execute(command))
    unread = [each for each in contents if isinstance(each, LineFault)]
    tally.created += done.created
    tally.already_there += done.already_there
    tally.bytes_read += sum(line.size for line in batch)
    tally.note(tuple(sorted([*unread, *done.faults], key=lambda fault: fault.line)))


def _batches(lines: Iterator[ReadLine]) -> Iterator[list[ReadLine]]:
    """Of so many lines, or fewer if they are long: memory stays bounded."""
    batch: list[ReadLine] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += line.size
        if len(batch) == BATCH_LINES or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _format_of(source: str) -> FileFormat:
    """Raises WrongUsage where the name does not tell; standard input is NDJSON."""
    if source == "-":
        return FileFormat.NDJSON
    found = _FORMATS.get(Path(source).suffix.lower())
    if found is None:
        raise WrongUsage("say with --format whether the file is ndjson or csv")
    return found


@contextmanager
def _opened(source: str) -> Iterator[BinaryIO]:
    if source == "-":
        if sys.stdin is None:
            raise Refused("standard input is closed")
        yield sys.stdin.buffer
        return
    with Path(source).open("rb") as stream:
        yield stream


def _size(stream: BinaryIO) -> int | None:
    """Of a file; None for what ends when it ends."""
    try:
        found = os.fstat(stream.fileno())
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _summary(tally: _Tally) -> dict[str, Any]:
    return {
        "created": tally.created,
        "already_there": tally.already_there,
        "refused": tally.refused,
        "faults": [
            {
                "line": fault.line,
                "field": fault.detail.field,
                "code": fault.detail.code,
                "message": fault.detail.message,
            }
            for fault in tally.faults
        ],
    }
