"""The page that Prometheus reads."""

import asyncio
from contextlib import suppress

from fastapi import APIRouter, Request, Response

from application.ports.telemetry import ProcessState
from config.container import Container
from config.metrics_access import may_see_metrics
from entrypoints.http.counting import METRICS_PATH
from entrypoints.http.dependencies import Services
from entrypoints.http.errors import route_not_found
from entrypoints.http.rendering import NO_STORE

router = APIRouter(include_in_schema=False)

_NOTE_EVERY_SECONDS = 1.0


@router.get(METRICS_PATH)
async def show_metrics(request: Request, services: Services) -> Response:
    """Open, but in production for who has the token alone; for others there is no such page."""
    if not may_see_metrics(services.settings(), request.headers.get("authorization", "")):
        raise route_not_found()
    note_process(services)
    page = services.telemetry()
    depth = await services.measure_outbox().execute()
    # Reading every process's files takes milliseconds that requests need not wait for.
    content = await asyncio.to_thread(page.render, depth)
    return Response(content, 200, {"Cache-Control": NO_STORE}, page.content_type)


def note_process(container: Container) -> None:
    """How busy this process is, for whichever process is asked."""
    state = ProcessState(pools=container.storage().pools(), hashing=container.hasher().state())
    container.telemetry().note(state)


class ProcessNotes:
    """Repeats it every second, for as long as the process serves."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="process-notes")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            note_process(self._container)
            await asyncio.sleep(_NOTE_EVERY_SECONDS)
