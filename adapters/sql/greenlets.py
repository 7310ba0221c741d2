"""SQLAlchemy's synchronous code in coroutines, in greenlets that are used again.

SQLAlchemy makes a greenlet for each call. The system has to give it memory and take that back,
which costs more than most of what is called.
"""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from greenlet import (  # type: ignore[import-untyped]
    GreenletExit,
    getcurrent,
    greenlet,
)

Result = TypeVar("Result")

_DONE = object()
_KEPT = 32
"""As many as a pool of the usual size has connections; a burst may need more for a moment."""


class _Carrier(greenlet):  # type: ignore[misc]
    """Does one piece of work after another; in between it waits to be switched to."""

    # What SQLAlchemy's `await_` asks for.
    __sqlalchemy_greenlet_provider__ = True

    result: Any = None
    error: BaseException | None = None

    def __init__(self) -> None:
        super().__init__(_carry)
        self.switch()


def _carry() -> None:
    # No name for the greenlet here: what its own stack holds is never freed.
    while True:
        work, arguments = getcurrent().parent.switch(_DONE)
        try:
            getcurrent().result = work(*arguments)
        except GreenletExit:
            # Nobody waits any more.
            raise
        except BaseException as error:  # noqa: BLE001 - it is raised where it was called
            getcurrent().error = error
        # Whatever it was, it must not be kept until the next one comes.
        del work, arguments


class _Idle(threading.local):
    """Greenlets cannot leave their thread."""

    def __init__(self) -> None:
        self.carriers: list[_Carrier] = []


_idle = _Idle()


async def greenlet_spawn(work: Callable[..., Result], *arguments: Any) -> Result:
    """As SQLAlchemy's function of this name: `work` may wait for coroutines with `await_`."""
    idle, caller = _idle.carriers, getcurrent()
    carrier = idle.pop() if idle else _Carrier()
    carrier.parent = caller
    carrier.gr_context = caller.gr_context
    waits_for = carrier.switch((work, arguments))
    while waits_for is not _DONE:
        try:
            value = await waits_for
        except BaseException as failure:  # noqa: BLE001 - it is raised where it is waited for
            waits_for = carrier.throw(failure)
        else:
            waits_for = carrier.switch(value)
    result: Result = carrier.result
    error: BaseException | None = carrier.error
    carrier.result = carrier.error = carrier.gr_context = None
    if len(idle) < _KEPT:
        idle.append(carrier)
    if error is None:
        return result
    try:
        raise error
    finally:
        # Its traceback holds this frame.
        del error
