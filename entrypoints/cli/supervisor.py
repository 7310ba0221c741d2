"""Serving in several processes: starts them, replaces those that die or hang, ends with them."""

import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from types import FrameType

import structlog
import uvicorn
from uvicorn.config import STARTUP_FAILURE

from application.health import CheckHealth
from config.settings import Settings
from entrypoints.cli.endings import REFUSED
from entrypoints.cli.server import url_of
from entrypoints.http.serving.server import GuardedServer

_log = structlog.get_logger("doorward")

Heartbeat = Connection
Target = Callable[[socket.socket, Heartbeat], None]

_FORK = multiprocessing.get_context("fork")
_LOOK_SECONDS = 0.2
_HUNG_AFTER_SECONDS = 30.0
"""Without a turn of its event loop. Starting may take as long, on a machine that is busy."""
_SHORT_LIFE_SECONDS = 1.0
"""Who dies sooner will do so again: its successor waits, or they would take all of a core."""
_BREAK_SECONDS = 0.5
_OVERTIME_SECONDS = 5.0
"""After drain and grace: for what a worker that is well does last."""
_TICKS_A_BEAT = 10
_SIGNALS = {signal.SIGTERM, signal.SIGINT}


class SupervisedServer(GuardedServer):
    """A worker that lets its supervisor know that its event loop turns."""

    def __init__(
        self, config: uvicorn.Config, settings: Settings, health: CheckHealth, beats: Heartbeat
    ) -> None:
        super().__init__(config, settings, health)
        self._beats = beats
        os.set_blocking(beats.fileno(), False)

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS_A_BEAT == 0:
            # A supervisor that does not listen is no reason to stop serving.
            with suppress(OSError):
                os.write(self._beats.fileno(), b".")
        return await super().on_tick(counter)


class _Lifeline:
    """A pipe whose one end only the supervisor holds: whoever reads the other learns of its end."""

    def __init__(self) -> None:
        self._theirs, self._ours = os.pipe()

    def hold_on(self) -> None:
        """In a worker: one whose parent was killed would keep the port, where no new one starts."""
        os.close(self._ours)
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        os.read(self._theirs, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    def close(self) -> None:
        os.close(self._theirs)
        os.close(self._ours)


class _Worker:
    def __init__(self, target: Target, listener: socket.socket, begin: Callable[[], None]) -> None:
        self._ours, theirs = _FORK.Pipe(duplex=False)
        os.set_blocking(self._ours.fileno(), False)
        self.process = _FORK.Process(target=_begin, args=(target, listener, theirs, begin))
        # Signals are for a worker that knows what to do with them: until then they wait.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            _start(self.process, theirs)
        except OSError:
            self._ours.close()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            theirs.close()
        self._started_at = self._seen_at = time.monotonic()

    @property
    def is_young(self) -> bool:
        return time.monotonic() - self._started_at < _SHORT_LIFE_SECONDS

    def hangs(self) -> bool:
        with suppress(BlockingIOError):
            if os.read(self._ours.fileno(), 4096):
                self._seen_at = time.monotonic()
        return time.monotonic() - self._seen_at > _HUNG_AFTER_SECONDS

    def disown(self) -> None:
        """In another worker, which was forked with what its parent hears this one by."""
        self._ours.close()

    def forget(self) -> None:
        self._ours.close()
        self.process.close()


def _begin(
    target: Target, listener: socket.socket, beats: Heartbeat, begin: Callable[[], None]
) -> None:
    # Before it serves, there is nothing that a signal would have to wait for.
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    begin()
    target(listener, beats)


def _start(process: ForkProcess, any_open: Connection) -> None:
    """Raises OSError, and then leaves nothing open: it may be tried again for hours.

    Where the system does not fork, multiprocessing forgets its two pipes. They have the numbers
    that are free now: the lowest ones are given out first.
    """
    pipes = []
    with ExitStack() as stack:
        for _ in range(4):
            pipes.append(os.dup(any_open.fileno()))
            stack.callback(os.close, pipes[-1])
    try:
        process.start()
    except OSError:
        for number in pipes:
            with suppress(OSError):
                os.close(number)
        raise


class Supervisor:
    """Hands the first signal on and waits; after the second one it ends its workers at once."""

    def __init__(self, target: Target, listener: socket.socket, settings: Settings) -> None:
        self._target = target
        self._listener = listener
        self._count = settings.workers
        self._patience_seconds = (
            settings.drain_seconds + settings.shutdown_grace_seconds + _OVERTIME_SECONDS
        )
        self._workers: list[_Worker] = []
        self._lifeline = _Lifeline()
        self._signals: list[int] = []

    def supervise(self) -> None:
        """Until a signal. Raises KeyboardInterrupt after Ctrl-C, SystemExit if none can start."""
        before = {number: signal.signal(number, self._note) for number in _SIGNALS}
        try:
            self._start_missing()
            _log.info("serving", url=url_of(self._listener), workers=self._count)
            can_start = self._keep_alive()
            self._end()
        finally:
            self._lifeline.close()
            for number, handler in before.items():
                signal.signal(number, handler)
        if signal.SIGINT in self._signals:
            raise KeyboardInterrupt
        if not can_start:
            raise SystemExit(REFUSED)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._signals.append(number)

    def _start_missing(self) -> None:
        try:
            while len(self._workers) < self._count and not self._signals:
                self._workers.append(_Worker(self._target, self._listener, self._begin))
        except OSError as error:
            # No memory, or too many processes, for now: those that are there go on serving.
            _log.error("worker_not_started", error=error.strerror)
            time.sleep(_BREAK_SECONDS)

    def _begin(self) -> None:
        """In a worker: keeps nothing of its parent's but what it serves with."""
        self._lifeline.hold_on()
        for other in self._workers:
            other.disown()

    def _keep_alive(self) -> bool:
        """Until a signal; or False once a worker could not start, as no other one could either."""
        while not self._signals:
            wait([worker.process.sentinel for worker in self._workers], _LOOK_SECONDS)
            for worker in tuple(self._workers):
                if worker.process.is_alive():
                    if worker.hangs():
                        _log.error("worker_hangs", pid=worker.process.pid)
                        worker.process.kill()
                    continue
                if worker.process.exitcode == STARTUP_FAILURE:
                    return False
                if self._signals:
                    break
                _log.error("worker_died", pid=worker.process.pid, exit_code=worker.process.exitcode)
                if worker.is_young:
                    time.sleep(_BREAK_SECONDS)
                worker.forget()
                self._workers.remove(worker)
            self._start_missing()
        return True

    def _end(self) -> None:
        # The workers have their own; kept open here, it would take calls that nobody answers.
        self._listener.close()
        # Ctrl-C is the wish not to wait for load balancers.
        number = signal.SIGINT if signal.SIGINT in self._signals else signal.SIGTERM
        for worker in self._workers:
            if worker.process.is_alive() and worker.process.pid is not None:
                os.kill(worker.process.pid, number)
        deadline = time.monotonic() + self._patience_seconds
        is_hurried = False
        while alive := [w.process for w in self._workers if w.process.is_alive()]:
            is_late = time.monotonic() > deadline
            if (is_late or len(self._signals) > 1) and not is_hurried:
                is_hurried = True
                for process in alive:
                    if is_late:
                        _log.error("worker_killed", pid=process.pid)
                    process.kill()
            wait([process.sentinel for process in alive], _LOOK_SECONDS)
