"""As many open files as a worker may need: a connection that finds none is lost without a word."""

import resource
from contextlib import suppress

import structlog

from config.settings import Settings
from entrypoints.http.serving import limits
from entrypoints.http.serving.server import BACKLOG

_log = structlog.get_logger("doorward")

_OTHERS = 256
"""Files, pipes, Redis, mail."""


def allow_descriptors(settings: Settings) -> None:
    """Raises this process's limit, and that of what it forks, as far as the system lets it."""
    pools = settings.database_pool_size + settings.database_max_overflow
    needed = limits.MAX_CONNECTIONS + pools * 2 + _OTHERS
    # Who comes in one turn of the loop is let in before anybody can be turned away.
    wanted = needed + BACKLOG
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _holds(now, wanted):
        return
    allowed = wanted if _holds(most, wanted) else most
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))
        now = allowed
    if now < needed:
        _log.warning("descriptors_scarce", allowed=now, needed=needed)


def _holds(limit: int, needed: int) -> bool:
    return limit == resource.RLIM_INFINITY or limit >= needed
