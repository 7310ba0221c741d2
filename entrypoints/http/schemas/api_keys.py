"""API keys on the wire."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field

from application.api_keys.issuing import IssuedApiKey
from domain.api_keys import (
    DEFAULT_OVERLAP_SECONDS,
    MAX_OVERLAP_SECONDS,
    MAX_RATE_LIMIT,
    ApiKey,
    ApiKeyStatus,
)
from entrypoints.http.schemas.bodies import (
    WHOLE,
    GivenInstant,
    Instant,
    PageBody,
    RequestBody,
    ResponseBody,
    example,
    page_example,
)
from entrypoints.http.schemas.texts import PersonName, ScopeNames

_KEY = {
    "id": "0198c5f6-8b2f-7e13-9a66-a1d2e3f4b5c6",
    "owner_id": "0198c5f6-6f3a-7c3e-9d0a-3b1f6f1f2a10",
    "name": "Nightly report",
    "prefix": "dw_0Sd81kTzVqPn4hXw",
    "scopes": ["items:read"],
    "rate_limit": 600,
    "status": "active",
    "created_at": "2030-01-01T12:00:00Z",
    "expires_at": "2030-04-01T12:00:00Z",
    "last_used_at": "2030-01-02T03:00:00Z",
}


class CreateApiKeyBody(RequestBody):
    name: PersonName = Field(description="What the key is for.")
    scopes: ScopeNames = Field(
        description="Permissions, each of which you hold. Without any the key can read your "
        "account, and nothing else."
    )
    expires_at: GivenInstant | None = Field(
        None, description="In the future, within five years; 90 days from now if left out."
    )
    rate_limit: Annotated[int, Field(ge=1, le=MAX_RATE_LIMIT), WHOLE] | None = Field(
        None,
        description="Calls in 60 seconds. If left out, calls count as those of the account.",
    )

    model_config = example({"name": "Nightly report", "scopes": ["items:read"]})


class RotateApiKeyBody(RequestBody):
    overlap_seconds: Annotated[
        int,
        Field(
            ge=0,
            le=MAX_OVERLAP_SECONDS,
            description="How long the old key still works, if it would have lived that long.",
        ),
        WHOLE,
    ] = DEFAULT_OVERLAP_SECONDS

    model_config = example({"overlap_seconds": 3600})


class ApiKeyBody(ResponseBody):
    """A key. Never its secret."""

    id: UUID
    owner_id: UUID
    name: str
    prefix: str = Field(description="The first part of the key, to recognise it by.")
    scopes: list[str] = Field(
        description="What it was given. It may do as much of it as its owner holds at the moment."
    )
    rate_limit: int | None = Field(
        description="Calls in 60 seconds; null where the limits of the account apply."
    )
    status: ApiKeyStatus
    created_at: Instant
    expires_at: Instant
    last_used_at: Instant | None = Field(description="To the minute.")

    model_config = example(_KEY)

    @classmethod
    def of(cls, key: ApiKey, at: datetime) -> Self:
        return cls(**_members(key, at))


class NewApiKeyBody(ApiKeyBody):
    """A key as it is shown once, to whoever made it."""

    key: str = Field(repr=False, description="What goes into `X-API-Key`. It is not stored.")

    model_config = example({**_KEY, "key": "dw_0Sd81kTzVqPn4hXw_(a secret)_(a checksum)"})

    @classmethod
    def of_issued(cls, issued: IssuedApiKey) -> Self:
        return cls(**_members(issued.key, issued.key.created_at), key=issued.text)


class ApiKeyPageBody(PageBody[ApiKeyBody]):
    """Newest first. `next_cursor` is null on the last page."""

    model_config = page_example(_KEY)


def _members(key: ApiKey, at: datetime) -> dict[str, Any]:
    return {
        "id": key.id,
        "owner_id": key.owner_id,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": sorted(key.scopes),
        "rate_limit": key.rate_limit,
        "status": key.status_at(at),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
    }
