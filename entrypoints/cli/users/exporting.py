"""`doorward users export`."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any, TextIO
from uuid import UUID

import typer

from application.users.exporting import ExportUsersQuery
from domain.access import Actor
from domain.instants import write_instant
from domain.transfer import AccountRecord, KeyRecord
from entrypoints.cli.endings import Refused
from entrypoints.cli.installation import Installation, installation
from entrypoints.cli.output import AsJson, print_outcome
from entrypoints.cli.users.progress import counting
from entrypoints.cli.users.rendering import user_fields


def export(
    with_secrets: Annotated[
        bool,
        typer.Option(
            "--with-secrets", help="With password hashes and what verifies API keys: guard it."
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write to this file, which only its owner can read, once all is there.",
            show_default=False,
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Write every account as a line of JSON (NDJSON), for `users import`."""
    with installation() as found:
        target = nullcontext(sys.stdout) if output is None else _private_file(output)
        with target as stream, counting("accounts") as progress:
            count = 0
            for record in _records(found, with_secrets=with_secrets):
                stream.write(_line(record, with_secrets=with_secrets))
                count += 1
                progress(count, count)
    if output is not None:
        print_outcome(f"Exported {count} accounts.", {"exported": count}, as_json=json)


def _records(found: Installation, *, with_secrets: bool) -> Iterator[AccountRecord]:
    after: UUID | None = None
    use_case = found.container.export_users()
    while True:
        query = ExportUsersQuery(actor=Actor.operator(), with_secrets=with_secrets, after=after)
        page = found.run(use_case.execute(query))
        if not page:
            return
        yield from page
        after = page[-1].user.id


def _line(record: AccountRecord, *, with_secrets: bool) -> str:
    from json import dumps

    fields: dict[str, Any] = user_fields(record.user)
    if with_secrets:
        fields["password_hash"] = record.password_hash
        fields["api_keys"] = [_key_fields(key) for key in record.api_keys]
    # Escapes instead of what not every pipe carries.
    return dumps(fields) + "\n"


def _key_fields(key: KeyRecord) -> dict[str, Any]:
    return {
        "public_id": key.public_id,
        "secret_digest": key.secret_digest.hex(),
        "name": key.name,
        "scopes": sorted(key.scopes),
        "rate_limit": key.rate_limit,
        "created_at": write_instant(key.created_at),
        "expires_at": write_instant(key.expires_at),
        "revoked_at": write_instant(key.revoked_at) if key.revoked_at else None,
    }


@contextmanager
def _private_file(path: Path) -> Iterator[TextIO]:
    """Appears under its name, in place of a file that was there, only when it is whole.

    Mode 0600 from the first byte: one that was readable by all stays nobody's but the owner's.
    """
    if path.exists() and not path.is_file():
        raise Refused("--output names something that is no file")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with open(os.open(part, flags, 0o600), "w", encoding="ascii") as stream:  # noqa: PTH123
        try:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
