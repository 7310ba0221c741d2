"""A password hasher that costs nothing, for tests that are not about hashing."""

from hashlib import sha256

from application.ports.passwords import HashVerdict, PasswordHasher

_PREFIX = "memory$"


class FastPasswordHasher(PasswordHasher):
    async def hash(self, password: str) -> str:
        return _PREFIX + sha256(password.encode()).hexdigest()

    async def verify(
        self, password: str, password_hash: str | None, *, as_typed: str | None = None
    ) -> bool:
        forms = (password, password if as_typed is None else as_typed)
        return password_hash in [await self.hash(form) for form in forms]

    def appraise(self, password_hash: str) -> HashVerdict:
        known = password_hash.startswith(_PREFIX)
        return HashVerdict.USABLE if known else HashVerdict.UNKNOWN

    def needs_rehash(self, password_hash: str) -> bool:
        return not password_hash.startswith(_PREFIX)
