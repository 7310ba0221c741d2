"""Accounts on the wire."""

from typing import Self
from uuid import UUID

from pydantic import Field

from domain.users import User, UserKind, UserStatus
from entrypoints.http.schemas.bodies import (
    Instant,
    PageBody,
    PatchBody,
    RequestBody,
    ResponseBody,
    example,
    page_example,
)
from entrypoints.http.schemas.texts import (
    EmailText,
    GivenPassword,
    NewPassword,
    PersonName,
    RoleNames,
)

_USER = {
    "id": "0198c5f6-6f3a-7c3e-9d0a-3b1f6f1f2a10",
    "email": "ada@example.com",
    "email_verified": True,
    "name": "Ada Lovelace",
    "kind": "human",
    "status": "active",
    "roles": ["user"],
    "created_at": "2030-01-01T12:00:00Z",
    "updated_at": "2030-01-01T12:00:00Z",
}


class RegisterBody(RequestBody):
    email: EmailText
    name: PersonName
    password: NewPassword = Field(repr=False)

    model_config = example(
        {
            "email": "ada@example.com",
            "name": "Ada Lovelace",
            "password": "a long sentence is best",
        }
    )


class UpdateMeBody(PatchBody):
    name: PersonName | None = None

    model_config = example({"name": "Ada King"})


class UpdateUserBody(PatchBody):
    name: PersonName | None = None
    status: UserStatus | None = None

    model_config = example({"status": "disabled"})


class SetRolesBody(RequestBody):
    roles: RoleNames

    model_config = example({"roles": ["user"]})


class DeleteMeBody(RequestBody):
    password: GivenPassword = Field(repr=False)

    model_config = example({"password": "a long sentence is best"})


class UserBody(ResponseBody):
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

    model_config = example(_USER)

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


class UserPageBody(PageBody[UserBody]):
    """Newest first. `next_cursor` is null on the last page."""

    model_config = page_example(_USER)
