"""Recovery on the wire."""

from pydantic import ConfigDict, Field

from entrypoints.http.schemas.bodies import RequestBody, ResponseBody, example
from entrypoints.http.schemas.texts import (
    EmailText,
    GivenEmail,
    GivenPassword,
    GivenToken,
    NewPassword,
)

_EMAIL = "ada@example.com"
_TOKEN = "AZjF9m86fD6dCjsfbx8qEKu8zRI0Vnia"  # noqa: S105 - shown in the documentation
_PASSWORD = "a long sentence is best"  # noqa: S105 - the same


class ForgotPasswordBody(RequestBody):
    email: GivenEmail

    model_config = example({"email": _EMAIL})


class ResetPasswordBody(RequestBody):
    token: GivenToken = Field(repr=False, description="From the fragment of the link in the mail.")
    new_password: NewPassword = Field(repr=False)

    model_config = example({"token": _TOKEN, "new_password": _PASSWORD})


class VerifyEmailBody(RequestBody):
    token: GivenToken = Field(repr=False, description="From the fragment of the link in the mail.")

    model_config = example({"token": _TOKEN})


class ChangeEmailBody(RequestBody):
    email: EmailText
    password: GivenPassword = Field(repr=False)

    model_config = example({"email": _EMAIL, "password": _PASSWORD})


class AcceptedBody(ResponseBody):
    """Nothing: what happens next, if anything, is told by mail."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}]})
