"""Signing in, on the wire."""

from typing import Literal, Self

from pydantic import ConfigDict, Field

from application.tokens import IssuedTokens
from entrypoints.http.schemas.bodies import RequestBody, ResponseBody, example
from entrypoints.http.schemas.texts import (
    GivenEmail,
    GivenPassword,
    GivenToken,
    NewPassword,
    Text,
)

_PASSWORD = "a long sentence is best"  # noqa: S105 - shown in the documentation
_ACCESS_TOKEN = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIwMTk4In0.c2lnbmF0dXJl"  # noqa: S105
_REFRESH_TOKEN = "AZjF9m86fD6dCjsfbx8qEAEAAAAB.q83vEjRWeJA"  # noqa: S105 - the same


class LoginBody(RequestBody):
    email: GivenEmail
    password: GivenPassword = Field(repr=False)
    audience: Text | None = Field(
        None,
        description="Which of the configured audiences the token is for; the issuer if left out.",
    )

    model_config = example({"email": "ada@example.com", "password": _PASSWORD})


class RefreshBody(RequestBody):
    refresh_token: GivenToken = Field(repr=False)
    audience: Text | None = None

    model_config = example({"refresh_token": _REFRESH_TOKEN})


class ReauthenticateBody(RequestBody):
    password: GivenPassword = Field(repr=False)

    model_config = example({"password": _PASSWORD})


class ChangePasswordBody(RequestBody):
    current_password: GivenPassword = Field(repr=False)
    new_password: NewPassword = Field(repr=False)

    model_config = example(
        {"current_password": _PASSWORD, "new_password": "another sentence is better"}
    )


class TokensBody(ResponseBody):
    """Lifetimes are in seconds (RFC 6749, 5.1)."""

    access_token: str = Field(repr=False, description="A JWT (RFC 9068).")
    token_type: Literal["Bearer"]
    expires_in: int
    refresh_token: str = Field(repr=False, description="Opaque; good for one use.")
    refresh_expires_in: int

    model_config = example(
        {
            "access_token": _ACCESS_TOKEN,
            "token_type": "Bearer",
            "expires_in": 900,
            "refresh_token": _REFRESH_TOKEN,
            "refresh_expires_in": 2592000,
        }
    )

    @classmethod
    def of(cls, tokens: IssuedTokens) -> Self:
        return cls(
            access_token=tokens.access_token,
            token_type="Bearer",  # noqa: S106 - the name of a type
            expires_in=tokens.expires_in,
            refresh_token=tokens.refresh_token,
            refresh_expires_in=tokens.refresh_expires_in,
        )


class JwkBody(ResponseBody):
    """A public key (RFC 7517). Which members there are besides `kid` depends on `kty`."""

    kty: str
    kid: str
    use: str
    alg: str

    model_config = ConfigDict(extra="allow")


class JwksBody(ResponseBody):
    """The keys that access tokens are verified with."""

    keys: list[JwkBody]

    model_config = example(
        {
            "keys": [
                {
                    "kty": "EC",
                    "crv": "P-256",
                    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
                    "kid": "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U",
                    "use": "sig",
                    "alg": "ES256",
                }
            ]
        }
    )
