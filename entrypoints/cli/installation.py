"""The installation that a command works on: looked at before it is opened, closed at the end."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from entrypoints.cli.endings import Refused
from entrypoints.cli.loading import swift_loading

if TYPE_CHECKING:
    from application.ports.storage import SchemaState
    from config.container import Container
    from config.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True)
class Installation:
    """Use cases over the configured storage, and the event loop they run in."""

    container: "Container"
    _runner: asyncio.Runner

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Between two runs the loop stands still: the place to ask questions, as Ctrl-C works."""
        return self._runner.run(work)


@contextmanager
def installation() -> Iterator[Installation]:
    """One that has data and the current schema; anything else is refused and left as it is.

    Raises ConfigurationError (DataMissing among them), Refused, Unavailable.
    """
    from config.data_folder import require_data

    settings = settings_of_command()
    require_data(settings)
    with opened(settings) as found:
        require_current(found.run(found.container.storage().schema_state()))
        yield found


def settings_of_command() -> "Settings":
    """For commands that work on stored data. Raises ConfigurationError, Refused."""
    from config.logging import configure_command_logging
    from config.settings import load_settings

    settings = load_settings()
    configure_command_logging(settings)
    if settings.storage == "memory":
        raise Refused("DOORWARD_DATABASE_URL: memory:// storage belongs to the server alone")
    return settings


@contextmanager
def opened(settings: "Settings") -> Iterator[Installation]:
    """Whatever state it is in. Opening SQLite creates the file: look first."""
    # Imported here: usage, help and faults of the configuration are told without the adapters.
    with swift_loading():
        from config.container import close, container_for

    container = container_for(settings)
    with asyncio.Runner() as runner:
        try:
            yield Installation(container, runner)
        finally:
            runner.run(close(container))


def require_current(state: "SchemaState") -> None:
    """Raises DataMissing, Refused."""
    from application.ports.storage import SchemaState
    from config.data_folder import DataMissing

    if state is SchemaState.EMPTY:
        raise DataMissing
    if state is SchemaState.BEHIND:
        raise Refused("the database is behind this release: run `doorward migrate`")
