"""Health over HTTP: for load balancers, orchestrators and people."""

from functools import cache

from fastapi import APIRouter, Response

from application.health import HealthStatus
from entrypoints.http.counting import CountedRoute
from entrypoints.http.dependencies import Services
from entrypoints.http.operations import ANYONE, operation
from entrypoints.http.rendering import NO_STORE, render
from entrypoints.http.schemas.health import HealthBody, LiveBody
from entrypoints.version import VERSION

router = APIRouter(prefix="/health", tags=["health"], route_class=CountedRoute)

_RETRY_SOON = {"Retry-After": "1"}
_UNAVAILABLE = {503: {"model": HealthBody, "description": "Not now; `checks` says which part."}}


@router.get(
    "/live",
    operation_id="getLiveness",
    summary="Is the process alive?",
    response_model=LiveBody,
    **operation(ANYONE),
)
async def live() -> Response:
    """200 for as long as the event loop turns; asks nothing of anything else."""
    return _alive()


@cache
def _alive() -> Response:
    # The same every time, and sent without being changed.
    return render(LiveBody(status=HealthStatus.OK), cache=NO_STORE)


@router.get(
    "/ready",
    operation_id="getReadiness",
    summary="Can it take requests?",
    response_model=HealthBody,
    **operation(ANYONE, responses=_UNAVAILABLE),
)
async def ready(services: Services) -> Response:
    """503 while the database cannot be written, migrations are behind, no signing key is loaded,
    or shutdown has begun. What requests can do without makes it `degraded`, which is still 200.
    """
    health = await services.check_health().execute()
    body = HealthBody.of(health, VERSION)
    if health.status is HealthStatus.UNAVAILABLE:
        return render(body, 503, cache=NO_STORE, headers=_RETRY_SOON)
    return render(body, cache=NO_STORE)


@router.get(
    "",
    operation_id="getHealth",
    summary="How is every part?",
    response_model=HealthBody,
    **operation(ANYONE),
)
async def health(services: Services) -> Response:
    """The same as `/health/ready`, always 200: for dashboards, not for load balancers."""
    found = await services.check_health().execute()
    return render(HealthBody.of(found, VERSION), cache=NO_STORE)
