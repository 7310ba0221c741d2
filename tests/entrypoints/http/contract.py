"""The OpenAPI document as tests read it, and requests made from it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import uuid4

from config.container import container_for
from config.settings import load_settings
from entrypoints.http.app import create_app

Json = dict[str, Any]

_METHODS = ("get", "put", "post", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    """One method at one path, and what the document says of it."""

    method: str
    path: str
    description: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def id(self) -> str:
        return str(self.description["operationId"])

    @property
    def access(self) -> str:
        return str(self.description["x-doorward-access"])

    @property
    def needs_credential(self) -> bool:
        security = self.description["security"]
        return bool(security) and {} not in security

    @property
    def takes_credential(self) -> bool:
        return bool(self.description["security"])

    @property
    def is_oauth(self) -> bool:
        """OAuth takes forms, and has errors of its own."""
        return self.path.startswith("/oauth/")

    @property
    def body_schema(self) -> Json | None:
        body = self.description.get("requestBody")
        if body is None:
            return None
        (content,) = body["content"].values()
        return resolve(content["schema"])

    @property
    def statuses(self) -> set[int]:
        return {int(status) for status in self.description["responses"]}

    def codes(self, status: int) -> set[str]:
        """The error codes that the document lists for a status."""
        described = self.description["responses"].get(str(status), {}).get("description", "")
        return set(re.findall(r"`([a-z_]+)`", described))

    def url(self) -> str:
        """The path with fresh ids and names, which nothing has."""
        return re.sub(r"\{(\w+)\}", lambda found: _fresh(found[1]), self.path)

    def request(self) -> Json:
        """Arguments of a request that is as good as one without the right ids can be."""
        schema = self.body_schema
        made: Json = {"method": self.method, "url": self.url()}
        if schema is None:
            return made
        if self.is_oauth:
            return made | {"data": dict.fromkeys(schema["required"], "refresh_token")}
        return made | {"json": schema["examples"][0]}

    def matches(self, method: str, path: str) -> bool:
        pattern = re.sub(r"\{\w+\}", "[^/]+", self.path)
        return self.method == method and re.fullmatch(pattern, path) is not None


def _fresh(parameter: str) -> str:
    fresh = uuid4()
    names = {"role_name": f"r{fresh.hex[1:]}", "permission_name": f"nothing:r{fresh.hex}"}
    return names.get(parameter, str(fresh))


@cache
def document() -> Json:
    settings = load_settings(database_url="memory://", environment="development")
    return create_app(container_for(settings)).openapi()


@cache
def operations() -> tuple[Operation, ...]:
    return tuple(
        Operation(method.upper(), path, item[method])
        for path, item in document()["paths"].items()
        for method in _METHODS
        if method in item
    )


def operation(operation_id: str) -> Operation:
    return next(each for each in operations() if each.id == operation_id)


def find_operation(method: str, path: str) -> Operation | None:
    """The operation behind a request: fixed paths go before those with ids in them."""
    method = "GET" if method == "HEAD" else method
    found = [each for each in operations() if each.matches(method, path)]
    return min(found, key=lambda each: each.path.count("{"), default=None)


def resolve(schema: Json) -> Json:
    """The schema behind a reference."""
    if "$ref" not in schema:
        return schema
    found: Json = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found
