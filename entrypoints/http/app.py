"""The ASGI application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from application.ports.tracing import Tracing
from config.container import Container, close
from config.logging import configure_logging
from config.settings import Settings
from config.tracing import trace_container
from entrypoints.http import (
    account_pages,
    api_keys,
    auth,
    events,
    health,
    items,
    metrics,
    oauth,
    own_account,
    permissions,
    recovery,
    roles,
    sessions,
    users,
    well_known,
)
from entrypoints.http.background import BackgroundJobs
from entrypoints.http.direct import DirectRoutes
from entrypoints.http.errors import register_error_handlers
from entrypoints.http.key_refresh import keep_keys_fresh, refresh_keys
from entrypoints.http.key_uses import KeyUseWriter
from entrypoints.http.metrics import ProcessNotes
from entrypoints.http.middleware.body_limit import BodyLimit
from entrypoints.http.middleware.boundary import ErrorBoundary
from entrypoints.http.middleware.cors import Cors
from entrypoints.http.middleware.hosts import HostCheck
from entrypoints.http.middleware.shell import RequestShell
from entrypoints.http.middleware.spans import RequestSpans
from entrypoints.http.openapi import install_openapi
from entrypoints.http.operations import API_PREFIX, require_access_rules

_PARTS = (
    auth,
    oauth,
    items,
    users,
    own_account,
    sessions,
    api_keys,
    roles,
    permissions,
    events,
    recovery,
    well_known,
    health,
    metrics,
    account_pages,
)
"""In the order in which routes are tried: what is asked most comes first."""


def create_app(container: Container | None = None) -> FastAPI:
    """One application over one container, kept on `app.state.container`."""
    container = container or Container()
    settings = container.settings()
    configure_logging(settings)
    shown = settings.environment != "production"
    app = Application(
        docs_url="/docs" if shown else None,
        redoc_url="/redoc" if shown else None,
        openapi_url=f"{API_PREFIX}/openapi.json" if shown else None,
        swagger_ui_oauth2_redirect_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        # Its own would send query strings and messages of exceptions along.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.container = container
    for part in _PARTS:
        # Including a router makes everything of its routes anew, in case that it adds to them.
        app.router.routes.extend(part.router.routes)
    require_access_rules(app)
    register_error_handlers(app)
    install_openapi(app)
    app.wrap(settings, container.tracing())
    return app


class Application(FastAPI):
    """FastAPI inside our own layers, which see a request before any of its own do."""

    def wrap(self, settings: Settings, tracing: Tracing | None) -> None:
        """Puts the layers around it. From the inside out."""
        # Inside the framework's own catch-all, which would answer in words of its own.
        self.add_middleware(ErrorBoundary)
        layers: ASGIApp = BodyLimit(DirectRoutes(super().__call__))
        if settings.cors_origins:
            layers = Cors(layers, origins=settings.cors_origins)
        layers = HostCheck(layers, allowed=settings.allowed_hosts)
        if tracing is not None:
            layers = RequestSpans(layers, tracing=tracing)
        self._layers: ASGIApp = RequestShell(
            layers,
            trusted_proxies=settings.trusted_proxies,
            production=settings.environment == "production",
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self
        await self._layers(scope, receive, send)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    container: Container = app.state.container
    tracing = container.tracing()
    stop_tracing = trace_container(container, tracing) if tracing is not None else None
    await refresh_keys(container)
    refresher = asyncio.create_task(keep_keys_fresh(container), name="signing-keys")
    key_uses = KeyUseWriter(container)
    key_uses.start()
    notes = ProcessNotes(container)
    notes.start()
    jobs = BackgroundJobs(container) if container.settings().jobs == "inprocess" else None
    if jobs is not None:
        jobs.start()
    try:
        yield
    finally:
        if jobs is not None:
            await jobs.stop()
        await key_uses.stop()
        await notes.stop()
        refresher.cancel()
        with suppress(asyncio.CancelledError):
            await refresher
        await close(container)
        if tracing is not None and stop_tracing is not None:
            stop_tracing()
            await asyncio.to_thread(tracing.close)
