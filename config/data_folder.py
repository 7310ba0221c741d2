"""The data folder: the server secret and the embedded database, readable by their owner only."""

import os
import secrets
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from config.settings import ConfigurationError, Settings

_SECRET_FILE = "server_secret"  # noqa: S105 - a file's name
_SECRET_BYTES = 32


class DataMissing(ConfigurationError):
    """Nothing has been set up here; only `serve` and `migrate` do that."""

    def __init__(self) -> None:
        super().__init__(("no data here yet: run `doorward migrate` or `doorward serve` first",))


def prepare_data_folder(settings: Settings) -> tuple[str, ...]:
    """Makes the folder (0700) and, where no secret is configured, the server secret (0600).

    What is there stays; answers what was made. Of several processes that start at once, one makes
    the secret.
    """
    if settings.storage == "memory":
        return ()
    made = []
    folder = settings.data_dir
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made.append("data folder")
    if settings.secret_key is None and write_private_file(
        folder / _SECRET_FILE, secrets.token_urlsafe(_SECRET_BYTES)
    ):
        made.append("server secret")
    _check_locations(settings)
    return tuple(made)


def require_data(settings: Settings) -> None:
    """Looks whether an earlier start left its files, and makes none. Raises DataMissing.

    What is inside the database is for the storage to say.
    """
    require_database_file(settings)
    read_server_secret(settings)
    _check_locations(settings)


def require_database_file(settings: Settings) -> None:
    """Opening SQLite would create the file. Raises DataMissing where there is none to open."""
    if settings.storage == "sqlite" and not _has_content(sqlite_file(settings.sqlalchemy_url)):
        raise DataMissing


def sqlite_file(url: str) -> Path:
    """The file behind a `sqlite` URL, as SQLAlchemy and SQLite find it."""
    location, _, query = url.partition("://")[2].removeprefix("/").partition("?")
    path = unquote(location)
    if dict(parse_qsl(query)).get("uri") == "true":
        # SQLite unquotes a file: URI once more.
        path = unquote(urlsplit(path).path)
    return Path(path)


def _check_locations(settings: Settings) -> None:
    """What SQLite would refuse without a reason, or make where it is only to be read."""
    if settings.storage != "sqlite":
        return
    if not sqlite_file(settings.sqlalchemy_url).parent.is_dir():
        raise ConfigurationError(("DOORWARD_DATABASE_URL: names a folder that does not exist",))
    replica = settings.sqlalchemy_read_url
    if replica is not None and not _has_content(sqlite_file(replica)):
        raise ConfigurationError(("DOORWARD_DATABASE_READ_URL: names a file without data",))


def _has_content(file: Path) -> bool:
    try:
        return file.stat().st_size > 0
    except (FileNotFoundError, NotADirectoryError):
        return False


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
    """(current, previous ones). Raises DataMissing, or ConfigurationError for half a secret.

    Memory storage outlives no process, and neither does its secret.
    """
    previous = tuple(key.get_secret_value().encode() for key in settings.secret_key_previous)
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value().encode(), previous
    if settings.storage == "memory":
        return secrets.token_bytes(_SECRET_BYTES), previous
    try:
        current = (settings.data_dir / _SECRET_FILE).read_bytes().strip()
    except FileNotFoundError:
        raise DataMissing from None
    if len(current) < _SECRET_BYTES:
        raise ConfigurationError(
            (f"DOORWARD_DATA_DIR: its {_SECRET_FILE} is cut off; put the whole one back",)
        )
    return current, previous
