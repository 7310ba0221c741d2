"""Leaving the load balancer first: SIGTERM makes the process not ready, then stops it."""

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType

from application.health import CheckHealth


def install_drain(health: CheckHealth, drain_seconds: float) -> None:
    """Puts itself before the server's own handler of SIGTERM, whichever server that is.

    Call from the event loop, once the server has set its handler. For `drain_seconds` requests are
    still served while readiness answers 503; a second SIGTERM stops at once.
    """
    if threading.current_thread() is not threading.main_thread():
        # Inside somebody's test client: signals are not ours to handle.
        return
    stop = signal.getsignal(signal.SIGTERM)
    if not callable(stop):
        return
    signal.signal(signal.SIGTERM, _handler(health, drain_seconds, stop, asyncio.get_running_loop()))


def _handler(
    health: CheckHealth,
    drain_seconds: float,
    stop: Callable[[int, FrameType | None], object],
    loop: asyncio.AbstractEventLoop,
) -> Callable[[int, FrameType | None], None]:
    draining = False

    def on_sigterm(signum: int, frame: FrameType | None) -> None:
        nonlocal draining
        if draining or drain_seconds == 0:
            health.start_draining()
            stop(signum, None)
            return
        draining = True
        health.start_draining()
        loop.call_soon_threadsafe(loop.call_later, drain_seconds, stop, signum, None)

    return on_sigterm
