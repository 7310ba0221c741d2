"""Links in mail: what they prove, how long, and that each works once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from domain.addresses import EmailAddress
from domain.errors import Invalid


class InvalidLink(Invalid):
    """Unknown, used, expired, replaced by a newer one or bent, which nobody can tell apart."""

    code = "invalid_link"
    message = "This link is not valid, or not any more. Ask for a new one."


class LinkPurpose(StrEnum):
    VERIFY = "verify"
    RESET = "reset"
    CHANGE_EMAIL = "change_email"


_LIFETIMES = {
    LinkPurpose.VERIFY: timedelta(hours=24),
    LinkPurpose.RESET: timedelta(minutes=30),
    LinkPurpose.CHANGE_EMAIL: timedelta(hours=24),
}


@dataclass(frozen=True, kw_only=True)
class Link:
    """Whoever opens it reads the mail of `email`. Of one account and purpose the newest works."""

    id: UUID
    user_id: UUID
    purpose: LinkPurpose
    email: EmailAddress
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None

    @classmethod
    def new(
        cls,
        *,
        link_id: UUID,
        user_id: UUID,
        purpose: LinkPurpose,
        email: EmailAddress,
        at: datetime,
    ) -> "Link":
        return cls(
            id=link_id,
            user_id=user_id,
            purpose=purpose,
            email=email,
            created_at=at,
            expires_at=at + _LIFETIMES[purpose],
        )

    def is_open(self, at: datetime) -> bool:
        """Whether it could still be used, if it is the newest."""
        return self.used_at is None and self.expires_at > at
