"""uvicorn's configuration, with what the server's own refusals depend on."""

from collections.abc import Mapping

import uvicorn

from application.ports.telemetry import RequestTelemetry


class GuardedConfig(uvicorn.Config):
    security_headers: Mapping[str, str]
    """Of what is answered before there is a request."""
    telemetry: RequestTelemetry
    is_leaving = False
    """Since the server was told to stop: every answer is the last one of its connection."""
