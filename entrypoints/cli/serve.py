"""`doorward serve`: sets up what is missing, then serves until told to stop."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from entrypoints.cli.endings import REFUSED, complain, reasons, report
from entrypoints.cli.loading import lean_loading, swift_loading

if TYPE_CHECKING:
    from socket import socket

    from config.settings import Settings
    from entrypoints.cli.supervisor import Heartbeat

_SIGNALS = {signal.SIGTERM, signal.SIGINT}
_FORK = multiprocessing.get_context("fork")


def serve(*, host: str | None = None, port: int | None = None, workers: int | None = None) -> None:
    """What is left out is as the settings say."""
    _heed_signals()
    # Imported here: the other commands start without a server in memory.
    with lean_loading():
        import uvloop

        from config.logging import configure_logging
        from config.settings import load_settings
        from entrypoints.cli.server import listen
        from entrypoints.http.serving.descriptors import allow_descriptors

    settings = load_settings(host=host, port=port, workers=workers)
    configure_logging(settings)
    allow_descriptors(settings)
    # Before anything is made: who has mistyped the port finds no traces of it.
    with listen(settings.host, settings.port) as listener:
        if settings.workers == 1:
            _set_up_apart(settings)
            # An event loop that is ended before its first step fails at its own clearing up.
            signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
            uvloop.run(_serve_here(settings, listener))
        else:
            _serve_with_workers(settings, listener)


def _heed_signals() -> None:
    """From here on SIGTERM is success and Ctrl-C is not, before, while and after serving.

    While it serves, the server handles both, shuts down in order and then hands them on to these.
    """
    signal.signal(signal.SIGTERM, _end_well)
    signal.signal(signal.SIGINT, _interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        # The terminal has gone, and nobody wants it to stay without one (nohup).
        signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))


def _end_well(*_: object) -> NoReturn:
    raise SystemExit(0)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


async def _serve_here(settings: "Settings", listener: "socket") -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    with lean_loading():
        from config.container import close, container_for
        from entrypoints.cli.server import SingleServer
        from entrypoints.cli.setup import set_up
        from entrypoints.http.app import create_app
        from entrypoints.http.serving.server import server_config

        container = container_for(settings)
        app = create_app(container)
        # They would load the same a moment later, and with all that it might find.
        for adapter in (container.storage, container.telemetry, container.limiter):
            adapter()
    try:
        await set_up(container)
        config = server_config(settings, app, container.telemetry())
        server = SingleServer(config, settings, container.check_health())
        await server.run_on(listener)
    finally:
        await close(container)


def _set_up_apart(settings: "Settings") -> None:
    """At the very first start: what makes a schema is then not kept in memory for good.

    What hinders it will hinder the server in the same way, which then says so.
    """
    from config.data_folder import DataMissing, require_database_file

    try:
        require_database_file(settings)
    except DataMissing:
        _in_child(partial(_try_to_set_up, settings))


def _try_to_set_up(settings: "Settings") -> None:
    import uvloop

    with suppress(Exception):
        uvloop.run(set_up_alone(settings))


def _in_child(work: Callable[[], None]) -> int:
    """In a process of its own, which ends with this one; its exit code."""
    child = _FORK.Process(target=work, daemon=True)
    child.start()
    child.join()
    return child.exitcode or 0


def _serve_with_workers(settings: "Settings", listener: "socket") -> None:
    """Loads once what every worker then has by being forked: they start at once, and share it.

    Nothing but loading happens in this process. A connection, a thread or an event loop of its own
    would be in each worker too, and work in none (docs/adr/0014).
    """
    from config.metrics_folder import sharing_metrics

    # Workers that are started later get these very settings: what they came from may be gone.
    with sharing_metrics():
        with lean_loading():
            import entrypoints.cli.setup
            import entrypoints.http.app  # noqa: F401 - for the workers
            from config.preloading import load_adapters, load_for_requests
            from entrypoints.cli.supervisor import Supervisor

            load_adapters(settings)
        with swift_loading():
            load_for_requests()
        _set_up_or_end(settings)
        Supervisor(partial(_serve_as_worker, settings), listener, settings).supervise()


def _set_up_or_end(settings: "Settings") -> None:
    """In a child; says here what hindered it."""
    heard, told = _FORK.Pipe(duplex=False)

    def set_up() -> None:
        import uvloop

        try:
            uvloop.run(set_up_alone(settings))
        except Exception as error:  # noqa: BLE001 - whatever it is, the parent tells of it
            told.send(reasons(error))
            sys.exit(REFUSED)

    if _in_child(set_up):
        complain(*(heard.recv() if heard.poll() else ()))
        raise SystemExit(REFUSED)
    heard.close()
    told.close()


async def set_up_alone(settings: "Settings") -> None:
    """For processes that will serve later; leaves nothing open."""
    from config.container import close, container_for
    from entrypoints.cli.setup import set_up

    container = container_for(settings)
    try:
        await set_up(container)
    finally:
        await close(container)


def _serve_as_worker(settings: "Settings", listener: "socket", heartbeat: "Heartbeat") -> None:
    """One of several processes. Whatever hinders it hinders all: ends them."""
    # The supervisor hears of it, too.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    from uvicorn.config import STARTUP_FAILURE

    try:
        with lean_loading():
            from config.container import container_for
            from entrypoints.cli.supervisor import SupervisedServer
            from entrypoints.http.app import create_app
            from entrypoints.http.serving.server import server_config

            container = container_for(settings)
            config = server_config(settings, create_app(container), container.telemetry())
            server = SupervisedServer(config, settings, container.check_health(), heartbeat)
    except Exception as error:  # noqa: BLE001 - any other end would be tried again for ever
        report(error)
        sys.exit(STARTUP_FAILURE)
    server.run([listener])
