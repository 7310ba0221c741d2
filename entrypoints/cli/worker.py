"""`doorward worker`: does the background jobs until it is told to stop."""

from typing import Annotated

import typer

from entrypoints.cli.installation import installation


def worker(
    beat: Annotated[
        bool, typer.Option("--beat/--no-beat", help="Also ask for the periodic jobs.")
    ] = True,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="How many processes work.")] = 2,
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
    app = create_worker(settings)
    stop_clock = start_clock(app) if beat else None
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
    finally:
        if stop_clock is not None:
            stop_clock()
    if "SIGINT" in signals_seen:
        raise typer.Exit(130)
