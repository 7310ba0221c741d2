"""What schemathesis must be told of requests that the OpenAPI document cannot say."""

from typing import Any

import schemathesis


@schemathesis.hook
def before_call(_: schemathesis.HookContext, case: schemathesis.Case[Any], **__: Any) -> None:
    """Of the credentials an operation takes it takes one: OpenAPI has no word for "not both"."""
    if case.headers and {"Authorization", "X-API-Key"} <= case.headers.keys():
        del case.headers["X-API-Key"]


@schemathesis.hook("before_call")
def keep_one_administrator(
    _: schemathesis.HookContext, case: schemathesis.Case[Any], **__: Any
) -> None:
    """With a second one the first could be deleted, and the rest of the run is refused.

    The name is changed rather than left out, so that what was no list of roles remains none.
    """
    body = case.body
    if case.operation.label.endswith("/roles") and isinstance(body, dict):
        roles = body.get("roles")
        if isinstance(roles, list):
            body["roles"] = [f"{role}-" if role == "admin" else role for role in roles]


_registered: list[str] = []
"""Ids of accounts that nobody was told to delete, oldest first."""


@schemathesis.hook("before_call")
def delete_somebody_else(
    _: schemathesis.HookContext, case: schemathesis.Case[Any], **__: Any
) -> None:
    """Left alone, whoever calls mostly means to delete themselves, and is the last administrator.

    The oldest account is one that no run of steps has to do with any more.
    """
    right = case.meta is not None and case.meta.generation.mode.is_positive
    if right and _registered[1:] and case.operation.label == "DELETE /api/v1/users/{user_id}":
        case.path_parameters["user_id"] = _registered.pop(0)


@schemathesis.hook
def after_call(
    _: schemathesis.HookContext, case: schemathesis.Case[Any], response: schemathesis.Response
) -> None:
    if response.status_code == 201 and case.operation.label == "POST /api/v1/users":
        _registered.append(response.json()["id"])
