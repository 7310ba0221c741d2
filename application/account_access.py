"""What ends when an account is taken back from whoever else may hold it."""

from datetime import datetime
from uuid import UUID

from application.ports.unit_of_work import UnitOfWork
from domain.links import LinkPurpose
from domain.sessions import SessionEnd


async def end_access(uow: UnitOfWork, user_id: UUID, at: datetime, reason: SessionEnd) -> None:
    """Every session, key and open link: whoever held the account before holds nothing now."""
    await uow.sessions.end_all(user_id, at, reason)
    await uow.api_keys.revoke_all(user_id, at)
    await uow.links.withdraw(user_id, tuple(LinkPurpose))


async def withdraw_powers(uow: UnitOfWork, user_id: UUID) -> None:
    """For a new password: links that could take the account away again. Proof of mail stays."""
    await uow.links.withdraw(user_id, (LinkPurpose.RESET, LinkPurpose.CHANGE_EMAIL))
