"""A password hasher that costs nothing, for tests that are not about hashing."""

from hashlib import sha256

from application.ports.passwords import PasswordHasher

_PREFIX = "memory$"


class FastPasswordHasher(PasswordHasher):
    async def hash(self, password: str) -> str:
        return _PREFIX + sha256(password.encode()).hexdigest()

    async def verify(self, password: str, password_hash: str | None) -> bool:
        return password_hash is not None and await self.hash(password) == password_hash

    def needs_rehash(self, password_hash: str) -> bool:
        return not password_hash.startswith(_PREFIX)
