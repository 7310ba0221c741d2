"""What several contract suites start from."""

import pytest

from domain.users import User
from tests.domain.samples import a_user
from tests.storage import Backend


@pytest.fixture
async def ada(backend: Backend) -> User:
    """An account that is stored."""
    user = a_user()
    async with backend.uow() as uow:
        await uow.users.add(user)
        await uow.commit()
    return user
