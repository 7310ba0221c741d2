"""Telling a worker, through the broker, that there is mail to deliver."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

from celery import Celery
from kombu.exceptions import OperationalError

from application.ports.outbox import DeliverySignal

_log = logging.getLogger("doorward.celery")
_TIMEOUT_SECONDS = 1.0


class CelerySignal(DeliverySignal):
    """Best effort, in a thread of its own: where the broker is away, the worker's clock will do."""

    def __init__(self, broker_url: str, *, task: str, queue: str) -> None:
        self._client = Celery("doorward-client", broker=broker_url, set_as_current=False)
        self._client.conf.update(
            broker_connection_timeout=_TIMEOUT_SECONDS,
            broker_transport_options={
                "socket_timeout": _TIMEOUT_SECONDS,
                "socket_connect_timeout": _TIMEOUT_SECONDS,
                "max_retries": 0,
            },
            task_ignore_result=True,
        )
        self._task = task
        self._queue = queue
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="celery-signal")
        self._waits = threading.Event()

    def notify(self) -> None:
        # One that has not been sent yet speaks for all that come meanwhile.
        if not self._waits.is_set():
            self._waits.set()
            self._thread.submit(self._send)

    def close(self) -> None:
        self._thread.shutdown(wait=True)
        self._client.close()

    def _send(self) -> None:
        self._waits.clear()
        try:
            self._client.send_task(self._task, queue=self._queue, retry=False)
        except (OperationalError, OSError) as error:
            _log.warning("the broker was not told of new mail: %s", type(error).__name__)
