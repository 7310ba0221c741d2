"""Getting ready quickly, and with little: most of a start goes into loading what it is made of."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, cast

_NOT_FOR_SERVING = (
    *(
        "rich",
        "pydantic.v1",
        "email_validator",
        "bcrypt",
        "bz2",
        "lzma",
        "flask",
        "werkzeug",
        "yaml",
    ),
)
"""What libraries would load if they can, and do without if not.

structlog: rich, to draw tracebacks with the values of variables, which ours never show. FastAPI:
the models of Pydantic 1, to refuse them, and email_validator, to check addresses in a document.
cryptography: bcrypt, to read SSH keys. Python: bz2 and lzma, to unpack archives. The injector:
other frameworks, to inject into them, and YAML, to be configured in it. Who needs one of them later
still finds it.
"""


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


@contextmanager
def lean_loading() -> Iterator[None]:
    """The same for a server, which stays in memory: leaves out what it has no use for."""
    absent = [name for name in _NOT_FOR_SERVING if name not in sys.modules]
    # None stands for a module that cannot be found (Python's reference, 5.3.1).
    modules: dict[str, ModuleType | None] = cast("Any", sys.modules)
    modules.update(dict.fromkeys(absent))
    try:
        with swift_loading():
            yield
    finally:
        for name in absent:
            del modules[name]
