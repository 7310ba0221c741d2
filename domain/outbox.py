"""Mail that is to be sent: which messages there are, and how often each is tried."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

MAX_TRIES = 8
MAILS_PER_HOUR = 3
"""Of one kind to one account, so that nobody's mailbox can be flooded through this service."""

_DELAYS = tuple(
    timedelta(seconds=seconds) for seconds in (5, 15, 60, 5 * 60, 15 * 60, 60 * 60, 3 * 60 * 60)
)
"""After the first failure, the second, ...: a reset link lives 30 minutes, so quick at first."""


class MessageTemplate(StrEnum):
    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - the name of a template
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a template
    REUSE_DETECTED = "reuse_detected"
    ALREADY_REGISTERED = "already_registered"
    CHANGE_EMAIL = "change_email"
    EMAIL_CHANGED = "email_changed"


@dataclass(frozen=True, kw_only=True)
class OutboxMessage:
    """A message as it waits. It names the link, but does not hold it: see `Link`.

    `recipient` is set where mail does not go to the account's own address or the link's: the
    notice to an address that the account has just given up.
    """

    id: UUID
    template: MessageTemplate
    user_id: UUID
    link_id: UUID | None = None
    recipient: str | None = None
    created_at: datetime
    due_at: datetime
    attempts: int = 0
    leased_until: datetime | None = None
    sent_at: datetime | None = None
    """When nothing was left to do: it was sent, or `last_error` says why it will not be."""
    set_aside_at: datetime | None = None
    last_error: str | None = None


def next_try(attempts: int, at: datetime) -> datetime | None:
    """When a message that has now failed `attempts` times is due again; None: set it aside."""
    if attempts >= MAX_TRIES:
        return None
    return at + _DELAYS[attempts - 1]
