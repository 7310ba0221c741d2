"""The error schema."""

from pydantic import Field

from entrypoints.http.schemas.bodies import ResponseBody, example

ERROR_CODES = frozenset(
    {
        "already_exists",
        "ambiguous_credentials",
        "conflict",
        "email_already_registered",
        "email_not_verified",
        "forbidden",
        "idempotency_key_reused",
        "internal_error",
        "invalid_access_token",
        "invalid_api_key",
        "invalid_credentials",
        "invalid_cursor",
        "invalid_host",
        "invalid_link",
        "invalid_refresh_token",
        "last_administrator",
        "malformed_request",
        "method_not_allowed",
        "not_found",
        "payload_too_large",
        "permission_in_use",
        "precondition_failed",
        "rate_limited",
        "reauthentication_required",
        "registration_closed",
        "role_in_use",
        "unauthorized",
        "unavailable",
        "unknown_permission",
        "unsupported_media_type",
        "validation_error",
        "weak_password",
    }
)
"""The closed list: what `error` can be."""


_EXAMPLE = {
    "error": "validation_error",
    "message": "The request does not fit its schema.",
    "details": [{"field": "body.email", "code": "missing", "message": "This field is required."}],
    "request_id": "0198c5f6-6f3a-7c3e-9d0a-3b1f6f1f2a10",
}


class ErrorDetailBody(ResponseBody):
    """One fault in one field."""

    field: str = Field(description="Where: `body.email`, `path.user_id`, `query.limit`.")
    code: str = Field(description="What is wrong, in snake_case.")
    message: str = Field(description="The same as a sentence. Never repeats what was sent.")


class ErrorBody(ResponseBody):
    """Every error of the API. Absent parts are left out."""

    error: str = Field(description="One of the published error codes.")
    message: str = Field(description="One sentence for people; programs go by `error`.")
    details: list[ErrorDetailBody] | None = Field(None, description="One entry a faulty field.")
    request_id: str = Field(description="The id that this request has in the logs.")

    model_config = example(_EXAMPLE)


class ProblemBody(ErrorBody):
    """The same error as a problem document (RFC 9457)."""

    type: str = "about:blank"
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="The same as `message`.")

    model_config = example(
        {
            **_EXAMPLE,
            "type": "about:blank",
            "title": "Unprocessable Content",
            "status": 422,
            "detail": _EXAMPLE["message"],
        }
    )
