"""The parent of several workers, where one never ends or none can be started for a while."""

import errno
import multiprocessing
import os
import resource
import signal
from pathlib import Path
from typing import NoReturn

import pytest

from entrypoints.cli.supervisor import _start
from tests.services import serving, wait_until

GRACE_SECONDS = 1
_FORK = multiprocessing.get_context("fork")


@pytest.mark.slow
def test_a_worker_that_hangs_does_not_keep_the_service_from_ending(tmp_path: Path) -> None:
    with serving(tmp_path, WORKERS="2", SHUTDOWN_GRACE_SECONDS=str(GRACE_SECONDS)) as service:
        hung = service.workers()[0]
        os.kill(hung, signal.SIGSTOP)
        try:
            service.process.send_signal(signal.SIGTERM)
            # Drain (0), grace (1), five more; the rest is for a machine that is busy.
            assert service.process.wait(GRACE_SECONDS + 10) == 0
        finally:
            if service.process.poll() is None:
                os.kill(hung, signal.SIGCONT)

        # The other one too, if it had to wait for what the hung one has locked.
        killed = [line for line in service.said().splitlines() if "worker_killed" in line]
        assert any(f'"pid": {hung}' in line for line in killed)


@pytest.mark.slow
def test_that_no_worker_can_be_started_for_a_while_ends_nobody_else(tmp_path: Path) -> None:
    with serving(tmp_path, WORKERS="2") as service:
        before = resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE)
        # As where there is no memory to fork: nothing new can be made.
        resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE, (3, before[1]))
        os.kill(service.workers()[0], signal.SIGKILL)
        wait_until(lambda: service.said().count("worker_not_started") > 1)
        assert service.process.poll() is None
        assert service.is_ready()
        resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE, before)
        wait_until(lambda: len(service.workers()) == 2)


def open_descriptors() -> set[str]:
    return {each.name for each in Path("/proc/self/fd").iterdir()}


def test_a_fork_that_fails_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> NoReturn:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    ours, theirs = _FORK.Pipe()
    with ours, theirs, monkeypatch.context() as patch:
        patch.setattr(os, "fork", refuse)
        before = open_descriptors()
        with pytest.raises(BlockingIOError):
            _start(_FORK.Process(), theirs)

        assert open_descriptors() == before
