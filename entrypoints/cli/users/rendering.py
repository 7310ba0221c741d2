"""An account on the command line: the fields that REST answers with."""

from typing import Any

from domain.instants import write_instant
from domain.users import User


def user_fields(user: User) -> dict[str, Any]:
    """An account. Never a password, never a hash."""
    return {
        "id": str(user.id),
        "email": user.email.address,
        "email_verified": user.email_verified,
        "name": user.name,
        "kind": user.kind.value,
        "status": user.status.value,
        "roles": sorted(user.roles),
        "created_at": write_instant(user.created_at),
        "updated_at": write_instant(user.updated_at),
    }
