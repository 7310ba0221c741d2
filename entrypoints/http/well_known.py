"""What other services read to verify our tokens."""

from hashlib import sha256

from fastapi import APIRouter, Response

from entrypoints.http.conditional import IfNoneMatch, render_cacheable
from entrypoints.http.dependencies import Services
from entrypoints.http.operations import ANYONE, operation
from entrypoints.http.schemas.auth import JwkBody, JwksBody

router = APIRouter(prefix="/.well-known", tags=["well-known"])

_MAX_AGE_SECONDS = 300


@router.get(
    "/jwks.json",
    operation_id="getJwks",
    summary="Get the keys that access tokens are verified with",
    response_model=JwksBody,
    **operation(ANYONE, responses={304: {"description": "Not modified."}}),
)
async def get_jwks(services: Services, if_none_match: IfNoneMatch = None) -> Response:
    """A JWK Set (RFC 7517). Empty where tokens are signed with a shared secret (HS256)."""
    keys = [JwkBody.model_validate(key) for key in services.key_ring().public_keys()]
    content = JwksBody(keys=keys).model_dump_json()
    return render_cacheable(
        content,
        etag=f'"{sha256(content.encode()).hexdigest()[:32]}"',
        max_age_seconds=_MAX_AGE_SECONDS,
        if_none_match=if_none_match,
    )
