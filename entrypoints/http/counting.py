"""What each request adds to the metrics."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Scope

from application.limits import AppliedLimit, LimitGroup
from application.ports.telemetry import LimitOutcome
from entrypoints.http.context import RequestContext, context_of, route_template

CLIENT_LEFT = 499
"""The status of what was never answered: the client was gone, or the answer never began."""
METRICS_PATH = "/metrics"

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER_METHOD = "other"


class CountedRoute(APIRoute):
    """Counts a request as being worked on from here until its answer has been given."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_counted(request: Request) -> Response:
            count_begin(request.scope)
            return await handle(request)

        return handle_counted


def count_begin(scope: Scope) -> None:
    """Call as soon as the request's route is known; again, it changes nothing."""
    context = context_of(scope)
    if context.telemetry is not None and context.in_flight is None:
        context.in_flight = route_template(scope)
        context.telemetry.request_began(context.in_flight)


def count_request(scope: Scope, context: RequestContext, status: int) -> None:
    """Once a request, whoever comes first: the end of its answer, or of its handling."""
    telemetry, context.telemetry = context.telemetry, None
    if telemetry is None:
        return
    if context.in_flight is not None:
        telemetry.request_left(context.in_flight)
    route = route_template(scope)
    if route == METRICS_PATH:
        return
    method = known_method(context.method)
    telemetry.request_ended(method, route, status, context.elapsed_ms() / 1000)
    if context.error_code is not None:
        telemetry.request_refused(context.error_code)
    if context.limit is not None:
        telemetry.request_charged(context.limit.group, _outcome_of(context.limit))


def known_method(method: str) -> str:
    """One that callers make up would be a time series for good; so would their paths."""
    return method if method in _METHODS else _OTHER_METHOD


def _outcome_of(limit: AppliedLimit) -> LimitOutcome:
    allowed = limit.verdict.allowed
    if not limit.verdict.degraded:
        return LimitOutcome.ALLOWED if allowed else LimitOutcome.REFUSED
    if limit.group is not LimitGroup.AUTH:
        return LimitOutcome.PASSED_UNCOUNTED
    return LimitOutcome.FALLBACK_ALLOWED if allowed else LimitOutcome.FALLBACK_REFUSED
