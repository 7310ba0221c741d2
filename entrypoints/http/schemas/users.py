"""Accounts on the wire."""

from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from domain.pages import Page
from domain.users import User, UserKind, UserStatus
from entrypoints.http.schemas.bodies import Instant, PatchBody, RequestBody
from entrypoints.http.schemas.texts import (
    EmailText,
    GivenPassword,
    NewPassword,
    PersonName,
    RoleName,
)


class RegisterBody(RequestBody):
    email: EmailText
    name: PersonName
    password: NewPassword = Field(repr=False)

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "email": "ada@example.com",
                "name": "Ada Lovelace",
                "password": "a long sentence is best",
            }
        }
    )


class UpdateMeBody(PatchBody):
    name: PersonName | SkipJsonSchema[None] = None


class UpdateUserBody(PatchBody):
    name: PersonName | SkipJsonSchema[None] = None
    status: UserStatus | SkipJsonSchema[None] = None


class SetRolesBody(RequestBody):
    roles: set[RoleName] = Field(max_length=20, json_schema_extra={"examples": [["user"]]})


class DeleteMeBody(RequestBody):
    password: GivenPassword = Field(repr=False)


class UserBody(BaseModel):
    """An account. Never a password, never a hash."""

    id: UUID
    email: str
    email_verified: bool
    name: str
    kind: UserKind
    status: UserStatus
    roles: list[str]
    created_at: Instant
    updated_at: Instant

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(
            id=user.id,
            email=user.email.address,
            email_verified=user.email_verified,
            name=user.name,
            kind=user.kind,
            status=user.status,
            roles=sorted(user.roles),
            created_at=user.created_at,
            updated_at=user.updated_at,
        )


class UserPageBody(BaseModel):
    """Newest first. `next_cursor` is null on the last page."""

    items: list[UserBody]
    next_cursor: str | None

    @classmethod
    def of(cls, page: Page[User]) -> Self:
        return cls(items=[UserBody.of(user) for user in page.items], next_cursor=page.next_cursor)
