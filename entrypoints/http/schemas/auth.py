"""Signing in, on the wire."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from application.tokens import IssuedTokens
from entrypoints.http.schemas.bodies import RequestBody
from entrypoints.http.schemas.texts import EmailText, GivenPassword, Text


class LoginBody(RequestBody):
    email: EmailText
    password: GivenPassword = Field(repr=False)
    audience: Text | SkipJsonSchema[None] = Field(
        None,
        description="Which of the configured audiences the token is for; the issuer if left out.",
    )

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"email": "ada@example.com", "password": "a long sentence is best"}
        }
    )


class TokensBody(BaseModel):
    """Lifetimes are in seconds (RFC 6749, 5.1)."""

    access_token: str = Field(repr=False, description="A JWT (RFC 9068).")
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of a type
    expires_in: int

    @classmethod
    def of(cls, tokens: IssuedTokens) -> Self:
        return cls(access_token=tokens.access_token, expires_in=tokens.expires_in)


class JwkBody(BaseModel):
    """A public key (RFC 7517). Which members there are besides `kid` depends on `kty`."""

    kty: str
    kid: str
    use: str
    alg: str

    model_config = ConfigDict(extra="allow")


class JwksBody(BaseModel):
    """The keys that access tokens are verified with."""

    keys: list[JwkBody]
