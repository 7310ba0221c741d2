"""The service with one part taken out that no setting switches off: to learn what the part costs.

`python -m benchmarks.without PART serve`
"""

import sys
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Part:
    """What to put in the place of a name in a module."""

    module: str
    owner: str | None
    name: str
    instead: Any

    def exists(self) -> bool:
        return hasattr(self._owner(), self.name)

    def take_out(self) -> None:
        if not self.exists():
            raise AttributeError(self.name)
        setattr(self._owner(), self.name, self.instead)

    def _owner(self) -> Any:
        module = import_module(self.module)
        return getattr(module, self.owner) if self.owner else module


def _nothing(*_: object) -> None:
    """Called in place of what is taken out."""


PARTS = {
    "metrics": Part("entrypoints.http.middleware.shell", None, "count_request", _nothing),
    "direct-routes": Part("entrypoints.http.direct", None, "_ENDPOINTS", {}),
    "verified-tokens": Part("adapters.crypto.verified_tokens", "VerifiedTokens", "get", _nothing),
}


if __name__ == "__main__":
    PARTS[sys.argv.pop(1)].take_out()
    from entrypoints.cli.app import run

    run()
