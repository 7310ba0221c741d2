"""Celery's tasks, and the clock that asks for the periodic ones."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from celery import Celery
from celery.beat import EmbeddedService, Scheduler
from celery.signals import (
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
    worker_shutting_down,
)

from config.container import Container, close, container_for
from config.logging import configure_logging
from config.queues import DELIVER, PURGE, QUEUE, broker_url
from config.settings import Settings
from domain.errors import Unavailable

_log = structlog.get_logger("doorward.jobs")

_DELIVER_EVERY_SECONDS = 2.0
_PURGE_EVERY_SECONDS = 600.0
"""Whether it is due is settled in the database; this is how soon a dead worker's is taken over."""

_BATCH = 20
"""Short tasks: a worker that is told to stop finishes the one that it has in hand."""

# One line for every question of the clock, which is asked every two seconds.
_CHATTY = ("beat", "worker.strategy", "worker.request", "app.trace")

_CONFIGURATION = {
    "task_default_queue": QUEUE,
    # Acknowledged when done: what a killed worker had taken is given to another one.
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "worker_prefetch_multiplier": 1,
    "task_ignore_result": True,
    "broker_connection_retry_on_startup": True,
    "broker_transport_options": {"visibility_timeout": 60},
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "timezone": "UTC",
    "beat_schedule": {
        name: {
            "task": name,
            "schedule": every,
            # While no worker runs, requests do not pile up.
            "options": {"queue": QUEUE, "expires": every},
        }
        for name, every in ((DELIVER, _DELIVER_EVERY_SECONDS), (PURGE, _PURGE_EVERY_SECONDS))
    },
}

T = TypeVar("T")


class Jobs:
    """What one worker process holds: an event loop and a container, made after the fork.

    Neither survives a fork, and connections belong to the loop that opened them.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loop: asyncio.AbstractEventLoop | None = None
        self._container: Container | None = None

    def open(self) -> None:
        configure_logging(self._settings)
        _quieten()
        self._loop = asyncio.new_event_loop()
        self._container = container_for(self._settings)

    def close(self) -> None:
        if self._loop is not None and self._container is not None:
            self._loop.run_until_complete(close(self._container))
            self._loop.close()
        self._loop = self._container = None

    def run(self, name: str, work: Callable[[Container], Awaitable[T]]) -> T | None:
        """What fails is asked for again by the clock; every job may be repeated."""
        if self._loop is None or self._container is None:
            raise RuntimeError("jobs run in worker processes only")
        began, telemetry = time.perf_counter(), self._container.telemetry()
        # The metrics say `deliver` for `doorward.deliver`, as where no worker is needed.
        job = name.rpartition(".")[2]
        try:
            done = self._loop.run_until_complete(work(self._container))
        except Exception as error:
            telemetry.job_ended(job, time.perf_counter() - began, failed=True)
            if not isinstance(error, Unavailable):
                raise
            _log.warning("job_waits_for_database", job=name)
            return None
        if done:
            telemetry.job_ended(job, time.perf_counter() - began, failed=False)
        return done


def _quieten() -> None:
    for name in _CHATTY:
        logging.getLogger(f"celery.{name}").setLevel(logging.WARNING)


def create_worker(settings: Settings) -> Celery:
    """One Celery application over one broker; nothing is connected yet."""
    if settings.redis_url is None:
        raise ValueError("a worker needs a broker")
    broker = broker_url(settings.redis_url.get_secret_value())
    app = Celery("doorward", broker=broker, set_as_current=True)
    app.conf.update(_CONFIGURATION)
    jobs = Jobs(settings)
    # After Celery has set levels of its own.
    worker_ready.connect(lambda **_: _quieten(), weak=False)
    worker_process_init.connect(lambda **_: jobs.open(), weak=False)
    worker_process_shutdown.connect(lambda **_: jobs.close(), weak=False)

    def deliver() -> None:
        taken = jobs.run(
            DELIVER, lambda container: container.deliver_messages().execute(at_most=_BATCH)
        )
        if taken == _BATCH:
            app.send_task(DELIVER, queue=QUEUE)

    def purge() -> None:
        jobs.run(PURGE, lambda container: container.purge_expired().execute())

    app.task(deliver, name=DELIVER)
    app.task(purge, name=PURGE)
    return app


def note_signals() -> set[str]:
    """The names of the signals that ask this process to end, as they arrive."""
    seen: set[str] = set()
    worker_shutting_down.connect(lambda sig, **_: seen.add(sig), weak=False)
    return seen


def start_clock(app: Celery) -> Callable[[], None]:
    """Begins to ask for the periodic jobs, in a thread that ends with the process.

    Several clocks ask more often, and nothing is done more often. What is returned stops it.
    """
    clock = EmbeddedService(app, thread=True, scheduler_cls=Scheduler)
    clock.start()
    stop: Callable[[], None] = clock.stop
    return stop
