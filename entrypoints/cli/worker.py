"""`doorward worker`: does the background jobs until it is told to stop."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.endings import Refused
from entrypoints.cli.installation import installation

if TYPE_CHECKING:
    from config.settings import Settings


def worker(
    beat: Annotated[
        bool, typer.Option("--beat/--no-beat", help="Also ask for the periodic jobs.")
    ] = True,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="How many processes work.")] = 2,
    metrics_port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Where to show metrics.", show_default=False),
    ] = None,
) -> None:
    """Deliver mail and do the periodic jobs, with Redis as the broker."""
    # Celery takes a while to import, which the other commands need not wait for.
    from config.logging import configure_logging
    from config.settings import ConfigurationError
    from entrypoints.worker.app import create_worker, note_signals, start_clock

    with installation() as found:
        settings = found.container.settings()
    if settings.jobs != "celery":
        raise ConfigurationError(("DOORWARD_JOBS: must be celery for a worker to have work",))
    configure_logging(settings)
    with ExitStack() as stack:
        if metrics_port is not None:
            # Before the processes are forked, which inherit where to count.
            stack.enter_context(_metrics(settings, metrics_port))
        app = create_worker(settings)
        if beat:
            stack.callback(start_clock(app))
        signals_seen = note_signals()
        try:
            app.worker_main(
                [
                    "--quiet",
                    "worker",
                    "--pool=prefork",
                    f"--concurrency={concurrency}",
                    f"--loglevel={settings.log_level}",
                    *("--without-gossip", "--without-mingle", "--without-heartbeat"),
                ]
            )
        except SystemExit as end:
            if end.code:
                raise
    if "SIGINT" in signals_seen:
        raise typer.Exit(130)


@contextmanager
def _metrics(settings: "Settings", port: int) -> Iterator[None]:
    """Raises Refused."""
    from entrypoints.worker.metrics import serving_metrics

    with ExitStack() as stack:
        try:
            stack.enter_context(serving_metrics(settings, port))
        except OSError as error:
            raise Refused(f"cannot show metrics on port {port}: {error.strerror}") from None
        yield
