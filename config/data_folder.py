"""The data folder: the server secret and the embedded database, readable by their owner only."""

import os
import secrets
from pathlib import Path

from config.settings import ConfigurationError, Settings

_SECRET_FILE = "server_secret"  # noqa: S105 - a file's name
_SECRET_BYTES = 32


class DataMissing(ConfigurationError):
    """The folder has not been set up; only `serve` and `migrate` do that."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            (f"no data in {folder}: run `doorward serve` or `doorward migrate` first",)
        )


def prepare_data_folder(settings: Settings) -> None:
    """Makes the folder (0700) and, where no secret is configured, the server secret (0600).

    What is there stays. Of several processes that start at once, one makes the secret.
    """
    if settings.storage == "memory":
        return
    folder = settings.data_dir
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if settings.secret_key is None:
        write_private_file(folder / _SECRET_FILE, secrets.token_urlsafe(_SECRET_BYTES))


def write_private_file(path: Path, content: str) -> bool:
    """Creates a 0600 file in one step, complete or not at all; False if it exists already."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


def read_server_secret(settings: Settings) -> tuple[bytes, tuple[bytes, ...]]:
    """(current, previous ones). Raises DataMissing.

    Memory storage outlives no process, and neither does its secret.
    """
    previous = tuple(key.get_secret_value().encode() for key in settings.secret_key_previous)
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value().encode(), previous
    if settings.storage == "memory":
        return secrets.token_bytes(_SECRET_BYTES), previous
    try:
        return (settings.data_dir / _SECRET_FILE).read_text().strip().encode(), previous
    except FileNotFoundError:
        raise DataMissing(settings.data_dir) from None
