"""Getting ready quickly, and with little: most of a start goes into loading what it is made of."""

import gc
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType
from typing import Any, cast

_NOT_FOR_SERVING = (
    *("rich", "pydantic.v1", "email_validator", "bcrypt", "bz2", "lzma"),
    *("flask", "werkzeug", "yaml"),
)
"""What libraries would load if they can, and do without if not.

structlog: rich, to draw tracebacks with the values of variables, which ours never show. FastAPI:
the models of Pydantic 1, to refuse them, and email_validator, to check addresses in a document.
cryptography: bcrypt, to read SSH keys. Python: bz2 and lzma, to unpack archives. The injector:
other frameworks, to inject into them, and YAML, to be configured in it. Who needs one of them later
still finds it.
"""

_FOR_TRACING = "opentelemetry.sdk"
"""The client for Redis would load it, to count what it does, wherever it is installed."""

_OTHER_DRIVERS = ("pg8000", "psycopg2", "psycopg2cffi")
_WHEN_USED = {
    *("cryptography.x509", "logging.config"),
    *(f"sqlalchemy.dialects.postgresql.{name}" for name in _OTHER_DRIVERS),
}
"""What libraries load for a use that we do not make: it is there, and runs when it is used.

PyJWT: certificates, to take keys from them. uvicorn: the reading of files that say what to log.
SQLAlchemy: the other drivers of PostgreSQL.
"""

_MORE_OBJECTS = 10_000
"""So many more than before, and the garbage collector looks for those that only hold each other.

What requests that are under way together are made of comes and goes by thousands, and is not what
it looks for. At Python's own 700 it takes a tenth of the processor time under load, and once a
second it looks at everything that is kept: 20 ms in which nobody is answered.
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
    # Ciphers of the past, which cryptography has OpenSSL load unless it is told not to.
    os.environ.setdefault("CRYPTOGRAPHY_OPENSSL_NO_LEGACY", "1")
    sys.meta_path.insert(0, _Postponing)
    absent = [name for name in _left_out() if name not in sys.modules]
    # None stands for a module that cannot be found (Python's reference, 5.3.1).
    modules: dict[str, ModuleType | None] = cast("Any", sys.modules)
    modules.update(dict.fromkeys(absent))
    try:
        with swift_loading(), _models_when_used():
            yield
            # Before all of it is out of the collector's sight: what follows finds room in it. So
            # it does in the lists of folders, which are made again when a module is looked for.
            sys.path_importer_cache.clear()
            gc.collect()
            gc.set_threshold(_MORE_OBJECTS)
    finally:
        sys.meta_path.remove(_Postponing)
        for name in absent:
            del modules[name]


@contextmanager
def _models_when_used() -> Iterator[None]:
    """Models are made ready by what first uses them, which of FastAPI's is the OpenAPI document.

    Pydantic's own setting for it (`defer_build`), here for the models of libraries as well.
    """
    from pydantic import BaseModel, ConfigDict
    from pydantic.warnings import UnsupportedFieldAttributeWarning

    # FastAPI keeps it quiet while it makes a model ready, which is later now.
    warnings.simplefilter("ignore", UnsupportedFieldAttributeWarning)
    before = BaseModel.model_config
    BaseModel.model_config = ConfigDict(**before, defer_build=True)
    try:
        yield
    finally:
        BaseModel.model_config = before


def _left_out() -> tuple[str, ...]:
    # Nothing but variables with this prefix switches tracing on (config.tracing).
    if any(name.startswith("OTEL_") for name in os.environ):
        return _NOT_FOR_SERVING
    return (*_NOT_FOR_SERVING, _FOR_TRACING)


class _Postponing:
    """Finds modules as Python does, and leaves running some of them to who first uses them."""

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in _WHEN_USED:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec
