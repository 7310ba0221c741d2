"""What other services read to verify our tokens."""

from hashlib import sha256

from fastapi import APIRouter, Response

from domain.signing_keys import JWKS_MAX_AGE_SECONDS
from entrypoints.http.conditional import NOT_MODIFIED, IfNoneMatch, render_cacheable
from entrypoints.http.counting import CountedRoute
from entrypoints.http.dependencies import Services
from entrypoints.http.operations import ANYONE, operation
from entrypoints.http.schemas.auth import JwkBody, JwksBody
from entrypoints.http.schemas.oauth import ServerMetadataBody

router = APIRouter(prefix="/.well-known", tags=["well-known"], route_class=CountedRoute)


@router.get(
    "/jwks.json",
    operation_id="getJwks",
    summary="Get the keys that access tokens are verified with",
    response_model=JwksBody,
    **operation(ANYONE, responses=NOT_MODIFIED),
)
async def get_jwks(services: Services, if_none_match: IfNoneMatch = None) -> Response:
    """A JWK Set (RFC 7517). Empty where tokens are signed with a shared secret (HS256)."""
    keys = [JwkBody.model_validate(key) for key in services.key_ring().public_keys()]
    return _render(JwksBody(keys=keys).model_dump_json(), if_none_match)


@router.get(
    "/oauth-authorization-server",
    operation_id="getServerMetadata",
    summary="Get the authorization server's metadata",
    response_model=ServerMetadataBody,
    **operation(ANYONE, responses=NOT_MODIFIED),
)
async def get_server_metadata(services: Services, if_none_match: IfNoneMatch = None) -> Response:
    """RFC 8414."""
    settings = services.settings()
    base = settings.public_url
    metadata = ServerMetadataBody(
        issuer=settings.issuer,
        token_endpoint=f"{base}/oauth/token",
        introspection_endpoint=f"{base}/oauth/introspect",
        revocation_endpoint=f"{base}/oauth/revoke",
        jwks_uri=f"{base}/.well-known/jwks.json",
        grant_types_supported=["refresh_token"],
        response_types_supported=[],
        token_endpoint_auth_methods_supported=["none"],
        revocation_endpoint_auth_methods_supported=["none"],
        introspection_endpoint_auth_methods_supported=["Bearer"],
    )
    return _render(metadata.model_dump_json(), if_none_match)


def _render(content: str, if_none_match: str | None) -> Response:
    return render_cacheable(
        content,
        etag=f'"{sha256(content.encode()).hexdigest()[:32]}"',
        max_age_seconds=JWKS_MAX_AGE_SECONDS,
        if_none_match=if_none_match,
    )
