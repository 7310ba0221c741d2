"""uvicorn's configuration, with what the server's own refusals depend on."""

from collections.abc import Mapping

import uvicorn


class GuardedConfig(uvicorn.Config):
    """`security_headers` are those of what is answered before there is a request."""

    security_headers: Mapping[str, str]
