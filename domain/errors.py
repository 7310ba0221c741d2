"""Every way a rule can refuse, as types.

    DomainError
    |- Invalid          the request itself is at fault
    |- Unauthenticated  nobody proved who they are
    |- Forbidden        the caller is known and may not
    |- NotFound         there is no such record, or none that the caller may see
    |- Conflict         the request collides with what is stored
    |- RateLimited      too much of the caller in too short a time
    `- Unavailable      a part that the answer needs is away; try again

A feature derives its errors from a kind, in its own file. `code` is snake_case, unique, and part of
the published contract; `message` is one sentence and never repeats input.
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, kw_only=True)
class ErrorDetail:
    """One fault in one field. `field` is the field's name as the command has it."""

    field: str
    code: str
    message: str


class DomainError(Exception):
    """Root of the tree; only its leaves are raised."""

    code: ClassVar[str]
    message: ClassVar[str]

    def __init__(self, *details: ErrorDetail) -> None:
        super().__init__(self.message)
        self.details = details


class Invalid(DomainError):
    """The request breaks a rule that has nothing to do with who asks."""


class Unauthenticated(DomainError):
    """The caller gave no proof of identity, or one that does not hold."""


class Forbidden(DomainError):
    """The caller is known, may know that the thing exists, and may not do this."""


class NotFound(DomainError):
    """Missing and hidden look the same, so that ids cannot be probed."""

    code = "not_found"
    message = "There is no such record."


class Conflict(DomainError):
    """The request cannot hold together with what is stored."""


class RateLimited(DomainError):
    """A limit is used up; `retry_after_seconds` says when it has room again."""

    code = "rate_limited"
    message = "Too many requests."

    def __init__(self, *, retry_after_seconds: float) -> None:
        super().__init__()
        self.retry_after_seconds = retry_after_seconds


class Unavailable(DomainError):
    """A part that the answer needs is away, full or closing."""

    code = "unavailable"
    message = "The service cannot answer this right now; try again shortly."

    def __init__(self, *, retry_after_seconds: float = 1.0) -> None:
        super().__init__()
        self.retry_after_seconds = retry_after_seconds


class InvalidField(Invalid):
    """One or more fields hold a value that the rules do not allow."""

    code = "validation_error"
    message = "The request does not fit its schema."


class StaleVersion(Conflict):
    """The precondition names a version that is not the current one (RFC 9110, 13.1.1)."""

    code = "precondition_failed"
    message = "The record has changed since it was read."


class ConcurrentChange(Conflict):
    """Another request was changing the same thing at the same instant."""

    code = "conflict"
    message = "Another request is changing the same record."
