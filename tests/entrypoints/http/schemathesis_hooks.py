"""What schemathesis must be told of requests that the OpenAPI document cannot say."""

from typing import Any

import schemathesis


@schemathesis.hook
def before_call(_: schemathesis.HookContext, case: schemathesis.Case[Any], **__: Any) -> None:
    """Of the credentials an operation takes it takes one: OpenAPI has no word for "not both"."""
    if case.headers and {"Authorization", "X-API-Key"} <= case.headers.keys():
        del case.headers["X-API-Key"]
