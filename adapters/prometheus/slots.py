"""Which of the shared metric files are this process's own, and whose owner has died."""

import fcntl
import os
from itertools import count
from pathlib import Path

_NOBODY = -1


class Slots:
    """One folder of one service; each process holds one numbered slot in it, by a file lock.

    The kernel gives a lock back however its process ends, so that nobody has to be told of a death:
    the next process goes on counting in the dead one's files, and their number stays that of the
    processes. POSIX locks, as those are not handed on by a fork.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._owner = _NOBODY
        self._slot = _NOBODY

    def own(self) -> int:
        """This process's slot. On the way of every count: cheap but for the first time."""
        if self._owner != os.getpid():
            self._slot = self._take()
            self._owner = os.getpid()
        return self._slot

    def readable_files(self) -> list[str]:
        """Every process's numbers, but what dead ones were doing at the moment."""
        return [
            str(path)
            for path in sorted(self._folder.glob("*.db"))
            # A file that is just being made is empty.
            if path.stat().st_size and not (_is_of_the_moment(path) and self._is_dead(path))
        ]

    def _take(self) -> int:
        # Never closed: closing any descriptor of the file would give the lock back.
        slot = next(slot for slot in count() if self._lock(slot) is not None)
        for file in self._folder.glob(f"gauge_*_{slot}.db"):
            file.unlink()
        return slot

    def _lock(self, slot: int) -> int | None:
        descriptor = os.open(self._folder / f"{slot}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return None
        return descriptor

    def _is_dead(self, path: Path) -> bool:
        slot = int(path.stem.rpartition("_")[2])
        if slot == self.own():
            return False
        descriptor = self._lock(slot)
        if descriptor is None:
            return False
        os.close(descriptor)
        return True


def _is_of_the_moment(path: Path) -> bool:
    return path.name.startswith("gauge_live")
