"""`doorward serve`: sets up what is missing, then serves until told to stop."""

import os
import signal
from typing import Annotated, Any

import typer
import uvicorn
import uvloop
from uvicorn.supervisors import Multiprocess

from config.container import Container, close, container_for
from config.logging import configure_logging
from config.settings import Settings, load_settings
from entrypoints.cli.setup import set_up
from entrypoints.http.app import create_app

_KEEP_ALIVE_SECONDS = 30


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    workers: Annotated[int | None, typer.Option(help="How many processes serve.")] = None,
) -> None:
    """Set up what is missing, then run the HTTP service."""
    settings = load_settings(host=host, port=port, workers=workers)
    configure_logging(settings)
    # The server hands a signal on after it has shut down in order; for SIGTERM that is success.
    signal.signal(signal.SIGTERM, lambda *_: None)
    if settings.workers == 1:
        uvloop.run(_serve_here(settings))
    else:
        _serve_with_workers(settings)


async def _serve_here(settings: Settings) -> None:
    container = container_for(settings)
    try:
        await set_up(container)
        server = uvicorn.Server(_server_config(settings, create_app(container)))
        await server.serve()
    finally:
        await close(container)
    if not server.started:
        raise typer.Exit(1)


def _serve_with_workers(settings: Settings) -> None:
    uvloop.run(_set_up_and_close(container_for(settings)))
    # Each worker is a fresh interpreter, which reads its settings from the environment again.
    for name in ("host", "port", "workers"):
        os.environ[f"DOORWARD_{name.upper()}"] = str(getattr(settings, name))
    config = _server_config(settings, "entrypoints.http.app:create_app", factory=True)
    Multiprocess(config, [config.bind_socket()]).run()


async def _set_up_and_close(container: Container) -> None:
    try:
        await set_up(container)
    finally:
        await close(container)


def _server_config(settings: Settings, app: Any, *, factory: bool = False) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=factory,
        host=settings.host.strip("[]"),
        port=settings.port,
        workers=settings.workers,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # The shell reads forwarded addresses itself, from known proxies only.
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=max(1, round(settings.shutdown_grace_seconds)),
    )
