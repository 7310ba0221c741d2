"""Getting ready quickly: most of a command's time goes into loading what it is made of."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def swift_loading() -> Iterator[None]:
    """Leaves the garbage collector out while much is made and nothing thrown away.

    It would look at the same modules and schemas again and again, a sixth of the start-up time;
    what has been loaded is out of its sight from then on.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
