"""Serving under gunicorn: `gunicorn -c gunicorn.conf.py`, settings as for `doorward serve`."""

import math
import sys

import uvloop

from entrypoints.cli.loading import lean_loading

with lean_loading():
    from config.logging import configure_logging
    from config.metrics_folder import forget_metrics, share_metrics
    from config.settings import ConfigurationError, load_settings
    from entrypoints.cli.endings import report
    from entrypoints.cli.serve import set_up_alone
    from entrypoints.http.serving.descriptors import allow_descriptors
    from entrypoints.http.serving.gunicorn import (
        ServiceLogger,
        drain_before_stopping,
        worker_class_of,
    )
    from entrypoints.http.serving.limits import KEEP_ALIVE_SECONDS
    from entrypoints.http.serving.server import BACKLOG

try:
    settings = load_settings()
except ConfigurationError as error:
    report(error)
    sys.exit(1)
configure_logging(settings)
allow_descriptors(settings)

wsgi_app = "entrypoints.http.app:create_app()"
worker_class = worker_class_of(settings)
logger_class = ServiceLogger
workers = settings.workers
bind = (
    f"[{settings.host}]:{settings.port}"
    if ":" in settings.host
    else (f"{settings.host}:{settings.port}")
)
backlog = BACKLOG

# A worker whose event loop stands still for this long is killed and replaced.
timeout = 120
# Counted from the end of the drain; 30 unless DOORWARD_SHUTDOWN_GRACE_SECONDS says otherwise.
graceful_timeout = math.ceil(settings.shutdown_grace_seconds)
keepalive = round(KEEP_ALIVE_SECONDS)
# Whatever a library may leak ends with its process, and not with all of them at once.
max_requests = 50_000
max_requests_jitter = 5_000
control_socket_disable = True

# Before there are workers, which add their metrics up in it.
_metrics_folder = share_metrics()


def when_ready(server):
    """Once the port is ours and before there are workers: as `doorward serve` does."""
    try:
        uvloop.run(set_up_alone(settings))
    except Exception as error:
        report(error)
        sys.exit(1)
    drain_before_stopping(server, settings.drain_seconds)


def on_exit(_server):
    """The workers have ended."""
    forget_metrics(_metrics_folder)
