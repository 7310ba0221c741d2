"""The folder through which serving processes add their metrics up."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""The Prometheus client's own name for it; processes inherit it."""


_MEMORY = Path("/dev/shm")  # noqa: S108 - the folder made in it is private
"""Better than a disk: writing into a file in memory cannot fail because the disk is full."""


def _is_usable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)


def shared_metrics_folder() -> Path | None:
    """Where the processes of this service meet; None for one that is alone."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else None


def share_metrics() -> Path | None:
    """Makes a private folder for processes that are started from now on: call in their parent.

    None if somebody has named one already. What is returned is for `forget_metrics`.
    """
    if shared_metrics_folder() is not None:
        return None
    folder = Path(mkdtemp(prefix="doorward-metrics-", dir=_MEMORY if _is_usable(_MEMORY) else None))
    os.environ[VARIABLE] = str(folder)
    return folder


def forget_metrics(folder: Path | None) -> None:
    """When the last of the processes has ended."""
    if folder is not None:
        os.environ.pop(VARIABLE, None)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def sharing_metrics() -> Iterator[None]:
    """Both, around whatever starts the processes and waits for them."""
    folder = share_metrics()
    try:
        yield
    finally:
        forget_metrics(folder)
