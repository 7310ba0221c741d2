"""OAuth 2.0 on the wire."""

from typing import Literal, Self

from pydantic import Field

from application.introspection.introspect import ActiveToken
from entrypoints.http.schemas.bodies import ResponseBody, example

OAuthErrorCode = Literal[
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_target",
    "unsupported_grant_type",
]


class OAuthErrorBody(ResponseBody):
    """RFC 6749, section 5.2."""

    error: OAuthErrorCode
    error_description: str

    model_config = example(
        {"error": "invalid_grant", "error_description": "The refresh token is not valid."}
    )


class IntrospectionBody(ResponseBody):
    """RFC 7662, section 2.2. Of a token that is not alive only `active` is told."""

    active: bool
    sub: str | None = None
    scope: str | None = Field(
        default=None, description="Permissions of this moment, space-separated."
    )
    client_id: str | None = Field(
        default=None, description="`first-party`; of an API key, the key's id."
    )
    token_type: str | None = Field(
        default=None, description="`Bearer`, `refresh_token` or `api_key`."
    )
    exp: int | None = None
    iat: int | None = None
    username: str | None = None

    model_config = example(
        {
            "active": True,
            "sub": "0198c5f6-6f3a-7c3e-9d0a-3b1f6f1f2a10",
            "scope": "items:read items:write",
            "client_id": "first-party",
            "token_type": "Bearer",
            "exp": 1893457500,
            "iat": 1893456600,
            "username": "ada@example.com",
        }
    )

    @classmethod
    def of(cls, token: ActiveToken | None) -> Self:
        if token is None:
            return cls(active=False)
        return cls(
            active=True,
            sub=token.subject,
            scope=" ".join(sorted(token.scope)),
            client_id=token.client_id,
            token_type=token.token_type,
            exp=int(token.expires_at.timestamp()),
            iat=int(token.issued_at.timestamp()),
            username=token.username,
        )


class ServerMetadataBody(ResponseBody):
    """RFC 8414, section 2."""

    issuer: str
    token_endpoint: str
    introspection_endpoint: str
    revocation_endpoint: str
    jwks_uri: str
    grant_types_supported: list[str]
    response_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    revocation_endpoint_auth_methods_supported: list[str]
    introspection_endpoint_auth_methods_supported: list[str]

    model_config = example(
        {
            "issuer": "https://accounts.example.com",
            "token_endpoint": "https://accounts.example.com/oauth/token",
            "introspection_endpoint": "https://accounts.example.com/oauth/introspect",
            "revocation_endpoint": "https://accounts.example.com/oauth/revoke",
            "jwks_uri": "https://accounts.example.com/.well-known/jwks.json",
            "grant_types_supported": ["refresh_token"],
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": ["none"],
            "revocation_endpoint_auth_methods_supported": ["none"],
            "introspection_endpoint_auth_methods_supported": ["Bearer"],
        }
    )
